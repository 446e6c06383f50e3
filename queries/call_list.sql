-- CallListByWorkflows returns of each workflow the first calls after the cursor (after_at, after_id), the oldest
-- first.
-- name: CallListByWorkflows :many
SELECT c.* FROM unnest(@workflow_ids::uuid[]) AS wanted (id)
CROSS JOIN LATERAL (
    SELECT i.* FROM ai_calls AS i
    WHERE i.organization_id = @organization_id AND i.workflow_id = wanted.id
        AND (i.reserved_at, i.id) > (@after_at::timestamptz, @after_id::uuid)
    ORDER BY i.reserved_at, i.id
    LIMIT @page_size
) AS c
ORDER BY c.workflow_id, c.reserved_at, c.id;

-- CallListByWorkflowsDescending returns of each workflow the last calls before the cursor (before_at, before_id), the
-- newest first.
-- name: CallListByWorkflowsDescending :many
SELECT c.* FROM unnest(@workflow_ids::uuid[]) AS wanted (id)
CROSS JOIN LATERAL (
    SELECT i.* FROM ai_calls AS i
    WHERE i.organization_id = @organization_id AND i.workflow_id = wanted.id
        AND (i.reserved_at, i.id) < (@before_at::timestamptz, @before_id::uuid)
    ORDER BY i.reserved_at DESC, i.id DESC
    LIMIT @page_size
) AS c
ORDER BY c.workflow_id, c.reserved_at DESC, c.id DESC;
