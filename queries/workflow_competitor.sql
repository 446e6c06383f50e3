-- WorkflowCompetitorGet returns the competitors that were named last.
-- name: WorkflowCompetitorGet :one
SELECT c.* FROM workflow_competitors AS c
WHERE c.organization_id = @organization_id AND c.workflow_id = @workflow_id
ORDER BY c.revision DESC
LIMIT 1;

-- WorkflowCompetitorInsert names the competitors anew. The caller holds the workflow's row.
-- name: WorkflowCompetitorInsert :one
INSERT INTO workflow_competitors (organization_id, workflow_id, revision, domains, actor, created_at)
SELECT @organization_id, @workflow_id, coalesce(max(c.revision), 0) + 1, @domains::text[], @actor, @at
FROM workflow_competitors AS c
WHERE c.organization_id = @organization_id AND c.workflow_id = @workflow_id
RETURNING *;

-- WorkflowCompetitorListLast returns the competitors that were named last for each workflow.
-- name: WorkflowCompetitorListLast :many
SELECT c.* FROM unnest(@workflow_ids::uuid[]) AS wanted (id)
CROSS JOIN LATERAL (
    SELECT l.* FROM workflow_competitors AS l
    WHERE l.organization_id = @organization_id AND l.workflow_id = wanted.id
    ORDER BY l.revision DESC
    LIMIT 1
) AS c
ORDER BY c.workflow_id;
