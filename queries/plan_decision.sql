-- PlanDecisionInsert writes one decision about each of some briefs of a visit, all with one sequence number. The caller
-- holds the workflow's row, so that the numbers of two requests differ.
-- name: PlanDecisionInsert :exec
INSERT INTO plan_decisions (
    organization_id, workflow_id, article_id, sequence, visit, revision, choice, origin, actor, reason, decided_at)
SELECT @organization_id, @workflow_id, chosen.article_id, next.sequence, @visit, chosen.revision, chosen.choice, @origin,
    @actor, chosen.reason, @at
FROM jsonb_to_recordset(@decisions::jsonb) AS chosen (article_id uuid, revision integer, choice text, reason text)
CROSS JOIN (
    SELECT coalesce(max(d.sequence), 0) + 1 AS sequence FROM plan_decisions AS d
    WHERE d.organization_id = @organization_id AND d.workflow_id = @workflow_id
) AS next;

-- PlanDecisionLastActor returns the actor of the last decision that changed which briefs of a visit are approved.
-- name: PlanDecisionLastActor :one
SELECT d.actor FROM plan_decisions AS d
WHERE d.organization_id = @organization_id AND d.workflow_id = @workflow_id AND d.visit = @visit
    AND (d.choice = @approved OR (
        SELECT p.choice FROM plan_decisions AS p
        WHERE p.organization_id = d.organization_id AND p.workflow_id = d.workflow_id
            AND p.article_id = d.article_id AND p.sequence < d.sequence
        ORDER BY p.sequence DESC
        LIMIT 1
    ) = @approved)
ORDER BY d.sequence DESC
LIMIT 1;
