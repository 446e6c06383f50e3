-- CallHoldCreate reserves money for calls of one organization, each by one statement. It claims the idempotency key and
-- writes the call. It holds the amount on the budget of the article and on the accounts of the workflow and the month.
-- It does all of this or nothing. It changes nothing when the workflow is over, or when another run or attempt has it.
-- The same holds when the month is not open, when the amount does not fit below a limit, or when the key was used. It
-- locks the key, the workflow, the unit, the budget, the workflow's account and the month's, in this order, before it
-- writes. The conditions are in the locking parts, which wait for earlier changes and then see these rows as they are.
-- name: CallHoldCreate :batchone
WITH key_lock AS MATERIALIZED (
    SELECT pg_advisory_xact_lock(
        @key_class::integer, hashtext((@organization_id::uuid)::text || sqlc.narg('key')::text))
    WHERE sqlc.narg('key')::text IS NOT NULL
), flow AS (
    SELECT w.organization_id, w.id, w.version FROM intent_workflows AS w
    WHERE w.organization_id = @organization_id AND w.id = @workflow_id AND w.state <> ALL(@terminal::text[])
        AND w.version = coalesce(sqlc.narg('run_token'), sqlc.narg('fence')::integer, w.version)
        AND (SELECT count(*) FROM key_lock) >= 0 -- the key first
    FOR NO KEY UPDATE
), fence AS (
    SELECT l.organization_id, l.id FROM flow AS l
    WHERE sqlc.narg('unit_id')::uuid IS NULL OR EXISTS (
        SELECT FROM step_units AS u
        WHERE u.organization_id = l.organization_id AND u.id = sqlc.narg('unit_id')::uuid AND u.token = l.version
            AND u.attempt = sqlc.narg('unit_attempt')::integer AND u.lease_expires_at IS NOT NULL
        FOR SHARE
    )
), budget AS (
    SELECT b.article_id FROM fence AS f
    JOIN article_budgets AS b ON b.organization_id = f.organization_id AND b.workflow_id = f.id
    WHERE b.article_id = sqlc.narg('article_id')::uuid
        AND b.settled_pico <= b.cap_pico AND b.cap_pico - b.settled_pico - b.held_pico >= @hold_pico::bigint
    FOR NO KEY UPDATE OF b
), account AS (
    SELECT a.organization_id, a.id, a.period_start, a.period_end, a.time_zone FROM fence AS f
    JOIN usage_accounts AS a ON a.organization_id = f.organization_id AND a.id = ANY(ARRAY[f.id, (
        SELECT m.id FROM usage_accounts AS m
        WHERE m.organization_id = @organization_id AND m.period_start <= @at::timestamptz
            AND m.period_end > @at::timestamptz
        ORDER BY m.period_start DESC
        LIMIT 1)])
    WHERE NOT a.stopped
        AND a.settled_pico <= a.limit_pico -- so that the next line cannot overflow
        AND a.limit_pico - a.settled_pico - a.held_pico >= @hold_pico::bigint
        AND (sqlc.narg('article_id')::uuid IS NULL OR EXISTS (SELECT FROM budget))
    ORDER BY a.period_start NULLS FIRST -- The account of a workflow has no period.
    FOR NO KEY UPDATE OF a
), admitted AS (
    SELECT f.organization_id, f.id AS workflow_id, m.id AS month_id, m.time_zone, m.period_end FROM fence AS f
    JOIN account AS w ON w.id = f.id
    JOIN account AS m ON m.period_start IS NOT NULL
), claimed AS (
    INSERT INTO idempotency_keys (organization_id, key, fingerprint, workflow_id, call_id, actor, created_at)
    SELECT d.organization_id, sqlc.narg('key')::text, sqlc.narg('fingerprint')::bytea, d.workflow_id, @id::uuid, @actor,
        @at::timestamptz
    FROM admitted AS d
    WHERE sqlc.narg('key')::text IS NOT NULL
    ON CONFLICT (organization_id, key) DO NOTHING
    RETURNING call_id
), reserved AS (
    INSERT INTO ai_calls (
        organization_id, id, workflow_id, month_id, step, run_token, state, models, prompt_bytes,
        max_completion_tokens, web_searches, items_reserved, hold_pico, actor, reserved_at, admitted_on, check_at,
        visit, part_key, unit_id, unit_attempt, article_id)
    SELECT d.organization_id, @id::uuid, d.workflow_id, d.month_id, @step, sqlc.narg('run_token'), @reserved,
        @models::text[], @prompt_bytes, @max_completion_tokens, @web_searches, nullif(@items_reserved::bigint, 0),
        @hold_pico::bigint, @actor, @at::timestamptz,
        -- Where the zone has changed with this month, its first hours may show the day before; they are its first
        -- day's.
        greatest(timezone(coalesce(d.time_zone, o.time_zone), @at::timestamptz)::date,
            date_trunc('month', timezone(coalesce(d.time_zone, o.time_zone), d.period_end) - interval '1 second')::date),
        @check_at::timestamptz, sqlc.narg('visit'), sqlc.narg('part_key'), sqlc.narg('unit_id')::uuid,
        sqlc.narg('unit_attempt')::integer, sqlc.narg('article_id')::uuid
    FROM admitted AS d
    JOIN organizations AS o ON o.id = d.organization_id
    WHERE sqlc.narg('key')::text IS NULL OR EXISTS (SELECT FROM claimed)
    RETURNING organization_id, id, workflow_id, month_id, hold_pico, article_id
), counted AS (
    UPDATE article_budgets AS b SET held_pico = b.held_pico + r.hold_pico
    FROM reserved AS r
    WHERE b.organization_id = r.organization_id AND b.article_id = r.article_id
), held AS (
    UPDATE usage_accounts AS a
    SET sequence = a.sequence + 1, held_pico = a.held_pico + r.hold_pico, previous_stopped = a.stopped,
        previous_hash = a.hash,
        hash = entry_hash(a.hash, a.organization_id, a.id, a.sequence + 1, @kind::entry_kind, r.id, 0, r.hold_pico, 0,
            a.settled_pico, a.held_pico + r.hold_pico, a.limit_pico, a.stopped, false, @actor::actor,
            ''::reason, @at::timestamptz)
    FROM reserved AS r
    WHERE a.organization_id = r.organization_id AND a.id = ANY(ARRAY[r.workflow_id, r.month_id])
    RETURNING a.*
), entered AS (
    INSERT INTO ai_usage_ledger (
        organization_id, account_id, sequence, kind, call_id, call_hold_pico, settled_before, settled_delta,
        settled_after, held_before, held_delta, held_after, limit_before, limit_delta, limit_after, stopped_before,
        stopped_after, overage, actor, reason, occurred_at, previous_hash, hash)
    SELECT h.organization_id, h.id, h.sequence, @kind::entry_kind, r.id, r.hold_pico, h.settled_pico, 0,
        h.settled_pico, h.held_pico - r.hold_pico, r.hold_pico, h.held_pico, h.limit_pico, 0, h.limit_pico,
        h.previous_stopped, h.stopped, false, @actor::actor, ''::reason, @at::timestamptz, h.previous_hash, h.hash
    FROM held AS h
    CROSS JOIN reserved AS r
)
SELECT r.month_id, h.sequence FROM reserved AS r
JOIN held AS h ON h.id = r.workflow_id;

