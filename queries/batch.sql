-- BatchAdvance writes the next results of a batch and counts them. No row: another worker has the batch.
-- name: BatchAdvance :one
WITH moved AS (
    UPDATE batches AS b
    SET done = b.done + cardinality(@workflow_ids::uuid[]), succeeded = @succeeded_after,
        lease_expires_at = sqlc.narg('lease_expires_at')::timestamptz,
        wake_at = sqlc.narg('lease_expires_at')::timestamptz, ended_at = sqlc.narg('ended_at')::timestamptz
    WHERE b.organization_id = @organization_id AND b.id = @id AND b.attempt = @attempt AND b.done = @done
    RETURNING b.*
), written AS (
    INSERT INTO batch_results (
        organization_id, batch_id, position, workflow_id, outcome, succeeded, version, sequence, code, message,
        occurred_at)
    SELECT m.organization_id, m.id, r.position, r.workflow_id, r.outcome, r.succeeded, NULLIF(r.version, -1),
        NULLIF(r.sequence, -1), r.code, r.message, @at::timestamptz
    FROM moved AS m
    CROSS JOIN (
        SELECT unnest(@positions::integer[]) AS position, unnest(@workflow_ids::uuid[]) AS workflow_id,
            unnest(@outcomes::text[]) AS outcome, unnest(@succeeded::integer[]) AS succeeded,
            unnest(@versions::integer[]) AS version, unnest(@sequences::bigint[]) AS sequence,
            unnest(@codes::text[]) AS code, unnest(@messages::text[]) AS message
    ) AS r
)
SELECT m.* FROM moved AS m;

-- BatchClaim gives a batch to a worker until lease_expires_at. No row: it is over, or another worker has it.
-- name: BatchClaim :one
UPDATE batches AS b
SET attempt = b.attempt + 1, lease_expires_at = @lease_expires_at::timestamptz, wake_at = @lease_expires_at::timestamptz
WHERE b.organization_id = @organization_id AND b.id = @id AND b.ended_at IS NULL
    AND (b.lease_expires_at IS NULL OR b.lease_expires_at <= @at::timestamptz)
RETURNING b.*;

-- BatchCount counts the batches of an organization.
-- name: BatchCount :one
SELECT count(*) FROM batches AS b WHERE b.organization_id = @organization_id;

-- BatchCountOpen counts the batches of an organization that have not ended.
-- name: BatchCountOpen :one
SELECT count(*) FROM batches AS b WHERE b.organization_id = @organization_id AND b.wake_at IS NOT NULL;

-- BatchGet returns one batch.
-- name: BatchGet :one
SELECT b.* FROM batches AS b WHERE b.organization_id = @organization_id AND b.id = @id;

-- BatchInsert writes a batch with its items. The positions are those of the arrays.
-- name: BatchInsert :exec
WITH ordered AS (
    INSERT INTO batches (
        organization_id, id, kind, actor, role, api_key_id, reason, new_limit_pico, digest, total, created_at,
        wake_at)
    VALUES (@organization_id, @id, @kind, @actor, @role, sqlc.narg('api_key_id')::uuid, @reason,
        sqlc.narg('new_limit_pico')::amount_pico, @digest, cardinality(@workflow_ids::uuid[]), @at::timestamptz,
        @wake_at::timestamptz)
    RETURNING organization_id, id
)
INSERT INTO batch_items (organization_id, batch_id, position, workflow_id, step)
SELECT o.organization_id, o.id, i.position - 1, i.workflow_id, NULLIF(i.step, '')
FROM ordered AS o
CROSS JOIN (
    SELECT unnest(@workflow_ids::uuid[]) AS workflow_id, unnest(@steps::text[]) AS step,
        generate_series(1, cardinality(@workflow_ids::uuid[])) AS position
) AS i;

-- BatchList pages through the batches of an organization by time, from the cursor (cursor_at, cursor_id) on.
-- name: BatchList :many
SELECT b.* FROM batches AS b
WHERE b.organization_id = @organization_id AND CASE WHEN @ascending::boolean
    THEN (b.created_at, b.id) > (@cursor_at::timestamptz, @cursor_id::uuid)
    ELSE (b.created_at, b.id) < (@cursor_at::timestamptz, @cursor_id::uuid) END
ORDER BY CASE WHEN @ascending::boolean THEN b.created_at END, CASE WHEN @ascending::boolean THEN b.id END,
    CASE WHEN NOT @ascending::boolean THEN b.created_at END DESC, CASE WHEN NOT @ascending::boolean THEN b.id END DESC
LIMIT @page_size;

-- BatchListNumbers returns the number of results of batches.
-- name: BatchListNumbers :many
WITH wanted AS (
    SELECT unnest(@organization_ids::uuid[]) AS organization_id, unnest(@ids::uuid[]) AS id
)
SELECT b.organization_id, b.id, b.done FROM wanted
JOIN batches AS b ON b.organization_id = wanted.organization_id AND b.id = wanted.id
ORDER BY b.organization_id, b.id
LIMIT @page_size;

-- BatchRelease ends the lease of a worker, so that another one may claim the batch.
-- name: BatchRelease :exec
UPDATE batches AS b SET lease_expires_at = NULL, wake_at = @wake_at::timestamptz
WHERE b.organization_id = @organization_id AND b.id = @id AND b.attempt = @attempt AND b.ended_at IS NULL;

-- BatchWake claims batches that no worker has, and postpones their next wake.
-- name: BatchWake :many
-- The rule is off: every server sweeps the work of all organizations.
-- @sqlc-vet-disable names-organization
WITH late AS (
    SELECT b.organization_id, b.id FROM batches AS b
    WHERE b.wake_at <= @at::timestamptz
    ORDER BY b.wake_at
    LIMIT @page_size
    FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE batches AS b SET wake_at = @next_wake_at::timestamptz
FROM late WHERE b.organization_id = late.organization_id AND b.id = late.id
RETURNING b.organization_id, b.id;
