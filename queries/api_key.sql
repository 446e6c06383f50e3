-- ApiKeyAdd writes a key; a row of the organization's journal has its creation.
-- name: ApiKeyAdd :one
INSERT INTO api_keys (
    organization_id, id, name, role, prefix, digest, expires_at, created_by, created_at, created_version, workflow_id)
VALUES (@organization_id, @id, @name, @role, @prefix, @digest, @expires_at, @actor, @at, @version,
    sqlc.narg('workflow_id'))
RETURNING *;

-- ApiKeyCount counts the keys of the organization: all, or those that are valid at a time.
-- name: ApiKeyCount :one
SELECT count(*) FROM api_keys AS k
WHERE k.organization_id = @organization_id
    AND (NOT @live::boolean OR k.revoked_at IS NULL AND k.expires_at > @at::timestamptz);

-- ApiKeyFind returns the key that begins with a prefix.
-- name: ApiKeyFind :one
SELECT k.* FROM api_keys AS k WHERE k.organization_id = @organization_id AND k.prefix = @prefix;

-- ApiKeyGet returns one key.
-- name: ApiKeyGet :one
SELECT k.* FROM api_keys AS k WHERE k.organization_id = @organization_id AND k.id = @id;

-- ApiKeyGetByName returns the key of a name.
-- name: ApiKeyGetByName :one
SELECT k.* FROM api_keys AS k WHERE k.organization_id = @organization_id AND k.name = @name;

-- ApiKeyList pages through the keys, the newest first.
-- name: ApiKeyList :many
SELECT k.* FROM api_keys AS k
WHERE k.organization_id = @organization_id
    AND (k.created_at, k.id) < (@before_at::timestamptz, @before_id::uuid)
ORDER BY k.created_at DESC, k.id DESC
LIMIT @page_size;

-- ApiKeyListAscending is ApiKeyList with the oldest first, after the cursor (after_at, after_id).
-- name: ApiKeyListAscending :many
SELECT k.* FROM api_keys AS k
WHERE k.organization_id = @organization_id
    AND (k.created_at, k.id) > (@after_at::timestamptz, @after_id::uuid)
ORDER BY k.created_at, k.id
LIMIT @page_size;

-- ApiKeyRevoke ends a key; a row of the organization's journal has its revocation. No row: no such key, or revoked
-- before.
-- name: ApiKeyRevoke :one
UPDATE api_keys AS k
SET revoked_by = @actor::actor, revoked_at = @at::timestamptz, revoked_version = @version::integer
WHERE k.organization_id = @organization_id AND k.id = @id AND k.revoked_version IS NULL
RETURNING k.*;

-- ApiKeyTouch stores the time of last use, unless a later one than noted_before is stored.
-- name: ApiKeyTouch :exec
UPDATE api_keys AS k SET last_used_at = @at::timestamptz
WHERE k.organization_id = @organization_id AND k.id = @id
    AND (k.last_used_at IS NULL OR k.last_used_at <= @noted_before::timestamptz);