-- CallHoldLock locks what the reservations of several calls lock, in the order of CallHoldCreate, until the transaction
-- ends: the keys, the workflows, the units, the budgets of articles, the accounts of the workflows, and those of the
-- months of a time.
-- name: CallHoldLock :exec
WITH key_lock AS MATERIALIZED (
    SELECT pg_advisory_xact_lock(@key_class::integer, k.lock)
    FROM (
        SELECT DISTINCT hashtext((@organization_id::uuid)::text || n.key) AS lock
        FROM unnest(@keys::text[]) AS n (key)
        ORDER BY lock
    ) AS k
), flow AS (
    SELECT w.id FROM intent_workflows AS w
    WHERE w.organization_id = @organization_id AND w.id = ANY(@workflow_ids::uuid[])
        AND (SELECT count(*) FROM key_lock) >= 0 -- the keys first
    ORDER BY w.id
    FOR NO KEY UPDATE
), unit AS (
    SELECT u.id FROM step_units AS u
    WHERE u.organization_id = @organization_id AND u.id = ANY(@unit_ids::uuid[])
        AND (SELECT count(*) FROM flow) >= 0 -- the workflows first
    ORDER BY u.id
    FOR SHARE
), budget AS (
    SELECT b.article_id FROM article_budgets AS b
    WHERE b.organization_id = @organization_id AND b.article_id = ANY(@article_ids::uuid[])
        AND (SELECT count(*) FROM unit) >= 0 -- the units first
    ORDER BY b.article_id
    FOR NO KEY UPDATE
)
SELECT a.id FROM usage_accounts AS a
WHERE a.organization_id = @organization_id
    AND (a.id = ANY(@workflow_ids::uuid[])
        OR a.period_start <= @latest::timestamptz AND a.period_end > @earliest::timestamptz)
    AND (SELECT count(*) FROM budget) >= 0 -- the budgets first
ORDER BY a.period_start NULLS FIRST, a.id
FOR NO KEY UPDATE;
