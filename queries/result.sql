-- ResultGet returns the result of a run.
-- name: ResultGet :one
SELECT r.* FROM step_results AS r
WHERE r.organization_id = @organization_id AND r.workflow_id = @workflow_id AND r.token = @token;

-- ResultInsert writes the result of a run.
-- name: ResultInsert :exec
INSERT INTO step_results (organization_id, workflow_id, token, step, content, provider, model, created_at, source)
VALUES (@organization_id, @workflow_id, @token, @step, @content, @provider, @model, @at, @source);

-- ResultListCurrent returns for each workflow the current result of a step: the last one that no later RESET to one of
-- reset_targets has superseded.
-- name: ResultListCurrent :many
SELECT s.* FROM unnest(@workflow_ids::uuid[]) AS wanted (id)
CROSS JOIN LATERAL (
    SELECT c.* FROM step_results AS c
    WHERE c.organization_id = @organization_id AND c.workflow_id = wanted.id AND c.step = @step
    ORDER BY c.token DESC
    LIMIT 1
) AS s
WHERE NOT EXISTS (
    SELECT FROM workflow_transitions AS t
    WHERE t.organization_id = s.organization_id AND t.workflow_id = s.workflow_id AND t.version > s.token
        AND t.kind = @reset AND t.to_state = ANY(@reset_targets::text[])
)
ORDER BY s.workflow_id;
