-- StepVisitListCurrent returns for each workflow the current visit of a step: the last one that no later RESET to one of
-- reset_targets has superseded.
-- name: StepVisitListCurrent :many
SELECT v.* FROM unnest(@workflow_ids::uuid[]) AS wanted (id)
CROSS JOIN LATERAL (
    SELECT c.* FROM step_visits AS c
    WHERE c.organization_id = @organization_id AND c.workflow_id = wanted.id AND c.step = @step
    ORDER BY c.visit DESC
    LIMIT 1
) AS v
WHERE NOT EXISTS (
    SELECT FROM workflow_transitions AS t
    WHERE t.organization_id = v.organization_id AND t.workflow_id = v.workflow_id AND t.version > v.visit
        AND t.kind = @reset AND t.to_state = ANY(@reset_targets::text[])
)
ORDER BY v.workflow_id;

-- StepVisitOpen records the last entry into a step's pending state and returns its version. A visit that is recorded
-- already is returned as it is. No row comes back when the workflow has never entered that state.
-- name: StepVisitOpen :one
WITH entered AS (
    SELECT t.* FROM workflow_transitions AS t
    WHERE t.organization_id = @organization_id AND t.workflow_id = @workflow_id AND t.to_state = @pending
    ORDER BY t.version DESC
    LIMIT 1
), recorded AS (
    INSERT INTO step_visits (organization_id, workflow_id, visit, step, graph_version, state, hash)
    SELECT e.organization_id, e.workflow_id, e.version, @step, e.graph_version, e.to_state, e.hash
    FROM entered AS e
    ON CONFLICT (organization_id, workflow_id, visit) DO NOTHING
)
SELECT e.version AS visit FROM entered AS e;
