-- An API key may be bound to one workflow. It then reaches nothing else.

ALTER TABLE api_keys
    ADD COLUMN workflow_id uuid,
    ADD CONSTRAINT api_keys_workflow FOREIGN KEY (organization_id, workflow_id)
        REFERENCES intent_workflows (organization_id, id);
GRANT INSERT (workflow_id) ON api_keys TO infin8_app;

-- The binding is kept as the other columns are.
DROP TRIGGER api_keys_only_end ON api_keys;
CREATE TRIGGER api_keys_only_end BEFORE UPDATE ON api_keys FOR EACH ROW WHEN (
    NEW.organization_id IS DISTINCT FROM OLD.organization_id OR NEW.id IS DISTINCT FROM OLD.id
    OR NEW.name IS DISTINCT FROM OLD.name OR NEW.role IS DISTINCT FROM OLD.role
    OR NEW.prefix IS DISTINCT FROM OLD.prefix OR NEW.digest IS DISTINCT FROM OLD.digest
    OR NEW.expires_at IS DISTINCT FROM OLD.expires_at OR NEW.created_by IS DISTINCT FROM OLD.created_by
    OR NEW.created_at IS DISTINCT FROM OLD.created_at OR NEW.created_version IS DISTINCT FROM OLD.created_version
    OR NEW.workflow_id IS DISTINCT FROM OLD.workflow_id
    OR OLD.revoked_version IS NOT NULL AND (
        NEW.revoked_by IS DISTINCT FROM OLD.revoked_by OR NEW.revoked_at IS DISTINCT FROM OLD.revoked_at
        OR NEW.revoked_version IS DISTINCT FROM OLD.revoked_version)
) EXECUTE FUNCTION refuse_change();
ALTER TABLE api_keys ENABLE ALWAYS TRIGGER api_keys_only_end;
