-- MarketSettingGet returns the market settings in force. No row: the defaults.
-- name: MarketSettingGet :one
SELECT m.* FROM market_settings AS m
WHERE m.organization_id = @organization_id
ORDER BY m.version DESC
LIMIT 1;

-- MarketSettingInsert sets the market anew. No row comes back when another request has set that version.
-- name: MarketSettingInsert :one
INSERT INTO market_settings (
    organization_id, version, location_code, language_code, negative_words, mode, actor, reason, occurred_at)
VALUES (
    @organization_id, @version, @location_code, @language_code, @negative_words::text[], @mode, @actor,
    @reason, @at)
ON CONFLICT (organization_id, version) DO NOTHING
RETURNING *;
