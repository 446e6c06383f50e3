-- AddressBucketTake takes an amount from a bucket, after what time has filled into it. No row is changed when there is less. A
-- bucket that is not there is full: it begins with the rest. Addresses belong to no organization: who
-- failed to sign in has none.
-- name: AddressBucketTake :execrows
-- The rule is off: who failed to sign in belongs to no organization.
-- @sqlc-vet-disable names-organization
INSERT INTO address_buckets AS b (slot, tokens_micro, refilled_at)
VALUES (@slot, @rest_micro, @at)
ON CONFLICT (slot) DO UPDATE SET
    tokens_micro = tokens_at(b.tokens_micro, b.refilled_at, @at, @capacity_micro, @micro_per_second) - @amount_micro,
    refilled_at = CASE WHEN b.refilled_at < @at THEN @at ELSE b.refilled_at END
WHERE tokens_at(b.tokens_micro, b.refilled_at, @at, @capacity_micro, @micro_per_second) >= @amount_micro;
