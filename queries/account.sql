-- AccountBook writes an event that has happened, whatever the limit: a settlement, a release, an assumption, a
-- correction, or a call without a reservation. It updates the account, the ledger and the day in one statement. The
-- entry selects from the rows of the UPDATE only, since this statement may have waited for another one whose entry it
-- does not see. The day counts the call as this transaction has ended or locked it; verify reports an entry without
-- its count.
-- name: AccountBook :one
WITH booked AS (
    UPDATE usage_accounts AS a
    SET sequence = a.sequence + 1, settled_pico = a.settled_pico + @settled_delta::bigint,
        held_pico = a.held_pico + @held_delta::bigint,
        stopped = a.stopped OR (@overage::boolean AND a.kind = @stopped_kind), previous_stopped = a.stopped,
        previous_hash = a.hash,
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
        stopped_after, overage, actor, reason, occurred_at, previous_hash, hash, corrects_sequence,
        limit_sequence)
    SELECT b.organization_id, b.id, b.sequence, @kind::entry_kind, @call_id::uuid, @call_hold_pico::amount_pico,
        b.settled_pico - @settled_delta::bigint, @settled_delta::bigint, b.settled_pico,
        b.held_pico - @held_delta::bigint, @held_delta::bigint, b.held_pico, b.limit_pico, 0, b.limit_pico,
        b.previous_stopped, b.stopped, @overage::boolean, @actor::actor, @reason::reason, @at::timestamptz,
        b.previous_hash, b.hash, sqlc.narg('corrects_sequence')::bigint, b.limit_sequence
    FROM booked AS b
), counted AS (
    INSERT INTO usage_days AS u (
        organization_id, account_id, account_kind, day, step, model, outcome, calls, prompt_tokens, completion_tokens,
        settled_pico, assumed_pico, adjusted_pico, overage_pico)
    SELECT b.organization_id, b.id, b.kind, c.admitted_on, c.step, c.answered_model, c.state, @calls::bigint,
        c.prompt_tokens * @calls::bigint, c.completion_tokens * @calls::bigint, @counted_settled::bigint,
        @counted_assumed::bigint, @counted_adjusted::bigint, @counted_overage::bigint
    FROM booked AS b
    JOIN ai_calls AS c ON c.organization_id = b.organization_id AND c.id = @call_id::uuid
    ON CONFLICT (organization_id, account_id, day, step, model, outcome) DO UPDATE
    SET calls = u.calls + excluded.calls, prompt_tokens = u.prompt_tokens + excluded.prompt_tokens,
        completion_tokens = u.completion_tokens + excluded.completion_tokens,
        settled_pico = u.settled_pico + excluded.settled_pico, assumed_pico = u.assumed_pico + excluded.assumed_pico,
        adjusted_pico = u.adjusted_pico + excluded.adjusted_pico,
        overage_pico = u.overage_pico + excluded.overage_pico
)
SELECT b.* FROM booked AS b;

-- AccountGet returns one account.
-- name: AccountGet :one
SELECT a.* FROM usage_accounts AS a WHERE a.organization_id = @organization_id AND a.id = @id;

-- AccountGetMonth returns the account of the month that a time falls in.
-- name: AccountGetMonth :one
SELECT a.* FROM usage_accounts AS a
WHERE a.organization_id = @organization_id AND a.period_start <= @at AND a.period_end > @at
ORDER BY a.period_start DESC
LIMIT 1;

-- AccountLimit sets the limit of an account that this transaction has locked, and ends a stop by an overage. A limit
-- below settled and held disturbs no call; the next hold is refused.
-- name: AccountLimit :one
WITH limited AS (
    UPDATE usage_accounts AS a
    SET sequence = a.sequence + 1, limit_pico = a.limit_pico + @limit_delta::bigint, limit_sequence = a.sequence + 1,
        stopped = false, previous_stopped = a.stopped, previous_hash = a.hash,
        hash = entry_hash(a.hash, a.organization_id, a.id, a.sequence + 1, @kind::entry_kind, NULL, 0, 0,
            @limit_delta::bigint, a.settled_pico, a.held_pico, a.limit_pico + @limit_delta::bigint, false, false,
            @actor::actor, @reason::reason, @at::timestamptz)
    WHERE a.organization_id = @organization_id AND a.id = @id
    RETURNING a.*
), entered AS (
    INSERT INTO ai_usage_ledger (
        organization_id, account_id, sequence, kind, settled_before, settled_delta, settled_after, held_before,
        held_delta, held_after, limit_before, limit_delta, limit_after, stopped_before, stopped_after, overage, actor,
        reason, occurred_at, previous_hash, hash, limit_sequence)
    SELECT l.organization_id, l.id, l.sequence, @kind::entry_kind, l.settled_pico, 0, l.settled_pico, l.held_pico, 0,
        l.held_pico, l.limit_pico - @limit_delta::bigint, @limit_delta::bigint, l.limit_pico, l.previous_stopped,
        l.stopped, false, @actor::actor, @reason::reason, @at::timestamptz, l.previous_hash, l.hash,
        l.limit_sequence
    FROM limited AS l
)
SELECT l.* FROM limited AS l;

