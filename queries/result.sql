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

-- ResultListSuperseded returns for each workflow the results of a step that a later RESET to one of reset_targets has
-- superseded, the newest first, each with the version that began its visit and with that RESET.
-- name: ResultListSuperseded :many
SELECT sqlc.embed(s), sqlc.embed(r), v.version AS visit
FROM step_results AS s
JOIN workflow_transitions AS r ON r.organization_id = s.organization_id AND r.workflow_id = s.workflow_id
    AND r.version = (
        SELECT min(t.version) FROM workflow_transitions AS t
        WHERE t.organization_id = s.organization_id AND t.workflow_id = s.workflow_id AND t.version > s.token
            AND t.kind = @reset AND t.to_state = ANY(@reset_targets::text[]))
JOIN workflow_transitions AS v ON v.organization_id = s.organization_id AND v.workflow_id = s.workflow_id
    AND v.version = (
        SELECT max(p.version) FROM workflow_transitions AS p
        WHERE p.organization_id = s.organization_id AND p.workflow_id = s.workflow_id AND p.version < s.token
            AND p.to_state = @pending)
WHERE s.organization_id = @organization_id AND s.workflow_id = ANY(@workflow_ids::uuid[]) AND s.step = @step
ORDER BY s.workflow_id, s.token DESC
LIMIT @page_size;
