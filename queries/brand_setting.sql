-- BrandSettingGet returns the brand voice in force. No row: none was set.
-- name: BrandSettingGet :one
SELECT b.* FROM brand_settings AS b
WHERE b.organization_id = @organization_id
ORDER BY b.version DESC
LIMIT 1;

-- BrandSettingInsert sets the brand voice anew. No row comes back when another request has set that version.
-- name: BrandSettingInsert :one
INSERT INTO brand_settings (
    organization_id, version, tone, audience, dos, donts, banned_words, examples, actor, reason, occurred_at)
VALUES (
    @organization_id, @version, @tone, @audience, @dos::text[], @donts::text[], @banned_words::text[], @examples,
    @actor, @reason, @at)
ON CONFLICT (organization_id, version) DO NOTHING
RETURNING *;
