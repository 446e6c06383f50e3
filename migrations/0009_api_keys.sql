-- API keys: programs sign in with them. A key is shown once and kept as a hash. Its creation and its revocation are
-- foreign keys to the rows of the organization's journal, which have the actor. Otherwise only the time of its last
-- use changes.

CREATE DOMAIN caller_role AS text CONSTRAINT caller_role_known CHECK (VALUE IN ('VIEWER', 'OPERATOR', 'ADMIN'));

ALTER TABLE organization_changes
    ADD COLUMN api_key_id uuid,
    ADD COLUMN api_key_event text,
    ADD CONSTRAINT organization_changes_api_key_event CHECK ((api_key_id IS NULL) = (api_key_event IS NULL)
        AND (api_key_event IS NULL OR api_key_event IN ('CREATED', 'REVOKED'))),
    -- A key is created once and revoked once.
    ADD CONSTRAINT organization_changes_api_key_once UNIQUE (organization_id, api_key_id, api_key_event),
    ADD CONSTRAINT organization_changes_api_key UNIQUE (organization_id, version, api_key_id, api_key_event);

CREATE TABLE api_keys (
    organization_id uuid        NOT NULL,
    id              uuid        NOT NULL,
    -- The journals name the key by it, so it is never given to another one.
    name            text        NOT NULL,
    role            caller_role NOT NULL,
    -- The part of the key that it is found by, and that people recognize it by.
    prefix          text        NOT NULL,
    -- sha256 of the whole key, of which 160 bits are random.
    digest          digest      NOT NULL,
    expires_at      timestamptz NOT NULL,
    created_by      actor       NOT NULL,
    created_at      timestamptz NOT NULL,
    created_version integer     NOT NULL,
    created_event   text        NOT NULL GENERATED ALWAYS AS ('CREATED') STORED,
    revoked_by      actor,
    revoked_at      timestamptz,
    revoked_version integer,
    revoked_event   text        GENERATED ALWAYS AS (CASE WHEN revoked_version IS NOT NULL THEN 'REVOKED' END) STORED,
    last_used_at    timestamptz,
    CONSTRAINT api_keys_pkey PRIMARY KEY (organization_id, id),
    CONSTRAINT api_keys_name UNIQUE (organization_id, name),
    CONSTRAINT api_keys_prefix UNIQUE (organization_id, prefix),
    CONSTRAINT api_keys_organization FOREIGN KEY (organization_id) REFERENCES organizations (id),
    CONSTRAINT api_keys_creation FOREIGN KEY (organization_id, created_version, id, created_event)
        REFERENCES organization_changes (organization_id, version, api_key_id, api_key_event),
    CONSTRAINT api_keys_revocation FOREIGN KEY (organization_id, revoked_version, id, revoked_event)
        REFERENCES organization_changes (organization_id, version, api_key_id, api_key_event),
    CONSTRAINT api_keys_name_length CHECK (char_length(name) BETWEEN 1 AND 100),
    CONSTRAINT api_keys_prefix_length CHECK (char_length(prefix) = 8),
    CONSTRAINT api_keys_expires CHECK (expires_at > created_at),
    CONSTRAINT api_keys_revoked CHECK ((revoked_at IS NULL) = (revoked_version IS NULL)
        AND (revoked_by IS NULL) = (revoked_version IS NULL))
);
CREATE INDEX api_keys_by_time ON api_keys (organization_id, created_at, id);
CREATE TRIGGER api_keys_only_end BEFORE UPDATE ON api_keys FOR EACH ROW WHEN (
    (NEW.organization_id, NEW.id, NEW.name, NEW.role, NEW.prefix, NEW.digest, NEW.expires_at, NEW.created_by,
        NEW.created_at, NEW.created_version)
    IS DISTINCT FROM (OLD.organization_id, OLD.id, OLD.name, OLD.role, OLD.prefix, OLD.digest, OLD.expires_at,
        OLD.created_by, OLD.created_at, OLD.created_version)
    OR OLD.revoked_version IS NOT NULL AND (NEW.revoked_by, NEW.revoked_at, NEW.revoked_version)
    IS DISTINCT FROM (OLD.revoked_by, OLD.revoked_at, OLD.revoked_version)
) EXECUTE FUNCTION refuse_change();
ALTER TABLE api_keys ENABLE ALWAYS TRIGGER api_keys_only_end;
CREATE TRIGGER api_keys_only_grow BEFORE DELETE OR TRUNCATE ON api_keys
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE api_keys ENABLE ALWAYS TRIGGER api_keys_only_grow;
-- A change that says that a key was made or revoked names a key that exists.
ALTER TABLE organization_changes ADD CONSTRAINT organization_changes_names_api_key
    FOREIGN KEY (organization_id, api_key_id) REFERENCES api_keys (organization_id, id) DEFERRABLE INITIALLY DEFERRED;

GRANT SELECT, INSERT (organization_id, id, name, role, prefix, digest, expires_at, created_by, created_at,
    created_version), UPDATE (revoked_by, revoked_at, revoked_version, last_used_at) ON api_keys TO infin8_app;
