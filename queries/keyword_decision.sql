-- KeywordDecisionInsert writes one decision about each of some keywords of a visit, all with one sequence number. The
-- caller holds the workflow's row, so that the numbers of two requests differ.
-- name: KeywordDecisionInsert :execrows
INSERT INTO keyword_decisions (
    organization_id, workflow_id, keyword_id, sequence, visit, choice, origin, actor, reason, decided_at)
SELECT @organization_id, @workflow_id, chosen.id, next.sequence, @visit, chosen.choice, @origin, @actor, @reason, @at
FROM (SELECT unnest(@keyword_ids::uuid[]) AS id, unnest(@choices::text[]) AS choice) AS chosen
CROSS JOIN (
    SELECT coalesce(max(d.sequence), 0) + 1 AS sequence FROM keyword_decisions AS d
    WHERE d.organization_id = @organization_id AND d.workflow_id = @workflow_id
) AS next;

-- KeywordDecisionLastPerson returns the actor of the last decision that a person made about the keywords of a visit.
-- name: KeywordDecisionLastPerson :one
SELECT d.actor FROM keyword_decisions AS d
WHERE d.organization_id = @organization_id AND d.workflow_id = @workflow_id AND d.visit = @visit
    AND d.origin = @person
ORDER BY d.sequence DESC
LIMIT 1;
