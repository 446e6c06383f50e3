-- OrganizationNameGet returns the name in force. No row: none was set.
-- name: OrganizationNameGet :one
SELECT n.* FROM organization_names AS n
WHERE n.organization_id = @organization_id
ORDER BY n.version DESC
LIMIT 1;

-- OrganizationNameInsert sets the name anew. No row comes back when another request has set that version.
-- name: OrganizationNameInsert :one
INSERT INTO organization_names (organization_id, version, name, actor, reason, occurred_at)
VALUES (@organization_id, @version, @name, @actor, @reason, @at)
ON CONFLICT (organization_id, version) DO NOTHING
RETURNING *;
