-- ServiceSlotFree gives a slot back to the others.
-- name: ServiceSlotFree :exec
-- The rule is off: the limits of a provider belong to no organization.
-- @sqlc-vet-disable names-organization
UPDATE service_slots AS s SET expires_at = @at
WHERE s.service = @service AND s.holder = @holder AND s.expires_at > @at;

-- ServiceSlotTake takes the first of the slots that is free. No row: none is free, or another caller was faster.
-- name: ServiceSlotTake :execrows
-- The rule is off: the limits of a provider belong to no organization.
-- @sqlc-vet-disable names-organization
WITH free AS (
    SELECT n.slot FROM unnest(@slots::integer[]) AS n (slot)
    LEFT JOIN service_slots AS h ON h.service = @service AND h.slot = n.slot AND h.expires_at > @at
    WHERE h.slot IS NULL
    ORDER BY array_position(@slots::integer[], n.slot)
    LIMIT 1
)
INSERT INTO service_slots AS s (service, slot, holder, expires_at)
SELECT @service, free.slot, @holder, @expires_at FROM free
ON CONFLICT (service, slot) DO UPDATE SET holder = @holder, expires_at = @expires_at
WHERE s.expires_at <= @at;
