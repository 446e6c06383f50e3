-- IdempotencyClaim writes a key. No row changes when it was used before. It waits for a transaction that has the lock of
-- the same key. All transactions take that lock first.
-- name: IdempotencyClaim :execrows
WITH key_lock AS MATERIALIZED (
    SELECT pg_advisory_xact_lock(@key_class::integer, hashtext((@organization_id::uuid)::text || @key::text))
)
INSERT INTO idempotency_keys (organization_id, key, fingerprint, workflow_id, call_id, actor, created_at)
SELECT @organization_id::uuid, @key::text, @fingerprint, sqlc.narg('workflow_id')::uuid, sqlc.narg('call_id')::uuid,
    @actor, @at
FROM key_lock
ON CONFLICT (organization_id, key) DO NOTHING;

-- IdempotencyComplete adds the result of the request: a transition, by its version, a ledger entry, or the answer
-- itself.
-- name: IdempotencyComplete :exec
UPDATE idempotency_keys AS k
SET version = sqlc.narg('version')::integer, account_id = sqlc.narg('account_id')::uuid,
    sequence = sqlc.narg('sequence')::bigint, answer = sqlc.narg('answer')::jsonb
WHERE k.organization_id = @organization_id AND k.key = @key;

-- IdempotencyGet returns the record of a key.
-- name: IdempotencyGet :one
SELECT k.* FROM idempotency_keys AS k WHERE k.organization_id = @organization_id AND k.key = @key;
