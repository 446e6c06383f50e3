-- CostBucketTake takes an amount from a bucket after the refill of the time since. No row changes when the bucket has
-- less. A bucket without a row is full and begins with the rest.
-- name: CostBucketTake :execrows
INSERT INTO cost_buckets AS b (organization_id, tokens_micro, refilled_at)
VALUES (@organization_id, @rest_micro, @at)
ON CONFLICT (organization_id) DO UPDATE SET
    tokens_micro = tokens_at(b.tokens_micro, b.refilled_at, @at, @capacity_micro, @micro_per_second) - @amount_micro,
    refilled_at = CASE WHEN b.refilled_at < @at THEN @at ELSE b.refilled_at END
WHERE tokens_at(b.tokens_micro, b.refilled_at, @at, @capacity_micro, @micro_per_second) >= @amount_micro;
