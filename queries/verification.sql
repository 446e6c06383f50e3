-- VerificationClaim gives a run to a worker until lease_expires_at. No row: it is over, or another worker has it.
-- name: VerificationClaim :one
UPDATE verifications AS v
SET state = @running, attempt = v.attempt + 1, started_at = @at::timestamptz, rows_read = 0,
    lease_expires_at = @lease_expires_at::timestamptz, wake_at = @lease_expires_at::timestamptz
WHERE v.organization_id = @organization_id AND v.id = @id AND v.ended_at IS NULL
    AND (v.lease_expires_at IS NULL OR v.lease_expires_at <= @at::timestamptz)
RETURNING v.*;

-- VerificationCount counts the runs of an organization.
-- name: VerificationCount :one
SELECT count(*) FROM verifications AS v WHERE v.organization_id = @organization_id;

-- VerificationEnd writes the result of a run. No row: another worker has it.
-- name: VerificationEnd :one
UPDATE verifications AS v
SET state = @state, rows_read = @rows_read, found = @found, findings = @findings, checkpoint = @checkpoint,
    failure = @failure, lease_expires_at = NULL, wake_at = NULL, ended_at = @at::timestamptz
WHERE v.organization_id = @organization_id AND v.id = @id AND v.attempt = @attempt AND v.ended_at IS NULL
RETURNING v.*;

-- VerificationGet returns one run.
-- name: VerificationGet :one
SELECT v.* FROM verifications AS v WHERE v.organization_id = @organization_id AND v.id = @id;

-- VerificationGetOpen returns the run of an organization that has not ended.
-- name: VerificationGetOpen :one
SELECT v.* FROM verifications AS v WHERE v.organization_id = @organization_id AND v.ended_at IS NULL;

-- VerificationInsert writes a run that no worker has.
-- name: VerificationInsert :exec
INSERT INTO verifications (organization_id, id, state, actor, created_at, wake_at)
VALUES (@organization_id, @id, @state, @actor, @at::timestamptz, @wake_at::timestamptz);

-- VerificationList pages through the runs of an organization by time, from the cursor (cursor_at, cursor_id) on.
-- name: VerificationList :many
SELECT v.* FROM verifications AS v
WHERE v.organization_id = @organization_id AND CASE WHEN @ascending::boolean
    THEN (v.created_at, v.id) > (@cursor_at::timestamptz, @cursor_id::uuid)
    ELSE (v.created_at, v.id) < (@cursor_at::timestamptz, @cursor_id::uuid) END
ORDER BY CASE WHEN @ascending::boolean THEN v.created_at END, CASE WHEN @ascending::boolean THEN v.id END,
    CASE WHEN NOT @ascending::boolean THEN v.created_at END DESC, CASE WHEN NOT @ascending::boolean THEN v.id END DESC
LIMIT @page_size;

-- VerificationRelease ends the lease of a worker, so that another one may claim the run.
-- name: VerificationRelease :exec
UPDATE verifications AS v SET lease_expires_at = NULL, wake_at = @wake_at::timestamptz
WHERE v.organization_id = @organization_id AND v.id = @id AND v.attempt = @attempt AND v.ended_at IS NULL;

-- VerificationRenew renews the lease of a worker and shows how far it is. No row: another worker has the run.
-- name: VerificationRenew :one
UPDATE verifications AS v
SET rows_read = @rows_read, lease_expires_at = @lease_expires_at::timestamptz, wake_at = @lease_expires_at::timestamptz
WHERE v.organization_id = @organization_id AND v.id = @id AND v.attempt = @attempt AND v.ended_at IS NULL
RETURNING v.*;

-- VerificationWake claims runs that no worker has, and postpones their next wake.
-- name: VerificationWake :many
-- The rule is off: every server sweeps the work of all organizations.
-- @sqlc-vet-disable names-organization
WITH late AS (
    SELECT v.organization_id, v.id FROM verifications AS v
    WHERE v.wake_at <= @at::timestamptz
    ORDER BY v.wake_at
    LIMIT @page_size
    FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE verifications AS v SET wake_at = @next_wake_at::timestamptz
FROM late WHERE v.organization_id = late.organization_id AND v.id = late.id
RETURNING v.organization_id, v.id;
