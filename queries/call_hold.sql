-- CallHoldCreate reserves money for calls of the organizations that the transaction names. For each call it claims the
-- idempotency key, writes the call, and holds the amount on the budget of the article and on the accounts of the workflow
-- and the month. It does all of this for a call or nothing, and returns the calls that are held.
--
-- It leaves out a call when the workflow is over, or when another run or attempt has it. The same holds when the month
-- is not open, when the key was used, and when the amount does not fit below a limit. Calls that fit alone are admitted
-- in their order, as long as they fit together with all before them. So a call that was left out may fit by itself.
--
-- It locks the keys, the workflows, the units, the budgets and the accounts, those of the months last, before it writes.
-- The conditions are in later parts, which read the rows as they were locked.
-- The rule is off: each row of the argument names its organization, and the role sees those that the transaction names.
-- @sqlc-vet-disable names-organization
-- name: CallHoldCreate :many
WITH call AS MATERIALIZED (
    SELECT (c.fields ->> 'number')::integer AS number, (c.fields ->> 'organization_id')::uuid AS organization_id,
        (c.fields ->> 'id')::uuid AS id, (c.fields ->> 'workflow_id')::uuid AS workflow_id, c.fields ->> 'step' AS step,
        (c.fields ->> 'run_token')::integer AS run_token, (c.fields ->> 'fence')::integer AS fence,
        (c.fields ->> 'unit_id')::uuid AS unit_id, (c.fields ->> 'unit_attempt')::integer AS unit_attempt,
        (c.fields ->> 'article_id')::uuid AS article_id, (c.fields ->> 'visit')::integer AS visit,
        c.fields ->> 'part_key' AS part_key, ARRAY(SELECT jsonb_array_elements_text(c.fields -> 'models')) AS models,
        (c.fields ->> 'prompt_bytes')::bigint AS prompt_bytes,
        (c.fields ->> 'max_completion_tokens')::bigint AS max_completion_tokens,
        (c.fields ->> 'web_searches')::bigint AS web_searches, (c.fields ->> 'items')::bigint AS items,
        (c.fields ->> 'hold_pico')::bigint AS hold_pico, c.fields ->> 'actor' AS actor, c.fields ->> 'key' AS key,
        (c.fields ->> 'fingerprint')::bytea AS fingerprint, (c.fields ->> 'at')::timestamptz AS at,
        (c.fields ->> 'check_at')::timestamptz AS check_at
    FROM jsonb_array_elements(@calls::jsonb) AS c (fields)
), key_lock AS MATERIALIZED (
    SELECT pg_advisory_xact_lock(@key_class::integer, k.lock) FROM (
        SELECT DISTINCT hashtext(c.organization_id::text || c.key) AS lock FROM call AS c
        WHERE c.key IS NOT NULL
        ORDER BY lock
    ) AS k
), flow AS MATERIALIZED (
    SELECT w.* FROM (SELECT DISTINCT c.organization_id, c.workflow_id FROM call AS c) AS p
    JOIN intent_workflows AS w ON w.organization_id = p.organization_id AND w.id = p.workflow_id
    WHERE (SELECT count(*) FROM key_lock) >= 0 -- the keys first
    ORDER BY w.id
    FOR NO KEY UPDATE OF w
), unit AS MATERIALIZED (
    SELECT u.organization_id, u.id, u.token, u.attempt, u.lease_expires_at
    FROM (SELECT DISTINCT c.organization_id, c.unit_id FROM call AS c WHERE c.unit_id IS NOT NULL) AS p
    JOIN step_units AS u ON u.organization_id = p.organization_id AND u.id = p.unit_id
    WHERE (SELECT count(*) FROM flow) >= 0 -- the workflows first
    ORDER BY u.id
    FOR SHARE OF u
), budget AS MATERIALIZED (
    SELECT b.organization_id, b.article_id, b.workflow_id, b.held_pico, b.settled_pico, b.overage,
        b.cap_pico::numeric - b.settled_pico - b.held_pico AS room
    FROM (SELECT DISTINCT c.organization_id, c.article_id FROM call AS c WHERE c.article_id IS NOT NULL) AS p
    JOIN article_budgets AS b ON b.organization_id = p.organization_id AND b.article_id = p.article_id
    WHERE (SELECT count(*) FROM unit) >= 0 -- the units first
    ORDER BY b.article_id
    FOR NO KEY UPDATE OF b
), account AS MATERIALIZED (
    SELECT a.*, a.limit_pico::numeric - a.settled_pico - a.held_pico AS room
    FROM (
        SELECT c.organization_id, c.workflow_id AS id FROM call AS c
        UNION
        SELECT c.organization_id, (
            SELECT m.id FROM usage_accounts AS m
            WHERE m.organization_id = c.organization_id AND m.period_start <= c.at AND m.period_end > c.at
            ORDER BY m.period_start DESC
            LIMIT 1)
        FROM call AS c
    ) AS p
    JOIN usage_accounts AS a ON a.organization_id = p.organization_id AND a.id = p.id
    WHERE (SELECT count(*) FROM budget) >= 0 -- the budgets first
    ORDER BY a.period_start NULLS FIRST, a.id -- The account of a workflow has no period.
    FOR NO KEY UPDATE OF a
), allowed AS (
    SELECT c.*, m.id AS month_id, m.time_zone, m.period_end, w.room AS workflow_room, m.room AS month_room,
        b.room AS article_room
    FROM call AS c
    JOIN flow AS f ON f.organization_id = c.organization_id AND f.id = c.workflow_id
    JOIN account AS w ON w.organization_id = c.organization_id AND w.id = c.workflow_id
    JOIN account AS m ON m.organization_id = c.organization_id AND m.period_start <= c.at AND m.period_end > c.at
    LEFT JOIN unit AS u ON u.organization_id = c.organization_id AND u.id = c.unit_id
    LEFT JOIN budget AS b ON b.organization_id = c.organization_id AND b.article_id = c.article_id
        AND b.workflow_id = c.workflow_id
    WHERE f.state <> ALL(@terminal::text[]) AND f.version = coalesce(c.run_token, c.fence, f.version)
        AND (c.unit_id IS NULL
            OR u.token = f.version AND u.attempt = c.unit_attempt AND u.lease_expires_at IS NOT NULL)
        AND NOT w.stopped AND NOT m.stopped AND w.room >= c.hold_pico AND m.room >= c.hold_pico
        AND (c.article_id IS NULL OR b.room >= c.hold_pico)
), admitted AS (
    SELECT s.* FROM (
        SELECT a.*, sum(a.hold_pico) OVER (PARTITION BY a.organization_id, a.workflow_id ORDER BY a.number)
                AS workflow_sum,
            sum(a.hold_pico) OVER (PARTITION BY a.organization_id, a.month_id ORDER BY a.number) AS month_sum,
            sum(a.hold_pico) OVER (PARTITION BY a.organization_id, a.article_id ORDER BY a.number) AS article_sum
        FROM allowed AS a
    ) AS s
    WHERE s.workflow_room >= s.workflow_sum AND s.month_room >= s.month_sum
        AND (s.article_id IS NULL OR s.article_room >= s.article_sum)
), claimed AS (
    INSERT INTO idempotency_keys (organization_id, key, fingerprint, workflow_id, call_id, actor, created_at)
    SELECT a.organization_id, a.key, a.fingerprint, a.workflow_id, a.id, a.actor, a.at FROM admitted AS a
    WHERE a.key IS NOT NULL
    ORDER BY a.number
    ON CONFLICT (organization_id, key) DO NOTHING
    RETURNING organization_id, call_id
), held AS MATERIALIZED (
    SELECT a.* FROM admitted AS a
    WHERE a.key IS NULL OR (a.organization_id, a.id) IN (SELECT c.organization_id, c.call_id FROM claimed AS c)
), reserved AS (
    INSERT INTO ai_calls (
        organization_id, id, workflow_id, month_id, step, run_token, state, models, prompt_bytes,
        max_completion_tokens, web_searches, items_reserved, hold_pico, actor, reserved_at, admitted_on, check_at,
        visit, part_key, unit_id, unit_attempt, article_id)
    SELECT h.organization_id, h.id, h.workflow_id, h.month_id, h.step, h.run_token, @reserved, h.models, h.prompt_bytes,
        h.max_completion_tokens, h.web_searches, h.items, h.hold_pico, h.actor, h.at,
        -- Where the zone has changed with this month, its first hours may show the day before; they are its first
        -- day's.
        greatest(timezone(coalesce(h.time_zone, o.time_zone), h.at)::date,
            date_trunc('month', timezone(coalesce(h.time_zone, o.time_zone), h.period_end) - interval '1 second')::date),
        h.check_at, h.visit, h.part_key, h.unit_id, h.unit_attempt, h.article_id
    FROM held AS h
    JOIN organizations AS o ON o.id = h.organization_id
), counted AS (
    -- After a wait PostgreSQL checks the constraints of the row that it waited for first. So all that they compare comes
    -- from the row as it was locked.
    UPDATE article_budgets AS b SET held_pico = s.held_pico, settled_pico = s.settled_pico, overage = s.overage
    FROM (
        SELECT l.organization_id, l.article_id, l.held_pico + sum(h.hold_pico)::bigint AS held_pico, l.settled_pico,
            l.overage
        FROM held AS h
        JOIN budget AS l ON l.organization_id = h.organization_id AND l.article_id = h.article_id
        GROUP BY l.organization_id, l.article_id, l.held_pico, l.settled_pico, l.overage
    ) AS s
    WHERE b.organization_id = s.organization_id AND b.article_id = s.article_id
), booked AS (
    SELECT h.number, h.organization_id, h.id AS call_id, h.workflow_id, h.month_id, h.hold_pico, h.actor, h.at,
        a.id AS account_id, a.sequence + row_number() OVER w AS sequence, a.settled_pico,
        (a.held_pico + sum(h.hold_pico) OVER w)::bigint AS held_pico, a.limit_pico, a.stopped, a.hash AS first_hash,
        row_number() OVER w = count(*) OVER (PARTITION BY a.organization_id, a.id) AS is_last
    FROM held AS h
    JOIN account AS a ON a.organization_id = h.organization_id AND a.id IN (h.workflow_id, h.month_id)
    WINDOW w AS (PARTITION BY a.organization_id, a.id ORDER BY h.number)
), hashed AS (
    SELECT b.*, entry_chain(b.first_hash, b.organization_id, b.account_id, b.sequence, @kind::text, b.call_id, 0,
        b.hold_pico, 0, b.settled_pico, b.held_pico, b.limit_pico, b.stopped, false, b.actor, '', b.at) OVER w AS hash
    FROM booked AS b
    WINDOW w AS (PARTITION BY b.organization_id, b.account_id ORDER BY b.number)
), entry AS MATERIALIZED (
    SELECT h.*, coalesce(lag(h.hash) OVER w, h.first_hash) AS previous_hash FROM hashed AS h
    WINDOW w AS (PARTITION BY h.organization_id, h.account_id ORDER BY h.number)
), moved AS (
    UPDATE usage_accounts AS a
    SET sequence = e.sequence, held_pico = e.held_pico, previous_stopped = a.stopped, previous_hash = e.previous_hash,
        hash = e.hash
    FROM entry AS e
    WHERE a.organization_id = e.organization_id AND a.id = e.account_id AND e.is_last
), entered AS (
    INSERT INTO ai_usage_ledger (
        organization_id, account_id, sequence, kind, call_id, call_hold_pico, settled_before, settled_delta,
        settled_after, held_before, held_delta, held_after, limit_before, limit_delta, limit_after, stopped_before,
        stopped_after, overage, actor, reason, occurred_at, previous_hash, hash)
    SELECT e.organization_id, e.account_id, e.sequence, @kind::entry_kind, e.call_id, e.hold_pico, e.settled_pico, 0,
        e.settled_pico, e.held_pico - e.hold_pico, e.hold_pico, e.held_pico, e.limit_pico, 0, e.limit_pico,
        e.stopped, e.stopped, false, e.actor, '', e.at, e.previous_hash, e.hash
    FROM entry AS e
)
SELECT e.number::integer AS number, e.month_id::uuid AS month_id, e.sequence::bigint AS sequence, f.*
FROM entry AS e
JOIN flow AS f ON f.organization_id = e.organization_id AND f.id = e.workflow_id
WHERE e.account_id = e.workflow_id
ORDER BY e.number
LIMIT 1000;
