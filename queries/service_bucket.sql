-- ServiceBucketTake takes an amount from the bucket of a service after the refill of the time since. No row changes when
-- the bucket has less. A bucket without a row is full and begins with the rest.
-- name: ServiceBucketTake :execrows
-- The rule is off: the limits of a provider belong to no organization.
-- @sqlc-vet-disable names-organization
INSERT INTO service_buckets AS b (service, tokens_micro, refilled_at)
VALUES (@service, @rest_micro, @at)
ON CONFLICT (service) DO UPDATE SET
    tokens_micro = tokens_at(b.tokens_micro, b.refilled_at, @at, @capacity_micro, @micro_per_second) - @amount_micro,
    refilled_at = CASE WHEN b.refilled_at < @at THEN @at ELSE b.refilled_at END
WHERE tokens_at(b.tokens_micro, b.refilled_at, @at, @capacity_micro, @micro_per_second) >= @amount_micro;
