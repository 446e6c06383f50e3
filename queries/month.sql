-- MonthCount counts the months that were opened.
-- name: MonthCount :one
SELECT count(*) FROM usage_accounts AS a WHERE a.organization_id = @organization_id AND a.period_start IS NOT NULL;

-- MonthList pages through the months that were opened, the newest first, each with the limit of its first entry and the
-- balance after the last entry within its period.
-- name: MonthList :many
SELECT sqlc.embed(a), o.limit_after AS opening_limit, c.settled_after, c.held_after, c.limit_after, c.stopped_after
FROM usage_accounts AS a
JOIN ai_usage_ledger AS o ON o.organization_id = a.organization_id AND o.account_id = a.id AND o.sequence = 0
CROSS JOIN LATERAL (
    SELECT e.settled_after, e.held_after, e.limit_after, e.stopped_after FROM ai_usage_ledger AS e
    WHERE e.organization_id = a.organization_id AND e.account_id = a.id
        AND (e.occurred_at < a.period_end OR e.sequence = 0)
    ORDER BY e.sequence DESC
    LIMIT 1
) AS c
WHERE a.organization_id = @organization_id AND a.period_start < @cursor_start::timestamptz
ORDER BY a.period_start DESC
LIMIT @page_size;

-- MonthListAscending is MonthList with the oldest first.
-- name: MonthListAscending :many
SELECT sqlc.embed(a), o.limit_after AS opening_limit, c.settled_after, c.held_after, c.limit_after, c.stopped_after
FROM usage_accounts AS a
JOIN ai_usage_ledger AS o ON o.organization_id = a.organization_id AND o.account_id = a.id AND o.sequence = 0
CROSS JOIN LATERAL (
    SELECT e.settled_after, e.held_after, e.limit_after, e.stopped_after FROM ai_usage_ledger AS e
    WHERE e.organization_id = a.organization_id AND e.account_id = a.id
        AND (e.occurred_at < a.period_end OR e.sequence = 0)
    ORDER BY e.sequence DESC
    LIMIT 1
) AS c
WHERE a.organization_id = @organization_id AND a.period_start > @cursor_start::timestamptz
ORDER BY a.period_start
LIMIT @page_size;
