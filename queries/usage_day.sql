-- UsageDayListByAccounts sums the calls of accounts that the days from from_day to before to_day have admitted. The
-- accounts are the given ones, and the months that start within months_from and months_to. Ended calls come from
-- usage_days, calls in flight from ai_calls. A dimension that is off has one value. The first row is the total; the
-- others follow by booked amount, the largest first.
-- name: UsageDayListByAccounts :many
WITH wanted AS (
    SELECT named.id FROM unnest(@account_ids::uuid[]) AS named (id)
    UNION
    SELECT a.id FROM usage_accounts AS a
    WHERE a.organization_id = @organization_id
        AND a.period_start >= @months_from::timestamptz AND a.period_start < @months_to::timestamptz
), used AS (
    SELECT u.account_id, u.day, u.step::text AS step, u.model, u.outcome::text AS outcome, u.calls, u.prompt_tokens,
        u.completion_tokens, u.settled_pico::bigint AS settled, 0::bigint AS held, u.assumed_pico::bigint AS assumed,
        u.adjusted_pico::bigint AS adjusted, u.overage_pico::bigint AS overage
    FROM wanted AS n
    JOIN usage_days AS u ON u.organization_id = @organization_id AND u.account_id = n.id
    WHERE u.day >= @from_day::date AND u.day < @to_day::date
    UNION ALL
    SELECT n.id, c.admitted_on, c.step, c.answered_model, c.state, 1, c.prompt_tokens, c.completion_tokens, 0,
        c.hold_pico, 0, 0, 0
    FROM wanted AS n
    JOIN ai_calls AS c ON c.organization_id = @organization_id AND n.id IN (c.workflow_id, c.month_id)
    WHERE c.ended_at IS NULL AND c.admitted_on >= @from_day::date AND c.admitted_on < @to_day::date
), keyed AS (
    SELECT CASE WHEN @by_day::boolean THEN used.day END AS day,
        CASE WHEN @by_model::boolean THEN used.model END AS model,
        CASE WHEN @by_step::boolean THEN used.step END AS step,
        CASE WHEN @by_workflow::boolean THEN used.account_id END AS workflow_id,
        CASE WHEN @by_outcome::boolean THEN used.outcome END AS outcome,
        used.calls, used.prompt_tokens, used.completion_tokens, used.settled, used.held, used.assumed, used.adjusted,
        used.overage
    FROM used
)
SELECT (grouping(k.day) = 1)::boolean AS is_total, coalesce(k.day, 'epoch'::date)::date AS day,
    coalesce(k.model, '')::text AS model, coalesce(k.step, '')::text AS step,
    coalesce(k.workflow_id, '00000000-0000-0000-0000-000000000000'::uuid)::uuid AS workflow_id,
    coalesce(k.outcome, '')::text AS outcome, coalesce(sum(k.calls), 0)::bigint AS calls,
    coalesce(sum(k.prompt_tokens), 0)::bigint AS prompt_tokens,
    coalesce(sum(k.completion_tokens), 0)::bigint AS completion_tokens, coalesce(sum(k.settled), 0)::bigint AS settled,
    coalesce(sum(k.held), 0)::bigint AS held, coalesce(sum(k.assumed), 0)::bigint AS assumed,
    coalesce(sum(k.adjusted), 0)::bigint AS adjusted, coalesce(sum(k.overage), 0)::bigint AS overage
FROM keyed AS k
GROUP BY GROUPING SETS ((k.day, k.model, k.step, k.workflow_id, k.outcome), ())
ORDER BY is_total DESC, coalesce(sum(k.settled + k.assumed + k.adjusted), 0) DESC, k.day, k.model, k.step,
    k.workflow_id, k.outcome
LIMIT @page_size;

