-- OutsideStepGet returns the steps that programs outside drive. No row: none was ever set.
-- name: OutsideStepGet :one
SELECT o.* FROM outside_steps AS o
WHERE o.organization_id = @organization_id
ORDER BY o.version DESC
LIMIT 1;

-- OutsideStepInsert sets the steps anew. No row comes back when another request has set that version.
-- name: OutsideStepInsert :one
INSERT INTO outside_steps (organization_id, version, steps, actor, reason, occurred_at)
VALUES (@organization_id, @version, @steps::text[], @actor, @reason, @at)
ON CONFLICT (organization_id, version) DO NOTHING
RETURNING *;
