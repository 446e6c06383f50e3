-- ApiKeyEventCount counts the events of API keys.
-- name: ApiKeyEventCount :one
SELECT count(*) FROM organization_changes AS c
WHERE c.organization_id = @organization_id AND c.api_key_id IS NOT NULL;

-- ApiKeyEventList pages through the creations and revocations of API keys, the newest first.
-- name: ApiKeyEventList :many
SELECT c.version, c.occurred_at, c.actor, c.reason, coalesce(c.api_key_event, '')::text AS event, sqlc.embed(k)
FROM organization_changes AS c
JOIN api_keys AS k ON k.organization_id = c.organization_id AND k.id = c.api_key_id
WHERE c.organization_id = @organization_id AND c.version < @before_version::integer
ORDER BY c.version DESC
LIMIT @page_size;

-- ApiKeyEventListAscending is ApiKeyEventList with the oldest first.
-- name: ApiKeyEventListAscending :many
SELECT c.version, c.occurred_at, c.actor, c.reason, coalesce(c.api_key_event, '')::text AS event, sqlc.embed(k)
FROM organization_changes AS c
JOIN api_keys AS k ON k.organization_id = c.organization_id AND k.id = c.api_key_id
WHERE c.organization_id = @organization_id AND c.version > @after_version::integer
ORDER BY c.version
LIMIT @page_size;
