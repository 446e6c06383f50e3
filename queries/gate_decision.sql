-- GateDecisionInsert writes the decision that made a transition, in the transaction of that transition.
-- name: GateDecisionInsert :one
INSERT INTO gate_decisions (
    organization_id, workflow_id, version, gate, verdict, reset_to, feedback, selection_digest, selected,
    likely_pico, most_pico, settings_version, four_eyes, prepared_by, decided_by, decided_at)
VALUES (
    @organization_id, @workflow_id, @version, @gate, @verdict, sqlc.narg('reset_to'), @feedback, @selection_digest,
    @selected, sqlc.narg('likely_pico'), sqlc.narg('most_pico'), sqlc.narg('settings_version'), @four_eyes, @prepared_by, @decided_by, @at)
RETURNING *;

-- GateDecisionListByWorkflows returns the decisions about each workflow, the last first.
-- name: GateDecisionListByWorkflows :many
SELECT d.* FROM unnest(@workflow_ids::uuid[]) AS wanted (id)
CROSS JOIN LATERAL (
    SELECT g.* FROM gate_decisions AS g
    WHERE g.organization_id = @organization_id AND g.workflow_id = wanted.id
    ORDER BY g.version DESC
    LIMIT @page_size
) AS d
ORDER BY d.workflow_id, d.version DESC;
