-- ReconcileListByDay adds up what was booked for the calls that a provider has served, by the day they were sent, in UTC,
-- and the model that answered: whatever has become of them since, corrections included. Calls that were never sent or
-- refused are none; those without an outcome are counted apart, since nothing is booked for them yet. Of one organization,
-- or of all when there is none.
-- name: ReconcileListByDay :many
SELECT (coalesce(c.dispatched_at, c.reserved_at) AT TIME ZONE 'UTC')::date AS day, c.answered_model AS model,
    count(*) FILTER (WHERE c.ended_at IS NOT NULL) AS calls, count(*) FILTER (WHERE c.ended_at IS NULL) AS open,
    coalesce(sum(booked.pico), 0)::bigint AS booked,
    coalesce(sum(c.hold_pico) FILTER (WHERE c.ended_at IS NULL), 0)::bigint AS held
FROM ai_calls AS c
CROSS JOIN LATERAL (
    SELECT coalesce(sum(l.settled_delta), 0)::bigint AS pico FROM ai_usage_ledger AS l
    WHERE l.organization_id = c.organization_id AND l.call_id = c.id AND l.account_id = c.month_id
) AS booked
WHERE c.provider = @provider::text
    AND (sqlc.narg('organization_id')::uuid IS NULL OR c.organization_id = sqlc.narg('organization_id')::uuid)
    AND coalesce(c.dispatched_at, c.reserved_at) >= @from_time::timestamptz
    AND coalesce(c.dispatched_at, c.reserved_at) < @to_time::timestamptz
    AND c.state <> @reserved AND (c.state <> @released OR booked.pico <> 0)
GROUP BY day, model
ORDER BY day, model
LIMIT @page_size;
