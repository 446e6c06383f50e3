-- StepPartCopy gives a visit the answers of an earlier visit of the same step. A copy has no call: its cost belongs to the
-- answer that it is a copy of.
-- name: StepPartCopy :execrows
INSERT INTO step_parts (
    organization_id, workflow_id, visit, step, part_key, content, digest, provider, model, created_at)
SELECT p.organization_id, p.workflow_id, v.visit, p.step, p.part_key, p.content, p.digest, p.provider, p.model, @at
FROM step_parts AS p
JOIN step_visits AS v ON v.organization_id = p.organization_id AND v.workflow_id = p.workflow_id AND v.step = p.step
    AND v.visit = @to_visit
WHERE p.organization_id = @organization_id AND p.workflow_id = @workflow_id AND p.visit = @from_visit
ON CONFLICT (organization_id, workflow_id, visit, part_key) DO NOTHING;

-- StepPartInsert keeps one answer of a visit, if the run still holds the workflow. The workflow's row is locked against
-- transitions until the end of the transaction, and then the unit that the part is for, if there is one. No row comes
-- back when the run or the unit is lost, or the part is there already.
-- name: StepPartInsert :one
WITH flow AS (
    SELECT w.organization_id, w.id, w.version FROM intent_workflows AS w
    WHERE w.organization_id = @organization_id AND w.id = @workflow_id AND w.version = @token
        AND w.state = ANY(@states::text[])
    FOR SHARE
), fence AS (
    SELECT f.organization_id, f.id FROM flow AS f
    WHERE sqlc.narg('unit_id')::uuid IS NULL OR EXISTS (
        SELECT FROM step_units AS u
        WHERE u.organization_id = f.organization_id AND u.id = sqlc.narg('unit_id')::uuid AND u.token = f.version
            AND u.attempt = sqlc.narg('unit_attempt')::integer AND u.lease_expires_at IS NOT NULL
        FOR NO KEY UPDATE
    )
), answer AS (
    SELECT @content::jsonb AS content
)
INSERT INTO step_parts (
    organization_id, workflow_id, visit, step, part_key, content, digest, call_id, provider, model, created_at)
SELECT f.organization_id, f.id, @visit, @step, @part_key, a.content, sha256(convert_to(a.content::text, 'UTF8')),
    sqlc.narg('call_id'), @provider, @model, @at
FROM fence AS f CROSS JOIN answer AS a
ON CONFLICT (organization_id, workflow_id, visit, part_key) DO NOTHING
RETURNING *;

-- StepPartListBySubject returns the parts of one visit whose key has the subject after its kind.
-- name: StepPartListBySubject :many
SELECT p.* FROM step_parts AS p
WHERE p.organization_id = @organization_id AND p.workflow_id = @workflow_id AND p.visit = @visit
    AND split_part(p.part_key, '/', 2) = @subject::text
ORDER BY p.part_key
LIMIT 1000;

-- StepPartListBySubjects returns the parts of some visits whose keys have one of the subjects after their kind, without
-- their contents.
-- name: StepPartListBySubjects :many
WITH wanted AS (
    SELECT unnest(@workflow_ids::uuid[]) AS workflow_id, unnest(@visits::integer[]) AS visit,
        unnest(@subjects::text[]) AS subject
)
SELECT p.part_key, p.call_id, p.provider, p.model, p.created_at, c.cost_pico, wanted.subject::text AS subject
FROM wanted
JOIN step_parts AS p ON p.organization_id = @organization_id AND p.workflow_id = wanted.workflow_id
    AND p.visit = wanted.visit AND split_part(p.part_key, '/', 2) = wanted.subject
LEFT JOIN ai_calls AS c ON c.organization_id = p.organization_id AND c.id = p.call_id
ORDER BY wanted.subject, p.created_at, p.part_key
LIMIT 5000;

-- StepPartListByVisit returns the parts of one visit.
-- name: StepPartListByVisit :many
SELECT p.* FROM step_parts AS p
WHERE p.organization_id = @organization_id AND p.workflow_id = @workflow_id AND p.visit = @visit
ORDER BY p.part_key
LIMIT 1000;
