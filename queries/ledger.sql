-- LedgerBookedForCall sums what an account has booked for a call so far.
-- name: LedgerBookedForCall :one
SELECT coalesce(sum(l.settled_delta), 0)::bigint FROM ai_usage_ledger AS l
WHERE l.organization_id = @organization_id AND l.account_id = @account_id AND l.call_id = @call_id;

-- LedgerGet returns one entry.
-- name: LedgerGet :one
SELECT l.* FROM ai_usage_ledger AS l
WHERE l.organization_id = @organization_id AND l.account_id = @account_id AND l.sequence = @sequence;

-- LedgerListAll pages through the ledgers of all organizations by key, for the auditor.
-- name: LedgerListAll :many
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
