-- CallSettlementCreate settles open calls of the organizations that the transaction names, within their holds. For each
-- call it claims the idempotency key, ends the call, books its cost on the account of its workflow and on that of its
-- month, and counts it. It does all of this for a call or nothing, and returns the calls that are booked.
--
-- It leaves out the calls that need more: those with an outcome or another generation, for an article, or beyond their
-- hold. The same holds when the key was used, and when the costs up to the call cross a threshold of an account, which
-- needs an alert. The locks are those of AccountBook, in the same order. The conditions read the rows as they were
-- locked.
-- The rule is off: each row of the argument names its organization, and the role sees those that the transaction names.
-- @sqlc-vet-disable names-organization
-- name: CallSettlementCreate :many
WITH bill AS MATERIALIZED (
    SELECT (b.fields ->> 'number')::integer AS number, (b.fields ->> 'organization_id')::uuid AS organization_id,
        (b.fields ->> 'id')::uuid AS id,
        (b.fields ->> 'cost_pico')::bigint AS cost_pico, (b.fields ->> 'list_cost_pico')::bigint AS list_cost_pico,
        b.fields ->> 'model' AS model, b.fields ->> 'provider' AS provider,
        b.fields ->> 'generation_id' AS generation_id, (b.fields ->> 'prompt_tokens')::bigint AS prompt_tokens,
        (b.fields ->> 'completion_tokens')::bigint AS completion_tokens,
        (b.fields ->> 'cached_tokens')::bigint AS cached_tokens,
        (b.fields ->> 'reasoning_tokens')::bigint AS reasoning_tokens,
        (b.fields ->> 'web_searches')::bigint AS web_searches, (b.fields ->> 'items')::bigint AS items,
        b.fields ->> 'failure_code' AS failure_code, b.fields ->> 'actor' AS actor, b.fields ->> 'key' AS key,
        (b.fields ->> 'fingerprint')::bytea AS fingerprint, (b.fields ->> 'at')::timestamptz AS at
    FROM jsonb_array_elements(@bills::jsonb) AS b (fields)
), key_lock AS MATERIALIZED (
    SELECT pg_advisory_xact_lock(@key_class::integer, k.lock) FROM (
        SELECT DISTINCT hashtext(b.organization_id::text || b.key) AS lock FROM bill AS b
        WHERE b.key IS NOT NULL
        ORDER BY lock
    ) AS k
), call AS MATERIALIZED (
    SELECT c.organization_id, c.id, c.workflow_id, c.month_id, c.state, c.article_id, c.hold_pico, c.generation_id,
        c.admitted_on, c.step
    FROM (SELECT DISTINCT b.organization_id, b.id FROM bill AS b) AS p
    JOIN ai_calls AS c ON c.organization_id = p.organization_id AND c.id = p.id
    WHERE (SELECT count(*) FROM key_lock) >= 0 -- the keys first
    ORDER BY c.id
    FOR NO KEY UPDATE OF c
), account AS MATERIALIZED (
    SELECT a.* FROM (
        SELECT c.organization_id, c.workflow_id AS id FROM call AS c
        UNION
        SELECT c.organization_id, c.month_id FROM call AS c
    ) AS p
    JOIN usage_accounts AS a ON a.organization_id = p.organization_id AND a.id = p.id
    ORDER BY a.period_start NULLS FIRST, a.id -- The account of a workflow has no period.
    FOR NO KEY UPDATE OF a
), open AS (
    SELECT DISTINCT ON (c.organization_id, c.id) b.*, c.workflow_id, c.month_id, c.hold_pico, c.admitted_on, c.step
    FROM call AS c
    JOIN bill AS b ON b.organization_id = c.organization_id AND b.id = c.id
    WHERE c.state = ANY(@from_states::text[]) AND c.article_id IS NULL AND c.hold_pico >= b.cost_pico
        AND coalesce(c.generation_id = b.generation_id, true)
    ORDER BY c.organization_id, c.id, b.number
), crossing AS (
    SELECT s.number FROM (
        SELECT o.number, a.settled_pico, a.limit_pico,
            a.settled_pico + sum(o.cost_pico) OVER (PARTITION BY a.organization_id, a.id ORDER BY o.number)
                AS settled_after
        FROM open AS o
        JOIN account AS a ON a.organization_id = o.organization_id AND a.id IN (o.workflow_id, o.month_id)
    ) AS s
    CROSS JOIN unnest(@thresholds::bigint[]) AS t (percent)
    CROSS JOIN LATERAL (
        -- The percentage of the limit, rounded up, as cost.Crossed computes it. No sum overflows.
        SELECT s.limit_pico / 100 * t.percent + (s.limit_pico % 100 * t.percent + 99) / 100 AS pico
    ) AS threshold
    WHERE s.settled_after >= threshold.pico AND NOT (s.settled_pico > 0 AND s.settled_pico >= threshold.pico)
), usual AS (
    SELECT o.* FROM open AS o
    WHERE o.number NOT IN (SELECT c.number FROM crossing AS c)
), claimed AS (
    INSERT INTO idempotency_keys (organization_id, key, fingerprint, workflow_id, call_id, actor, created_at)
    SELECT u.organization_id, u.key, u.fingerprint, u.workflow_id, u.id, u.actor, u.at FROM usual AS u
    WHERE u.key IS NOT NULL
    ORDER BY u.number
    ON CONFLICT (organization_id, key) DO NOTHING
    RETURNING organization_id, call_id
), due AS MATERIALIZED (
    SELECT u.* FROM usual AS u
    WHERE u.key IS NULL OR (u.organization_id, u.id) IN (SELECT c.organization_id, c.call_id FROM claimed AS c)
), settled AS (
    UPDATE ai_calls AS c
    SET state = @settled, cost_pico = d.cost_pico, list_cost_pico = d.list_cost_pico, answered_model = d.model,
        provider = coalesce(d.provider, c.provider), generation_id = coalesce(c.generation_id, d.generation_id),
        prompt_tokens = d.prompt_tokens, completion_tokens = d.completion_tokens, cached_tokens = d.cached_tokens,
        reasoning_tokens = d.reasoning_tokens, made_searches = d.web_searches, items_billed = d.items,
        failure_code = d.failure_code, ended_at = d.at, check_at = NULL
    FROM due AS d
    WHERE c.organization_id = d.organization_id AND c.id = d.id
    RETURNING d.number, c.organization_id, c.id, c.workflow_id, c.month_id, c.hold_pico, c.cost_pico, c.failure_code,
        c.admitted_on, c.step, c.answered_model, c.state, c.prompt_tokens, c.completion_tokens, c.provider, c.generation_id,
        c.dispatched_at, d.actor, d.at
), booked AS (
    SELECT s.number, s.organization_id, s.id AS call_id, s.workflow_id, s.cost_pico, s.hold_pico, s.actor,
        coalesce(s.failure_code, '') AS reason, s.at, a.id AS account_id,
        a.sequence + row_number() OVER w AS sequence,
        (a.settled_pico + sum(s.cost_pico) OVER w)::bigint AS settled_pico,
        (a.held_pico - sum(s.hold_pico) OVER w)::bigint AS held_pico, a.limit_pico, a.stopped, a.limit_sequence,
        a.hash AS first_hash, row_number() OVER w = count(*) OVER (PARTITION BY a.organization_id, a.id) AS is_last
    FROM settled AS s
    JOIN account AS a ON a.organization_id = s.organization_id AND a.id IN (s.workflow_id, s.month_id)
    WINDOW w AS (PARTITION BY a.organization_id, a.id ORDER BY s.number)
), hashed AS (
    SELECT b.*, entry_chain(b.first_hash, b.organization_id, b.account_id, b.sequence, @kind::text, b.call_id,
        b.cost_pico, -b.hold_pico, 0, b.settled_pico, b.held_pico, b.limit_pico, b.stopped, false, b.actor, b.reason,
        b.at) OVER w AS hash
    FROM booked AS b
    WINDOW w AS (PARTITION BY b.organization_id, b.account_id ORDER BY b.number)
), entry AS MATERIALIZED (
    SELECT h.*, coalesce(lag(h.hash) OVER w, h.first_hash) AS previous_hash FROM hashed AS h
    WINDOW w AS (PARTITION BY h.organization_id, h.account_id ORDER BY h.number)
), moved AS (
    UPDATE usage_accounts AS a
    SET sequence = e.sequence, settled_pico = e.settled_pico, held_pico = e.held_pico, previous_stopped = a.stopped,
        previous_hash = e.previous_hash, hash = e.hash
    FROM entry AS e
    WHERE a.organization_id = e.organization_id AND a.id = e.account_id AND e.is_last
), entered AS (
    INSERT INTO ai_usage_ledger (
        organization_id, account_id, sequence, kind, call_id, call_hold_pico, settled_before, settled_delta,
        settled_after, held_before, held_delta, held_after, limit_before, limit_delta, limit_after, stopped_before,
        stopped_after, overage, actor, reason, occurred_at, previous_hash, hash, limit_sequence)
    SELECT e.organization_id, e.account_id, e.sequence, @kind::entry_kind, e.call_id, e.hold_pico,
        e.settled_pico - e.cost_pico, e.cost_pico, e.settled_pico, e.held_pico + e.hold_pico, -e.hold_pico,
        e.held_pico, e.limit_pico, 0, e.limit_pico, e.stopped, e.stopped, false, e.actor, e.reason, e.at,
        e.previous_hash, e.hash, e.limit_sequence
    FROM entry AS e
), counted AS (
    INSERT INTO usage_days AS u (
        organization_id, account_id, account_kind, day, step, model, outcome, calls, prompt_tokens, completion_tokens,
        settled_pico, assumed_pico, adjusted_pico, overage_pico)
    SELECT s.organization_id, a.id, a.kind, s.admitted_on, s.step, s.answered_model, s.state, count(*),
        sum(s.prompt_tokens), sum(s.completion_tokens), sum(s.cost_pico), 0, 0, 0
    FROM settled AS s
    JOIN account AS a ON a.organization_id = s.organization_id AND a.id IN (s.workflow_id, s.month_id)
    GROUP BY s.organization_id, a.id, a.kind, s.admitted_on, s.step, s.answered_model, s.state
    ORDER BY s.organization_id, a.id, s.admitted_on, s.step, s.answered_model
    ON CONFLICT (organization_id, account_id, day, step, model, outcome) DO UPDATE
    SET calls = u.calls + excluded.calls, prompt_tokens = u.prompt_tokens + excluded.prompt_tokens,
        completion_tokens = u.completion_tokens + excluded.completion_tokens,
        settled_pico = u.settled_pico + excluded.settled_pico
)
SELECT s.number::integer AS number, s.provider, s.generation_id, s.dispatched_at, e.sequence::bigint AS sequence,
    sqlc.embed(w)
FROM settled AS s
JOIN entry AS e ON e.organization_id = s.organization_id AND e.call_id = s.id AND e.account_id = s.workflow_id
JOIN intent_workflows AS w ON w.organization_id = s.organization_id AND w.id = s.workflow_id
ORDER BY s.number
LIMIT 1000;
