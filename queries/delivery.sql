-- DeliveryClaim takes a delivery that is due for one attempt, and keeps others from it until lease_at. No row: it is
-- over, not due yet, or taken.
-- name: DeliveryClaim :one
UPDATE alert_deliveries AS d
SET attempts = d.attempts + 1, attempted_at = @at::timestamptz, next_at = @lease_at::timestamptz,
    wake_at = @lease_at::timestamptz
WHERE d.organization_id = @organization_id AND d.alert_id = @alert_id AND d.state = @pending AND d.next_at <= @at
RETURNING d.*;

-- DeliveryEnd says that a delivery is over, and how its last attempt ended. No row changes when it was over, or when
-- another attempt than the given one has begun; no attempt given: whichever it was, the receiver has answered.
-- name: DeliveryEnd :execrows
UPDATE alert_deliveries AS d
SET state = @state, last_status = sqlc.narg('last_status'), last_error = @last_error, ended_at = @at::timestamptz,
    next_at = NULL, wake_at = NULL
WHERE d.organization_id = @organization_id AND d.alert_id = @alert_id AND d.state = @pending
    AND d.attempts = coalesce(sqlc.narg('attempts'), d.attempts);

-- DeliveryGet returns the delivery of an alert.
-- name: DeliveryGet :one
SELECT d.* FROM alert_deliveries AS d WHERE d.organization_id = @organization_id AND d.alert_id = @alert_id;

-- DeliveryPostpone says how an attempt has failed and when the next one is due. No row changes when the delivery is over
-- or somebody else has taken it since.
-- name: DeliveryPostpone :execrows
UPDATE alert_deliveries AS d
SET last_status = sqlc.narg('last_status'), last_error = @last_error, next_at = @next_at::timestamptz,
    wake_at = @wake_at::timestamptz
WHERE d.organization_id = @organization_id AND d.alert_id = @alert_id AND d.state = @pending
    AND d.attempts = @attempts;

-- DeliveryWake takes deliveries that no worker has come for, and puts off when they are looked at again.
-- name: DeliveryWake :many
-- The rule is off: whoever sweeps looks after all organizations.
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
