-- WorkListAvailable returns the steps that have work to claim now. The arrays steps, pending and failed have the same
-- order: a step, its pending and its failed state.
-- name: WorkListAvailable :many
WITH wanted AS (
    SELECT unnest(@steps::text[]) AS step, unnest(@pending::text[]) AS pending, unnest(@failed::text[]) AS failed
)
SELECT s.step::step_key AS step FROM wanted AS s
WHERE EXISTS (
    SELECT FROM intent_workflows AS w
    WHERE w.organization_id = @organization_id AND w.state = s.pending
        AND (sqlc.narg('workflow_id')::uuid IS NULL OR w.id = sqlc.narg('workflow_id')::uuid)
) OR EXISTS (
    SELECT FROM intent_workflows AS w
    JOIN workflow_runs AS r
        ON r.organization_id = w.organization_id AND r.workflow_id = w.id AND r.token = w.version - 1
    WHERE w.organization_id = @organization_id AND w.state = s.failed AND w.wake_at IS NOT NULL
        AND right(w.state, 7) = '_FAILED' AND r.retry_at <= @at
        AND (sqlc.narg('workflow_id')::uuid IS NULL OR w.id = sqlc.narg('workflow_id')::uuid)
) OR EXISTS (
    SELECT FROM workflow_runs AS r
    WHERE r.organization_id = @organization_id AND r.step = s.step AND r.worker = @no_worker AND NOT r.parked
        AND r.ended_version IS NULL
        AND (sqlc.narg('workflow_id')::uuid IS NULL OR r.workflow_id = sqlc.narg('workflow_id')::uuid)
)
ORDER BY s.step
LIMIT 100;

-- WorkListOffered returns live runs without a worker, the oldest first, and locks their workflows. It skips workflows
-- that another transaction has locked.
-- name: WorkListOffered :many
SELECT sqlc.embed(w), sqlc.embed(r) FROM workflow_runs AS r
JOIN intent_workflows AS w ON w.organization_id = r.organization_id AND w.id = r.workflow_id AND w.version = r.token
WHERE r.organization_id = @organization_id AND r.step = ANY(@steps::text[]) AND r.worker = @no_worker
    AND NOT r.parked AND r.ended_version IS NULL
    AND (sqlc.narg('workflow_id')::uuid IS NULL OR w.id = sqlc.narg('workflow_id')::uuid)
ORDER BY w.created_at, w.id
LIMIT @page_size
FOR NO KEY UPDATE OF w SKIP LOCKED;

-- WorkListPending returns workflows in pending states, of each state the oldest, and locks them. It skips workflows that
-- another transaction has locked.
-- name: WorkListPending :many
SELECT w.* FROM unnest(@states::text[]) AS wanted (state)
CROSS JOIN LATERAL (
    SELECT p.* FROM intent_workflows AS p
    WHERE p.organization_id = @organization_id AND p.state = wanted.state
        AND (sqlc.narg('workflow_id')::uuid IS NULL OR p.id = sqlc.narg('workflow_id')::uuid)
    ORDER BY p.created_at, p.id
    LIMIT @page_size
    FOR NO KEY UPDATE SKIP LOCKED
) AS w
ORDER BY w.created_at, w.id;

-- WorkListRetries returns failed workflows whose planned retry is due, the oldest first, with the last run, and locks
-- them. It skips workflows that another transaction has locked.
-- name: WorkListRetries :many
SELECT sqlc.embed(w), sqlc.embed(r) FROM intent_workflows AS w
JOIN workflow_runs AS r
    ON r.organization_id = w.organization_id AND r.workflow_id = w.id AND r.token = w.version - 1
WHERE w.organization_id = @organization_id AND w.state = ANY(@states::text[]) AND w.wake_at IS NOT NULL
    AND right(w.state, 7) = '_FAILED' AND r.retry_at <= @at
    AND (sqlc.narg('workflow_id')::uuid IS NULL OR w.id = sqlc.narg('workflow_id')::uuid)
ORDER BY w.created_at, w.id
LIMIT @page_size
FOR NO KEY UPDATE OF w SKIP LOCKED;
