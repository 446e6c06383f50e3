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

-- KeywordDecisionLastActor returns the person behind the last decision that changed the selection among the keywords of a
-- visit. A decision that was carried over counts for the person who made it.
-- name: KeywordDecisionLastActor :one
SELECT d.actor FROM keyword_decisions AS d
WHERE d.organization_id = @organization_id AND d.workflow_id = @workflow_id AND d.visit = @visit
    AND (d.choice = @selected OR (
        SELECT p.choice FROM keyword_decisions AS p
        WHERE p.organization_id = d.organization_id AND p.workflow_id = d.workflow_id
            AND p.keyword_id = d.keyword_id AND p.sequence < d.sequence
        ORDER BY p.sequence DESC
        LIMIT 1
    ) = @selected)
ORDER BY d.sequence DESC
LIMIT 1;
