-- AddressBucketTake takes an amount from a bucket after the refill of the time since. No row changes when the bucket
-- has less. A bucket without a row is full and begins with the rest. A network address belongs to no organization.
-- name: AddressBucketTake :execrows
-- The rule is off: a failed sign-in belongs to no organization.
-- @sqlc-vet-disable names-organization
INSERT INTO address_buckets AS b (slot, tokens_micro, refilled_at)
VALUES (@slot, @rest_micro, @at)
ON CONFLICT (slot) DO UPDATE SET
    tokens_micro = tokens_at(b.tokens_micro, b.refilled_at, @at, @capacity_micro, @micro_per_second) - @amount_micro,
    refilled_at = CASE WHEN b.refilled_at < @at THEN @at ELSE b.refilled_at END
WHERE tokens_at(b.tokens_micro, b.refilled_at, @at, @capacity_micro, @micro_per_second) >= @amount_micro;
