-- An API key may be bound to one workflow. It then reaches nothing else.

ALTER TABLE api_keys
    ADD COLUMN workflow_id uuid,
    ADD CONSTRAINT api_keys_workflow FOREIGN KEY (organization_id, workflow_id)
        REFERENCES intent_workflows (organization_id, id);
GRANT INSERT (workflow_id) ON api_keys TO infin8_app;

-- The binding is kept as the other columns are.
DROP TRIGGER api_keys_only_end ON api_keys;
CREATE TRIGGER api_keys_only_end BEFORE UPDATE ON api_keys FOR EACH ROW WHEN (
    (NEW.organization_id, NEW.id, NEW.name, NEW.role, NEW.prefix, NEW.digest, NEW.expires_at, NEW.created_by,
        NEW.created_at, NEW.created_version, NEW.workflow_id)
    IS DISTINCT FROM (OLD.organization_id, OLD.id, OLD.name, OLD.role, OLD.prefix, OLD.digest, OLD.expires_at,
        OLD.created_by, OLD.created_at, OLD.created_version, OLD.workflow_id)
    OR OLD.revoked_version IS NOT NULL AND (NEW.revoked_by, NEW.revoked_at, NEW.revoked_version)
    IS DISTINCT FROM (OLD.revoked_by, OLD.revoked_at, OLD.revoked_version)
) EXECUTE FUNCTION refuse_change();
ALTER TABLE api_keys ENABLE ALWAYS TRIGGER api_keys_only_end;
