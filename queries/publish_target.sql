-- PublishTargetGet returns one target with the newest row of its journal.
-- name: PublishTargetGet :one
SELECT sqlc.embed(t), sqlc.embed(v) FROM publish_targets AS t
JOIN publish_target_versions AS v ON v.organization_id = t.organization_id AND v.target_id = t.id
WHERE t.organization_id = @organization_id AND t.id = @id
ORDER BY v.version DESC
LIMIT 1;

-- PublishTargetInsert writes a target. No row: the organization has, or has had, one of this name.
-- name: PublishTargetInsert :one
INSERT INTO publish_targets (organization_id, id, name, kind, policy, base_url, username, created_by, created_at)
VALUES (@organization_id, @id, @name, @kind, @policy, @base_url, @username, @actor, @at)
ON CONFLICT (organization_id, name) DO NOTHING
RETURNING id;

-- PublishTargetList returns the targets with the newest row of their journals, the newest target first.
-- name: PublishTargetList :many
SELECT sqlc.embed(t), sqlc.embed(v) FROM publish_targets AS t
JOIN publish_target_versions AS v ON v.organization_id = t.organization_id AND v.target_id = t.id
WHERE t.organization_id = @organization_id AND NOT EXISTS (
    SELECT FROM publish_target_versions AS later
    WHERE later.organization_id = v.organization_id AND later.target_id = v.target_id AND later.version > v.version)
ORDER BY t.created_at DESC, t.id DESC
LIMIT @page_size;
