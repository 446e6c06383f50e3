-- IdempotencyClaim writes the key down. No row changes when it was used before; a key that another transaction is just
-- writing is waited for.
-- name: IdempotencyClaim :execrows
INSERT INTO idempotency_keys (organization_id, key, fingerprint, workflow_id, call_id, actor, created_at)
VALUES (
    @organization_id, @key, @fingerprint, sqlc.narg('workflow_id')::uuid, sqlc.narg('call_id')::uuid, @actor, @at)
ON CONFLICT (organization_id, key) DO NOTHING;

-- IdempotencyComplete adds what the request under this key has made: a transition, by its version, or a ledger entry; or the
-- answer itself.
-- name: IdempotencyComplete :exec
UPDATE idempotency_keys AS k
SET version = sqlc.narg('version')::integer, account_id = sqlc.narg('account_id')::uuid,
    sequence = sqlc.narg('sequence')::bigint, answer = sqlc.narg('answer')::jsonb
WHERE k.organization_id = @organization_id AND k.key = @key;

-- IdempotencyGet returns what the key was used for.
-- name: IdempotencyGet :one
SELECT k.* FROM idempotency_keys AS k WHERE k.organization_id = @organization_id AND k.key = @key;
