-- CallSettlementCreate settles open calls of one organization within their holds, each by one statement: it claims the
-- idempotency key, ends the call, books its cost on the account of its workflow and on that of its month, and counts it.
-- It does all of this or nothing. It changes nothing in the cases that need more: the call has an outcome or another
-- generation, is for an article, or costs more than its hold; the cost crosses a threshold of an account, which needs an
-- alert; or the key was used. The locks are those of AccountBook, in the same order.
-- name: CallSettlementCreate :batchone
WITH key_lock AS MATERIALIZED (
    SELECT pg_advisory_xact_lock(
        @key_class::integer, hashtext((@organization_id::uuid)::text || sqlc.narg('key')::text))
    WHERE sqlc.narg('key')::text IS NOT NULL
), open AS (
    SELECT c.organization_id, c.id, c.workflow_id, c.month_id FROM ai_calls AS c
    WHERE c.organization_id = @organization_id AND c.id = @id::uuid AND c.state = ANY(@from_states::text[])
        AND c.article_id IS NULL AND c.hold_pico >= @cost_pico::bigint
        AND (@generation_id::text = '' OR coalesce(c.generation_id, @generation_id::text) = @generation_id::text)
        AND (SELECT count(*) FROM key_lock) >= 0 -- the key first
    FOR NO KEY UPDATE
), account AS (
    SELECT a.id FROM open AS c
    JOIN usage_accounts AS a ON a.organization_id = c.organization_id AND a.id = ANY(ARRAY[c.workflow_id, c.month_id])
    WHERE ( -- A count, and no join: it is made again with the row that a wait for the lock has changed.
        SELECT count(*) FROM unnest(@thresholds::bigint[]) AS t (percent)
        CROSS JOIN LATERAL (
            -- The percentage of the limit, rounded up, as cost.Crossed computes it. No sum overflows.
            SELECT a.limit_pico / 100 * t.percent + (a.limit_pico % 100 * t.percent + 99) / 100 AS pico
        ) AS threshold
        WHERE a.settled_pico + @cost_pico::bigint >= threshold.pico
            AND NOT (a.settled_pico > 0 AND a.settled_pico >= threshold.pico)
    ) = 0
    ORDER BY a.period_start NULLS FIRST -- The account of a workflow has no period.
    FOR NO KEY UPDATE OF a
), claimed AS (
    INSERT INTO idempotency_keys (organization_id, key, fingerprint, workflow_id, call_id, actor, created_at)
    SELECT c.organization_id, sqlc.narg('key')::text, sqlc.narg('fingerprint')::bytea, c.workflow_id, c.id, @actor,
        @at::timestamptz
    FROM open AS c
    WHERE (SELECT count(*) FROM account) = 2 AND sqlc.narg('key')::text IS NOT NULL
    ON CONFLICT (organization_id, key) DO NOTHING
    RETURNING call_id
), settled AS (
    UPDATE ai_calls AS c
    SET state = @settled, cost_pico = @cost_pico::bigint, list_cost_pico = sqlc.narg('list_cost_pico'),
        answered_model = @answered_model, provider = coalesce(nullif(@provider::text, ''), c.provider),
        generation_id = coalesce(c.generation_id, nullif(@generation_id::text, '')),
        prompt_tokens = @prompt_tokens, completion_tokens = @completion_tokens, cached_tokens = @cached_tokens,
        reasoning_tokens = @reasoning_tokens, made_searches = @made_searches,
        items_billed = nullif(@items_billed::bigint, 0), failure_code = sqlc.narg('failure_code'),
        ended_at = @at::timestamptz, check_at = NULL
    FROM open AS o
    WHERE c.organization_id = o.organization_id AND c.id = o.id AND (SELECT count(*) FROM account) = 2
        AND (sqlc.narg('key')::text IS NULL OR EXISTS (SELECT FROM claimed))
    RETURNING c.*
), booked AS (
    UPDATE usage_accounts AS a
    SET sequence = a.sequence + 1, settled_pico = a.settled_pico + c.cost_pico, held_pico = a.held_pico - c.hold_pico,
        previous_stopped = a.stopped, previous_hash = a.hash,
        hash = entry_hash(a.hash, a.organization_id, a.id, a.sequence + 1, @kind::entry_kind, c.id, c.cost_pico,
            -c.hold_pico, 0, a.settled_pico + c.cost_pico, a.held_pico - c.hold_pico, a.limit_pico, a.stopped, false,
            @actor::actor, @reason::reason, @at::timestamptz)
    FROM settled AS c
    WHERE a.organization_id = c.organization_id AND a.id = ANY(ARRAY[c.workflow_id, c.month_id])
    RETURNING a.*
), entered AS (
    INSERT INTO ai_usage_ledger (
        organization_id, account_id, sequence, kind, call_id, call_hold_pico, settled_before, settled_delta,
        settled_after, held_before, held_delta, held_after, limit_before, limit_delta, limit_after, stopped_before,
        stopped_after, overage, actor, reason, occurred_at, previous_hash, hash, limit_sequence)
    SELECT b.organization_id, b.id, b.sequence, @kind::entry_kind, c.id, c.hold_pico, b.settled_pico - c.cost_pico,
        c.cost_pico, b.settled_pico, b.held_pico + c.hold_pico, -c.hold_pico, b.held_pico, b.limit_pico, 0,
        b.limit_pico, b.previous_stopped, b.stopped, false, @actor::actor, @reason::reason, @at::timestamptz,
        b.previous_hash, b.hash, b.limit_sequence
    FROM booked AS b
    CROSS JOIN settled AS c
), counted AS (
    INSERT INTO usage_days AS u (
        organization_id, account_id, account_kind, day, step, model, outcome, calls, prompt_tokens, completion_tokens,
        settled_pico, assumed_pico, adjusted_pico, overage_pico)
    SELECT b.organization_id, b.id, b.kind, c.admitted_on, c.step, c.answered_model, c.state, 1, c.prompt_tokens,
        c.completion_tokens, c.cost_pico, 0, 0, 0
    FROM booked AS b
    CROSS JOIN settled AS c
    ON CONFLICT (organization_id, account_id, day, step, model, outcome) DO UPDATE
    SET calls = u.calls + excluded.calls, prompt_tokens = u.prompt_tokens + excluded.prompt_tokens,
        completion_tokens = u.completion_tokens + excluded.completion_tokens,
        settled_pico = u.settled_pico + excluded.settled_pico
)
SELECT c.provider, c.generation_id, c.dispatched_at, b.sequence FROM settled AS c
JOIN booked AS b ON b.id = c.workflow_id;

-- CallSettlementLock locks what the settlements of several calls lock, in the order of CallSettlementCreate, until the
-- transaction ends: the keys, the calls, the accounts of their workflows, and those of their months.
-- name: CallSettlementLock :exec
WITH key_lock AS MATERIALIZED (
    SELECT pg_advisory_xact_lock(@key_class::integer, k.lock)
    FROM (
        SELECT DISTINCT hashtext((@organization_id::uuid)::text || n.key) AS lock
        FROM unnest(@keys::text[]) AS n (key)
        ORDER BY lock
    ) AS k
), call AS (
    SELECT c.workflow_id, c.month_id FROM ai_calls AS c
    WHERE c.organization_id = @organization_id AND c.id = ANY(@ids::uuid[])
        AND (SELECT count(*) FROM key_lock) >= 0 -- the keys first
    ORDER BY c.id
    FOR NO KEY UPDATE
)
SELECT a.id FROM usage_accounts AS a
WHERE a.organization_id = @organization_id
    AND a.id = ANY(ARRAY(SELECT c.workflow_id FROM call AS c UNION SELECT c.month_id FROM call AS c))
ORDER BY a.period_start NULLS FIRST, a.id
FOR NO KEY UPDATE;
