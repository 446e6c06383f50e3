-- DeliveryClaim claims a due delivery for one attempt, until lease_at. No row: it is over, not due, or claimed.
-- name: DeliveryClaim :one
UPDATE alert_deliveries AS d
SET attempts = d.attempts + 1, attempted_at = @at::timestamptz, next_at = @lease_at::timestamptz,
    wake_at = @lease_at::timestamptz
WHERE d.organization_id = @organization_id AND d.alert_id = @alert_id AND d.state = @pending AND d.next_at <= @at
RETURNING d.*;

-- DeliveryEnd ends a delivery with the result of its last attempt. No row changes when it was over, or when a later
-- attempt than the given one has begun. Without an attempt the receiver has answered, and any attempt ends.
-- name: DeliveryEnd :execrows
UPDATE alert_deliveries AS d
SET state = @state, last_status = sqlc.narg('last_status'), last_error = @last_error, ended_at = @at::timestamptz,
    next_at = NULL, wake_at = NULL
WHERE d.organization_id = @organization_id AND d.alert_id = @alert_id AND d.state = @pending
    AND d.attempts = coalesce(sqlc.narg('attempts'), d.attempts);

-- DeliveryGet returns the delivery of an alert.
-- name: DeliveryGet :one
SELECT d.* FROM alert_deliveries AS d WHERE d.organization_id = @organization_id AND d.alert_id = @alert_id;

-- DeliveryPostpone stores the failure of an attempt and the time of the next one. No row changes when the delivery is
-- over or another worker has claimed it.
-- name: DeliveryPostpone :execrows
UPDATE alert_deliveries AS d
SET last_status = sqlc.narg('last_status'), last_error = @last_error, next_at = @next_at::timestamptz,
    wake_at = @wake_at::timestamptz
WHERE d.organization_id = @organization_id AND d.alert_id = @alert_id AND d.state = @pending
    AND d.attempts = @attempts;

-- DeliveryWake claims due deliveries that no worker has taken, and postpones their next wake.
-- name: DeliveryWake :many
-- The rule is off: every server sweeps the work of all organizations.
-- @sqlc-vet-disable names-organization
WITH late AS (
    SELECT d.organization_id, d.alert_id FROM alert_deliveries AS d
    WHERE d.wake_at <= @at
    ORDER BY d.wake_at
    LIMIT @page_size
    FOR NO KEY UPDATE SKIP LOCKED
)
UPDATE alert_deliveries AS d SET wake_at = @next_wake_at::timestamptz
FROM late WHERE d.organization_id = late.organization_id AND d.alert_id = late.alert_id
RETURNING d.organization_id, d.alert_id;
