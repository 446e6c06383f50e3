-- IdempotencyClaim writes the key down. No row changes when it was used before; a key that another transaction is just
-- writing is waited for.
-- name: IdempotencyClaim :execrows
INSERT INTO idempotency_keys (organization_id, key, fingerprint, workflow_id, call_id, actor, created_at)
VALUES (@organization_id, @key, @fingerprint, @workflow_id, @call_id, @actor, @at)
ON CONFLICT (organization_id, key) DO NOTHING;

-- IdempotencyGet returns what the key was used for.
-- name: IdempotencyGet :one
SELECT k.* FROM idempotency_keys AS k WHERE k.organization_id = @organization_id AND k.key = @key;

-- IdempotencyName adds the version that the transition under this key has made.
-- name: IdempotencyName :exec
UPDATE idempotency_keys AS k SET version = @version::integer
WHERE k.organization_id = @organization_id AND k.key = @key;
