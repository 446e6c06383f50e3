-- LedgerBookedForCall sums what an account has booked for a call so far.
-- name: LedgerBookedForCall :one
SELECT coalesce(sum(l.settled_delta), 0)::bigint FROM ai_usage_ledger AS l
WHERE l.organization_id = @organization_id AND l.account_id = @account_id AND l.call_id = @call_id;

-- LedgerCountByTime counts the entries of a filter, which is that of LedgerListByTime.
-- name: LedgerCountByTime :one
SELECT count(*) FROM ai_usage_ledger AS l
WHERE l.organization_id = @organization_id
    AND l.account_id = ANY(@account_ids::uuid[] || ARRAY(
        SELECT a.id FROM usage_accounts AS a
        WHERE a.organization_id = @organization_id AND a.period_start IS NOT NULL
            AND cardinality(@account_ids::uuid[]) = 0))
    AND l.occurred_at >= @from_time AND l.occurred_at < @to_time
    AND (cardinality(@kinds::text[]) = 0 OR l.kind = ANY(@kinds::text[]));

-- LedgerGet returns one entry.
-- name: LedgerGet :one
SELECT l.* FROM ai_usage_ledger AS l
WHERE l.organization_id = @organization_id AND l.account_id = @account_id AND l.sequence = @sequence;

-- LedgerGetLastOfCall returns the last entry of a kind that an account has for a call, corrections of a named entry aside.
-- name: LedgerGetLastOfCall :one
SELECT l.* FROM ai_usage_ledger AS l
WHERE l.organization_id = @organization_id AND l.account_id = @account_id AND l.call_id = @call_id AND l.kind = @kind
    AND l.corrects_sequence IS NULL
ORDER BY l.sequence DESC
LIMIT 1;

-- LedgerGetSibling returns the entry of the same event on the other account of a call. Each event of a call is booked
-- on both accounts in the same order, so it is the entry with as many entries of the call before it.
-- name: LedgerGetSibling :one
SELECT l.* FROM ai_usage_ledger AS l
WHERE l.organization_id = @organization_id AND l.account_id = @other_account_id AND l.call_id = @call_id
ORDER BY l.sequence
LIMIT 1 OFFSET (
    SELECT count(*) FROM ai_usage_ledger AS e
    WHERE e.organization_id = @organization_id AND e.account_id = @account_id AND e.call_id = @call_id
        AND e.sequence < @sequence
);

-- LedgerListAll pages through the ledgers of all organizations by key, for the auditor.
-- name: LedgerListAll :many
-- The rule is off: the auditor reads all organizations.
-- @sqlc-vet-disable names-organization
SELECT l.* FROM ai_usage_ledger AS l
WHERE (l.organization_id, l.account_id, l.sequence)
    > (@after_organization_id::uuid, @after_account_id::uuid, @after_sequence::bigint)
ORDER BY l.organization_id, l.account_id, l.sequence
LIMIT @page_size;

-- LedgerListByAccounts returns of each account the first entries after a sequence number, in order.
-- name: LedgerListByAccounts :many
SELECT l.* FROM unnest(@account_ids::uuid[]) AS wanted (id)
CROSS JOIN LATERAL (
    SELECT e.* FROM ai_usage_ledger AS e
    WHERE e.organization_id = @organization_id AND e.account_id = wanted.id AND e.sequence > @after_sequence::bigint
    ORDER BY e.sequence
    LIMIT @page_size
) AS l
ORDER BY l.account_id, l.sequence;

-- LedgerListByAccountsDescending returns of each account the last entries before a sequence number, the last first.
-- name: LedgerListByAccountsDescending :many
SELECT l.* FROM unnest(@account_ids::uuid[]) AS wanted (id)
CROSS JOIN LATERAL (
    SELECT e.* FROM ai_usage_ledger AS e
    WHERE e.organization_id = @organization_id AND e.account_id = wanted.id AND e.sequence < @before_sequence::bigint
    ORDER BY e.sequence DESC
    LIMIT @page_size
) AS l
ORDER BY l.account_id, l.sequence DESC;

