-- AccountBook writes what has happened anyway, whatever the limit: a settlement, a release, an assumption, an
-- adjustment. The entry selects from what the update returned.
-- name: AccountBook :one
WITH booked AS (
    UPDATE usage_accounts AS a
    SET sequence = a.sequence + 1, settled_pico = a.settled_pico + @settled_delta::bigint,
        held_pico = a.held_pico + @held_delta::bigint,
        stopped = a.stopped OR (@overage::boolean AND a.kind = @stopped_kind), previous_hash = a.hash,
        hash = entry_hash(a.hash, a.organization_id, a.id, a.sequence + 1, @kind::entry_kind, @call_id::uuid,
            @settled_delta::bigint, @held_delta::bigint, 0, a.settled_pico + @settled_delta::bigint,
            a.held_pico + @held_delta::bigint, a.limit_pico,
            a.stopped OR (@overage::boolean AND a.kind = @stopped_kind), @overage::boolean, @actor::actor,
            @reason::reason, @at::timestamptz)
    WHERE a.organization_id = @organization_id AND a.id = @id
    RETURNING a.*
), entered AS (
    INSERT INTO ai_usage_ledger (
        organization_id, account_id, sequence, kind, call_id, call_hold_pico, settled_before, settled_delta,
        settled_after, held_before, held_delta, held_after, limit_before, limit_delta, limit_after, stopped_before,
        stopped_after, overage, actor, reason, occurred_at, previous_hash, hash)
    SELECT b.organization_id, b.id, b.sequence, @kind::entry_kind, @call_id::uuid, @call_hold_pico::amount_pico,
        b.settled_pico - @settled_delta::bigint, @settled_delta::bigint, b.settled_pico,
        b.held_pico - @held_delta::bigint, @held_delta::bigint, b.held_pico, b.limit_pico, 0, b.limit_pico,
        l.stopped_after, b.stopped, @overage::boolean, @actor::actor, @reason::reason, @at::timestamptz,
        b.previous_hash, b.hash
    FROM booked AS b
    JOIN ai_usage_ledger AS l
        ON l.organization_id = b.organization_id AND l.account_id = b.id AND l.sequence = b.sequence - 1
)
SELECT b.* FROM booked AS b;

-- AccountGet returns one account.
-- name: AccountGet :one
SELECT a.* FROM usage_accounts AS a WHERE a.organization_id = @organization_id AND a.id = @id;

-- AccountGetMonth returns the account of the month that a time falls in.
-- name: AccountGetMonth :one
SELECT a.* FROM usage_accounts AS a
WHERE a.organization_id = @organization_id AND a.period_start <= @at AND a.period_end > @at
ORDER BY a.period_start
LIMIT 1;

-- AccountHold reserves money if settled and held and the new hold fit below the limit. The condition is in the UPDATE,
-- which waits for whoever is before it; the ledger entry selects from what it returned. No row: refused.
-- name: AccountHold :one
WITH held AS (
    UPDATE usage_accounts AS a
    SET sequence = a.sequence + 1, held_pico = a.held_pico + @hold_pico::bigint, previous_hash = a.hash,
        hash = entry_hash(a.hash, a.organization_id, a.id, a.sequence + 1, @kind::entry_kind, @call_id::uuid, 0,
            @hold_pico::bigint, 0, a.settled_pico, a.held_pico + @hold_pico::bigint, a.limit_pico, a.stopped, false,
            @actor::actor, @reason::reason, @at::timestamptz)
    WHERE a.organization_id = @organization_id AND a.id = @id AND NOT a.stopped
        AND a.limit_pico - a.settled_pico - a.held_pico >= @hold_pico::bigint
    RETURNING a.*
), entered AS (
    INSERT INTO ai_usage_ledger (
        organization_id, account_id, sequence, kind, call_id, call_hold_pico, settled_before, settled_delta,
        settled_after, held_before, held_delta, held_after, limit_before, limit_delta, limit_after, stopped_before,
        stopped_after, overage, actor, reason, occurred_at, previous_hash, hash)
    SELECT h.organization_id, h.id, h.sequence, @kind::entry_kind, @call_id::uuid, @hold_pico::bigint, h.settled_pico,
        0, h.settled_pico, h.held_pico - @hold_pico::bigint, @hold_pico::bigint, h.held_pico, h.limit_pico, 0,
        h.limit_pico, h.stopped, h.stopped, false, @actor::actor, @reason::reason, @at::timestamptz, h.previous_hash,
        h.hash
    FROM held AS h
)
SELECT h.* FROM held AS h;

-- AccountListAll pages through the accounts of all organizations by key, for the auditor.
-- name: AccountListAll :many
SELECT a.* FROM usage_accounts AS a
WHERE (a.organization_id, a.id) > (@after_organization_id::uuid, @after_id::uuid)
ORDER BY a.organization_id, a.id
LIMIT @page_size;

-- AccountListByWorkflows returns the accounts of workflows.
-- name: AccountListByWorkflows :many
SELECT a.* FROM usage_accounts AS a
WHERE a.organization_id = @organization_id AND a.id = ANY(@workflow_ids::uuid[])
ORDER BY a.id
LIMIT 1000;

-- AccountOpenMonth opens the account of a month with its first ledger entry, at the limit the organization has then. It
-- changes nothing when the month is open already.
-- name: AccountOpenMonth :exec
WITH opened AS (
    INSERT INTO usage_accounts (
        organization_id, id, kind, period_start, period_end, sequence, settled_pico, held_pico, limit_pico, stopped,
        previous_hash, hash)
    SELECT o.id, @id, @kind, @period_start, @period_end, 0, 0, 0, o.month_limit_pico, false, ''::bytea,
        entry_hash(''::bytea, o.id, @id, 0, @entry_kind::entry_kind, NULL, 0, 0, o.month_limit_pico, 0, 0,
            o.month_limit_pico, false, false, @actor::actor, @reason::reason, @at::timestamptz)
    FROM organizations AS o WHERE o.id = @organization_id
    ON CONFLICT (organization_id, period_start) DO NOTHING
    RETURNING *
)
INSERT INTO ai_usage_ledger (
    organization_id, account_id, sequence, kind, settled_before, settled_delta, settled_after, held_before, held_delta,
    held_after, limit_before, limit_delta, limit_after, stopped_before, stopped_after, overage, actor, reason,
    occurred_at, previous_hash, hash)
SELECT a.organization_id, a.id, 0, @entry_kind::entry_kind, 0, 0, 0, 0, 0, 0, 0, a.limit_pico, a.limit_pico, false,
    false, false, @actor::actor, @reason::reason, @at::timestamptz, a.previous_hash, a.hash
FROM opened AS a;