-- UsageDayListByWorkflows is UsageDayListByAccounts for each workflow's account of the organization, without the
-- total.
-- name: UsageDayListByWorkflows :many
WITH used AS (
    SELECT u.account_id, u.day, u.step::text AS step, u.model, u.outcome::text AS outcome, u.calls, u.prompt_tokens,
        u.completion_tokens, u.settled_pico::bigint AS settled, 0::bigint AS held, u.assumed_pico::bigint AS assumed,
        u.adjusted_pico::bigint AS adjusted, u.overage_pico::bigint AS overage
    FROM usage_days AS u
    WHERE u.organization_id = @organization_id AND u.account_kind = @account_kind
        AND u.day >= @from_day::date AND u.day < @to_day::date
    UNION ALL
    SELECT c.workflow_id, c.admitted_on, c.step, c.answered_model, c.state, 1, c.prompt_tokens, c.completion_tokens, 0,
        c.hold_pico, 0, 0, 0
    FROM ai_calls AS c
    WHERE c.organization_id = @organization_id AND c.ended_at IS NULL
        AND c.admitted_on >= @from_day::date AND c.admitted_on < @to_day::date
), keyed AS (
    SELECT CASE WHEN @by_day::boolean THEN used.day ELSE 'epoch'::date END AS day,
        CASE WHEN @by_model::boolean THEN used.model ELSE '' END AS model,
        CASE WHEN @by_step::boolean THEN used.step ELSE '' END AS step, used.account_id AS workflow_id,
        CASE WHEN @by_outcome::boolean THEN used.outcome ELSE '' END AS outcome,
        used.calls, used.prompt_tokens, used.completion_tokens, used.settled, used.held, used.assumed, used.adjusted,
        used.overage
    FROM used
)
SELECT k.day::date AS day, k.model::text AS model, k.step::text AS step, k.workflow_id::uuid AS workflow_id,
    k.outcome::text AS outcome, sum(k.calls)::bigint AS calls, sum(k.prompt_tokens)::bigint AS prompt_tokens,
    sum(k.completion_tokens)::bigint AS completion_tokens, sum(k.settled)::bigint AS settled,
    sum(k.held)::bigint AS held, sum(k.assumed)::bigint AS assumed, sum(k.adjusted)::bigint AS adjusted,
    sum(k.overage)::bigint AS overage
FROM keyed AS k
GROUP BY k.day, k.model, k.step, k.workflow_id, k.outcome
ORDER BY sum(k.settled + k.assumed + k.adjusted) DESC, k.day, k.model, k.step, k.workflow_id, k.outcome
LIMIT @page_size;

-- UsageDayListDrift sums the whole ledger of all organizations again and returns the rows of usage_days that differ or
-- are missing, for the auditor. A column of zeros means that one side has no row.
-- name: UsageDayListDrift :many
-- The rule is off: the auditor reads all organizations.
-- @sqlc-vet-disable names-organization
WITH booked AS (
    SELECT l.organization_id, l.account_id, c.admitted_on AS day, c.step::text AS step, c.answered_model AS model,
        c.state::text AS outcome, count(*) FILTER (WHERE l.kind <> @adjust)::numeric AS calls,
        coalesce(sum(c.prompt_tokens) FILTER (WHERE l.kind <> @adjust), 0) AS prompt_tokens,
        coalesce(sum(c.completion_tokens) FILTER (WHERE l.kind <> @adjust), 0) AS completion_tokens,
        coalesce(sum(l.settled_delta) FILTER (WHERE l.kind NOT IN (@assume, @adjust)), 0) AS settled,
        coalesce(sum(l.settled_delta) FILTER (WHERE l.kind = @assume), 0) AS assumed,
        coalesce(sum(l.settled_delta) FILTER (WHERE l.kind = @adjust), 0) AS adjusted,
        coalesce(sum(l.settled_delta - l.call_hold_pico) FILTER (WHERE l.overage AND l.kind = @settle), 0) AS overage
    FROM ai_usage_ledger AS l
    JOIN ai_calls AS c ON c.organization_id = l.organization_id AND c.id = l.call_id
    WHERE l.kind <> @reserve
    GROUP BY l.organization_id, l.account_id, c.admitted_on, c.step, c.answered_model, c.state
)
SELECT coalesce(u.organization_id, b.organization_id)::uuid AS organization_id,
    coalesce(u.account_id, b.account_id)::uuid AS account_id, coalesce(u.day, b.day)::date AS day,
    coalesce(u.step, b.step)::text AS step, coalesce(u.model, b.model)::text AS model,
    coalesce(u.outcome, b.outcome)::text AS outcome,
    (coalesce(u.settled_pico, 0) + coalesce(u.assumed_pico, 0) + coalesce(u.adjusted_pico, 0))::bigint AS counted,
    (coalesce(b.settled, 0) + coalesce(b.assumed, 0) + coalesce(b.adjusted, 0))::bigint AS booked
FROM usage_days AS u
FULL JOIN booked AS b ON b.organization_id = u.organization_id AND b.account_id = u.account_id AND b.day = u.day
    AND b.step = u.step AND b.model = u.model AND b.outcome = u.outcome
WHERE (u.calls, u.prompt_tokens, u.completion_tokens, u.settled_pico, u.assumed_pico, u.adjusted_pico, u.overage_pico)
    IS DISTINCT FROM (b.calls, b.prompt_tokens, b.completion_tokens, b.settled, b.assumed, b.adjusted, b.overage)
ORDER BY 1, 2, 3, 4, 5, 6
LIMIT @page_size;
