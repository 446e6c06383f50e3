-- GateSettingGet returns the gate settings in force. No row: all gates are OFF.
-- name: GateSettingGet :one
SELECT g.* FROM gate_settings AS g
WHERE g.organization_id = @organization_id
ORDER BY g.version DESC
LIMIT 1;

-- GateSettingInsert sets the gates anew. No row comes back when another request has set that version.
-- name: GateSettingInsert :one
INSERT INTO gate_settings (
    organization_id, version, seeds, plan, publish, four_eyes, actor, reason, occurred_at)
VALUES (
    @organization_id, @version, @seeds, @plan, @publish, @four_eyes, @actor, @reason, @at)
ON CONFLICT (organization_id, version) DO NOTHING
RETURNING *;
