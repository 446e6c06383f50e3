-- The sites that articles are published to. A target is a row that never changes; its secret, its checks and its end
-- are rows of its journal. A secret is sealed with a key that the database does not have.

CREATE DOMAIN target_kind AS text
    CONSTRAINT target_kind_known CHECK (VALUE IN ('WORDPRESS', 'GHOST', 'WEBHOOK', 'FILE'));
CREATE DOMAIN target_policy AS text CONSTRAINT target_policy_known CHECK (VALUE IN ('DRAFT', 'PUBLISH'));
CREATE DOMAIN target_state AS text
    CONSTRAINT target_state_known CHECK (VALUE IN ('UNCHECKED', 'CHECKING', 'READY', 'FAILED', 'RETIRED'));

CREATE TABLE publish_targets (
    organization_id uuid          NOT NULL,
    id              uuid          NOT NULL,
    -- The journals name the target by it, so it is never given to another one.
    name            text          NOT NULL,
    kind            target_kind   NOT NULL,
    policy          target_policy NOT NULL,
    base_url        text          NOT NULL,
    username        text          NOT NULL,
    created_by      actor         NOT NULL,
    created_at      timestamptz   NOT NULL,
    CONSTRAINT publish_targets_pkey PRIMARY KEY (organization_id, id),
    CONSTRAINT publish_targets_name UNIQUE (organization_id, name),
    CONSTRAINT publish_targets_organization FOREIGN KEY (organization_id) REFERENCES organizations (id),
    CONSTRAINT publish_targets_name_length CHECK (char_length(name) BETWEEN 1 AND 100),
    CONSTRAINT publish_targets_texts CHECK (char_length(base_url) <= 2048 AND char_length(username) <= 200),
    CONSTRAINT publish_targets_base_url CHECK ((kind = 'FILE') = (base_url = '')),
    CONSTRAINT publish_targets_username CHECK ((kind = 'WORDPRESS') = (username <> ''))
);
CREATE TRIGGER publish_targets_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON publish_targets
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE publish_targets ENABLE ALWAYS TRIGGER publish_targets_only_grow;

-- The journal of a target: each row has its whole state, and the newest counts.
CREATE TABLE publish_target_versions (
    organization_id  uuid         NOT NULL,
    target_id        uuid         NOT NULL,
    version          integer      NOT NULL,
    previous_version integer      GENERATED ALWAYS AS (NULLIF(version, 0) - 1) STORED,
    state            target_state NOT NULL,
    -- The sealed secret. Its plain text is in no row and in no answer.
    secret           bytea,
    -- What the last successful check found: the address of the API, the title of the site, and the account.
    api_root         text         NOT NULL,
    site_name        text         NOT NULL,
    account          text         NOT NULL,
    failure          failure_code,
    message          text         NOT NULL,
    actor            actor        NOT NULL,
    reason           reason       NOT NULL,
    occurred_at      timestamptz  NOT NULL,
    CONSTRAINT publish_target_versions_pkey PRIMARY KEY (organization_id, target_id, version),
    CONSTRAINT publish_target_versions_target FOREIGN KEY (organization_id, target_id)
        REFERENCES publish_targets (organization_id, id),
    CONSTRAINT publish_target_versions_unbroken FOREIGN KEY (organization_id, target_id, previous_version)
        REFERENCES publish_target_versions (organization_id, target_id, version),
    CONSTRAINT publish_target_versions_version CHECK (version >= 0),
    CONSTRAINT publish_target_versions_failure CHECK ((state = 'FAILED') = (failure IS NOT NULL)),
    CONSTRAINT publish_target_versions_texts CHECK (char_length(api_root) <= 2048 AND char_length(site_name) <= 400
        AND char_length(account) <= 400 AND char_length(message) <= 400
        AND (secret IS NULL OR octet_length(secret) BETWEEN 1 AND 4096))
);
-- A target ends once.
CREATE UNIQUE INDEX publish_target_versions_retired ON publish_target_versions (organization_id, target_id)
    WHERE state = 'RETIRED';
CREATE TRIGGER publish_target_versions_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON publish_target_versions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE publish_target_versions ENABLE ALWAYS TRIGGER publish_target_versions_only_grow;

ALTER TABLE publish_targets ENABLE ROW LEVEL SECURITY;
ALTER TABLE publish_target_versions ENABLE ROW LEVEL SECURITY;
CREATE POLICY publish_targets_of_the_named ON publish_targets TO infin8_app
    USING (organization_id = named_organization());
CREATE POLICY publish_target_versions_of_the_named ON publish_target_versions TO infin8_app
    USING (organization_id = named_organization());
GRANT SELECT, INSERT ON publish_targets, publish_target_versions TO infin8_app;

-- The time of a row is now, by the database's clock.
CREATE TRIGGER publish_targets_now BEFORE INSERT ON publish_targets
    FOR EACH ROW WHEN (NOT near_clock(NEW.created_at)) EXECUTE FUNCTION refuse_change();
CREATE TRIGGER publish_target_versions_now BEFORE INSERT ON publish_target_versions
    FOR EACH ROW WHEN (NOT near_clock(NEW.occurred_at)) EXECUTE FUNCTION refuse_change();