-- AccountListAll pages through the accounts of all organizations by key, for the auditor.
-- name: AccountListAll :many
-- The rule is off: the auditor reads all organizations.
-- @sqlc-vet-disable names-organization
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

-- AccountListMonths pages through the months of all organizations in order, for the auditor.
-- name: AccountListMonths :many
-- The rule is off: the auditor reads all organizations.
-- @sqlc-vet-disable names-organization
SELECT a.* FROM usage_accounts AS a
WHERE a.period_start IS NOT NULL
    AND (a.organization_id, a.period_start) > (@after_organization_id::uuid, @after_start::timestamptz)
ORDER BY a.organization_id, a.period_start
LIMIT @page_size;

-- AccountListWithMonth returns the accounts of workflows, each with the month of a time, or with the limit that the
-- month would have. It locks nothing, so the answer may be out of date at once. The conditions in CallHoldCreate are the
-- guard.
-- name: AccountListWithMonth :many
SELECT a.id AS workflow_id, a.settled_pico, a.held_pico, a.limit_pico, a.stopped,
    coalesce(m.settled_pico, 0)::bigint AS month_settled_pico, coalesce(m.held_pico, 0)::bigint AS month_held_pico,
    coalesce(m.limit_pico, o.month_limit_pico)::bigint AS month_limit_pico,
    coalesce(m.stopped, false)::boolean AS month_stopped
FROM usage_accounts AS a
JOIN organizations AS o ON o.id = a.organization_id
LEFT JOIN usage_accounts AS m ON m.organization_id = a.organization_id
    AND m.period_start <= @at::timestamptz AND m.period_end > @at::timestamptz
WHERE a.organization_id = @organization_id AND a.id = ANY(@workflow_ids::uuid[])
ORDER BY a.id
LIMIT 1000;

-- AccountLock returns one account and locks it until the transaction ends.
-- name: AccountLock :one
SELECT a.* FROM usage_accounts AS a WHERE a.organization_id = @organization_id AND a.id = @id FOR NO KEY UPDATE;

-- AccountLockMonths returns the month that starts at a time and all later ones, in order, and locks them until the
-- transaction ends.
-- name: AccountLockMonths :many
SELECT a.* FROM usage_accounts AS a
WHERE a.organization_id = @organization_id AND a.period_start >= @period_start
ORDER BY a.period_start
LIMIT 100
FOR NO KEY UPDATE;

-- AccountOpenMonth opens the account of a month with its first ledger entry, at the organization's present limit. It
-- waits for a change of that limit. It changes nothing when the month is open, or when the organization has left the
-- time zone of the period.
-- name: AccountOpenMonth :exec
WITH settings AS (
    SELECT o.id, o.time_zone, o.month_limit_pico FROM organizations AS o
    WHERE o.id = @organization_id AND o.time_zone = @time_zone
    FOR SHARE
), opened AS (
    INSERT INTO usage_accounts (
        organization_id, id, kind, period_start, period_end, time_zone, sequence, settled_pico, held_pico, limit_pico,
        stopped, previous_hash, hash)
    SELECT s.id, @id, @kind, @period_start, @period_end, s.time_zone, 0, 0, 0, s.month_limit_pico, false, ''::bytea,
        entry_hash(''::bytea, s.id, @id, 0, @entry_kind::entry_kind, NULL, 0, 0, s.month_limit_pico, 0, 0,
            s.month_limit_pico, false, false, @actor::actor, @reason::reason, @at::timestamptz)
    FROM settings AS s
    ON CONFLICT DO NOTHING
    RETURNING *
)
INSERT INTO ai_usage_ledger (
    organization_id, account_id, sequence, kind, settled_before, settled_delta, settled_after, held_before, held_delta,
    held_after, limit_before, limit_delta, limit_after, stopped_before, stopped_after, overage, actor, reason,
    occurred_at, previous_hash, hash)
SELECT a.organization_id, a.id, 0, @entry_kind::entry_kind, 0, 0, 0, 0, 0, 0, 0, a.limit_pico, a.limit_pico, false,
    false, false, @actor::actor, @reason::reason, @at::timestamptz, a.previous_hash, a.hash
FROM opened AS a;
