-- StepUnitEventGetLast returns the sequence number of the last event of a workflow's units.
-- name: StepUnitEventGetLast :one
SELECT h.sequence FROM step_unit_heads AS h
WHERE h.organization_id = @organization_id AND h.workflow_id = @workflow_id;

-- StepUnitEventListByUnit returns the last events of one unit, the last first.
-- name: StepUnitEventListByUnit :many
SELECT e.* FROM step_unit_events AS e
WHERE e.organization_id = @organization_id AND e.unit_id = @unit_id
ORDER BY e.version DESC
LIMIT @page_size;

-- StepUnitEventListByWorkflow returns events of a workflow's units after a sequence number.
-- name: StepUnitEventListByWorkflow :many
SELECT sqlc.embed(e), sqlc.embed(u) FROM step_unit_events AS e
JOIN step_units AS u ON u.organization_id = e.organization_id AND u.id = e.unit_id
WHERE e.organization_id = @organization_id AND e.workflow_id = @workflow_id AND e.sequence > @after_sequence
ORDER BY e.sequence
LIMIT @page_size;
