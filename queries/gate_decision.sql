-- GateDecisionInsert writes the decision that made a transition, in the transaction of that transition.
-- name: GateDecisionInsert :one
INSERT INTO gate_decisions (
    organization_id, workflow_id, version, gate, verdict, reset_to, feedback, selection_digest, selected, likely_pico,
    most_pico, settings_version, four_eyes, prepared_by, decided_by, decided_at)
VALUES (
    @organization_id, @workflow_id, @version, @gate, @verdict, sqlc.narg('reset_to'), @feedback, @selection_digest,
    @selected, @likely_pico, @most_pico, @settings_version, @four_eyes, @prepared_by, @decided_by, @at)
RETURNING *;

-- GateDecisionListByWorkflows returns the decisions about each workflow, the last first.
-- name: GateDecisionListByWorkflows :many
SELECT d.* FROM gate_decisions AS d
WHERE d.organization_id = @organization_id AND d.workflow_id = ANY(@workflow_ids::uuid[])
ORDER BY d.workflow_id, d.version DESC
LIMIT 1000;
