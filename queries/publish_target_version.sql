-- PublishTargetVersionInsert adds a row to the journal of a target. No row: another request has added that version.
-- name: PublishTargetVersionInsert :one
INSERT INTO publish_target_versions (
    organization_id, target_id, version, state, secret, api_root, site_name, account, failure, message, actor, reason,
    occurred_at)
VALUES (
    @organization_id, @target_id, @version, @state, @secret, @api_root, @site_name, @account, @failure, @message, @actor,
    @reason, @at)
ON CONFLICT (organization_id, target_id, version) DO NOTHING
RETURNING version;