-- LedgerListByCalls returns the entries of calls, for the auditor. The two lists name them together.
-- name: LedgerListByCalls :many
-- The rule is off: the calls are one page, and each has a few entries.
-- @sqlc-vet-disable many-is-ordered-and-bounded
SELECT l.* FROM (
    SELECT unnest(@organization_ids::uuid[]) AS organization_id, unnest(@call_ids::uuid[]) AS call_id
) AS wanted
JOIN ai_usage_ledger AS l ON l.organization_id = wanted.organization_id AND l.call_id = wanted.call_id
ORDER BY l.organization_id, l.call_id, l.account_id, l.sequence;

-- LedgerListByOrganization pages through the ledgers of one organization by key: the entries of a range of time, each
-- with the kind of its account and the article of its call.
-- name: LedgerListByOrganization :many
SELECT sqlc.embed(l), a.kind AS account_kind, c.article_id AS article_id FROM ai_usage_ledger AS l
JOIN usage_accounts AS a ON a.organization_id = l.organization_id AND a.id = l.account_id
LEFT JOIN ai_calls AS c ON c.organization_id = l.organization_id AND c.id = l.call_id
WHERE l.organization_id = @organization_id
    AND (l.account_id, l.sequence) > (@after_account_id::uuid, @after_sequence::bigint)
    AND l.occurred_at >= @from_time AND l.occurred_at < @to_time
ORDER BY l.account_id, l.sequence
LIMIT @page_size;

-- LedgerListByTime pages through the entries of accounts by time, the oldest first. No accounts are all months.
-- name: LedgerListByTime :many
SELECT l.* FROM ai_usage_ledger AS l
WHERE l.organization_id = @organization_id
    AND l.account_id = ANY(@account_ids::uuid[] || ARRAY(
        SELECT a.id FROM usage_accounts AS a
        WHERE a.organization_id = @organization_id AND a.period_start IS NOT NULL
            AND cardinality(@account_ids::uuid[]) = 0))
    AND l.occurred_at >= @from_time AND l.occurred_at < @to_time
    AND (cardinality(@kinds::text[]) = 0 OR l.kind = ANY(@kinds::text[]))
    AND (l.occurred_at, l.account_id, l.sequence)
        > (@cursor_at::timestamptz, @cursor_account::uuid, @cursor_sequence::bigint)
ORDER BY l.organization_id, l.occurred_at, l.account_id, l.sequence
LIMIT @page_size;

-- LedgerListByTimeDescending is LedgerListByTime with the newest first.
-- name: LedgerListByTimeDescending :many
SELECT l.* FROM ai_usage_ledger AS l
WHERE l.organization_id = @organization_id
    AND l.account_id = ANY(@account_ids::uuid[] || ARRAY(
        SELECT a.id FROM usage_accounts AS a
        WHERE a.organization_id = @organization_id AND a.period_start IS NOT NULL
            AND cardinality(@account_ids::uuid[]) = 0))
    AND l.occurred_at >= @from_time AND l.occurred_at < @to_time
    AND (cardinality(@kinds::text[]) = 0 OR l.kind = ANY(@kinds::text[]))
    AND (l.occurred_at, l.account_id, l.sequence)
        < (@cursor_at::timestamptz, @cursor_account::uuid, @cursor_sequence::bigint)
ORDER BY l.organization_id DESC, l.occurred_at DESC, l.account_id DESC, l.sequence DESC
LIMIT @page_size;

-- LedgerListStray returns entries of calls that do not exist, for the auditor.
-- name: LedgerListStray :many
-- The rule is off: the auditor reads all organizations.
-- @sqlc-vet-disable names-organization
SELECT l.* FROM ai_usage_ledger AS l
WHERE l.call_id IS NOT NULL AND NOT EXISTS (
    SELECT FROM ai_calls AS c WHERE c.organization_id = l.organization_id AND c.id = l.call_id
)
ORDER BY l.organization_id, l.call_id, l.account_id, l.sequence
LIMIT @page_size;
