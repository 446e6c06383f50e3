-- RunAdopt gives a run that a person started, or whose units have all ended, to a worker. No row: another worker has it,
-- or a unit is open.
-- name: RunAdopt :one
UPDATE workflow_runs AS r SET worker = @worker, lease_expires_at = @lease_expires_at, parked = false
WHERE r.organization_id = @organization_id AND r.workflow_id = @workflow_id AND r.token = @token
    AND r.worker = @no_worker AND r.ended_version IS NULL
    AND NOT (r.parked AND EXISTS (
        SELECT FROM step_units AS u
        WHERE u.organization_id = r.organization_id AND u.workflow_id = r.workflow_id AND u.token = r.token AND u.is_open
    ))
RETURNING r.*;

-- RunGet returns one run.
-- name: RunGet :one
SELECT r.* FROM workflow_runs AS r
WHERE r.organization_id = @organization_id AND r.workflow_id = @workflow_id AND r.token = @token;

-- RunHasWorker reports whether a worker has, or had, a run in a workflow.
-- name: RunHasWorker :one
SELECT EXISTS (
    SELECT FROM workflow_runs AS r
    WHERE r.organization_id = @organization_id AND r.workflow_id = @workflow_id AND r.worker = @worker
);

-- RunHeartbeat renews the lease of a run that has not ended and belongs to the worker. No row: the run is lost.
-- name: RunHeartbeat :one
UPDATE workflow_runs AS r SET lease_expires_at = @lease_expires_at
WHERE r.organization_id = @organization_id AND r.workflow_id = @workflow_id AND r.token = @token
    AND r.worker = @worker AND r.ended_version IS NULL
RETURNING r.*;

-- RunListByWorkflow returns the runs of one step of a workflow, the last first.
-- name: RunListByWorkflow :many
SELECT r.* FROM workflow_runs AS r
WHERE r.organization_id = @organization_id AND r.workflow_id = @workflow_id AND r.step = @step
ORDER BY r.token DESC
LIMIT @page_size;

-- RunListExpired returns runs that are not parked and whose lease has expired, and locks their workflows, so that one sweeper ends each. All
-- queries lock the workflow before the run. All organizations.
-- name: RunListExpired :many
-- The rule is off: every server sweeps the work of all organizations.
-- @sqlc-vet-disable names-organization
SELECT r.* FROM workflow_runs AS r
JOIN intent_workflows AS w ON w.organization_id = r.organization_id AND w.id = r.workflow_id AND w.version = r.token
WHERE r.ended_version IS NULL AND NOT r.parked AND r.lease_expires_at <= @at
ORDER BY r.lease_expires_at
LIMIT @page_size
FOR NO KEY UPDATE OF w SKIP LOCKED;

-- RunListLast returns the last run of each workflow that has had one.
-- name: RunListLast :many
SELECT r.* FROM unnest(@workflow_ids::uuid[]) AS wanted (id)
CROSS JOIN LATERAL (
    SELECT l.* FROM workflow_runs AS l
    WHERE l.organization_id = @organization_id AND l.workflow_id = wanted.id
    ORDER BY l.token DESC
    LIMIT 1
) AS r
ORDER BY r.workflow_id;

-- RunListLiveOfWorker returns the workflows in which a worker has a live run.
-- name: RunListLiveOfWorker :many
SELECT r.workflow_id FROM workflow_runs AS r
WHERE r.organization_id = @organization_id AND r.worker = @worker AND r.ended_version IS NULL
ORDER BY r.workflow_id
LIMIT @page_size;

-- RunPark takes a run from its worker, because its units do the work. No row: the run is lost.
-- name: RunPark :one
UPDATE workflow_runs AS r SET parked = true, worker = @no_worker
WHERE r.organization_id = @organization_id AND r.workflow_id = @workflow_id AND r.token = @token
    AND r.worker = @worker AND r.ended_version IS NULL
RETURNING r.*;
