-- PlanVerdictInsert writes the verdicts of one visit.
-- name: PlanVerdictInsert :exec
INSERT INTO plan_verdicts (
    organization_id, workflow_id, visit, page_id, topic_id, verdict, reasons, purity, size, language, created_at)
SELECT @organization_id, @workflow_id, @visit, v.page_id, v.topic_id, v.verdict, v.reasons, v.purity, v.size, v.language,
    @at
FROM jsonb_to_recordset(@verdicts::jsonb) AS v (
    page_id uuid, topic_id uuid, verdict text, reasons text[], purity double precision, size integer, language text);

-- PlanVerdictListByVisits returns the verdicts of some visits, one for each workflow.
-- name: PlanVerdictListByVisits :many
SELECT v.*
FROM (SELECT unnest(@workflow_ids::uuid[]) AS workflow_id, unnest(@visits::integer[]) AS visit) AS wanted
JOIN plan_verdicts AS v
    ON v.organization_id = @organization_id AND v.workflow_id = wanted.workflow_id AND v.visit = wanted.visit
ORDER BY v.workflow_id, v.subject_id
LIMIT @page_size;
