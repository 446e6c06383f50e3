-- What all other tables stand on: the words with a closed list of values, the server's role, the canonical form of the
-- hash chains, the refusal of changes to tables that only grow, and the tenants.

-- The server's role. The owner migrates; the server works as this one and has only what is granted to it.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'infin8_app') THEN
        CREATE ROLE infin8_app NOLOGIN;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL; -- Another database of the same server was migrated at the same moment.
END
$$;
DO $$
BEGIN
    IF NOT pg_catalog.pg_has_role(current_user, 'infin8_app', 'MEMBER') THEN
        GRANT infin8_app TO CURRENT_USER;
    END IF;
END
$$;
GRANT USAGE ON SCHEMA public TO infin8_app;

-- Money in picodollars: 10⁻¹² USD.
CREATE DOMAIN pico AS bigint;
CREATE DOMAIN amount_pico AS bigint CONSTRAINT amount_pico_not_negative CHECK (VALUE >= 0);
CREATE DOMAIN digest AS bytea CONSTRAINT digest_length CHECK (octet_length(VALUE) = 32);
-- The hash before the first row of a chain is empty.
CREATE DOMAIN previous_digest AS bytea CONSTRAINT previous_digest_length CHECK (octet_length(VALUE) IN (0, 32));
CREATE DOMAIN actor AS text CONSTRAINT actor_length CHECK (char_length(VALUE) BETWEEN 1 AND 200);
CREATE DOMAIN reason AS text CONSTRAINT reason_length CHECK (char_length(VALUE) <= 2000);

-- One field of the canonical form: a netstring, "~," for NULL. docs/journals.md describes the layout byte by byte.
CREATE FUNCTION netstring(field text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN coalesce(octet_length(field)::text || ':' || field || ',', '~,');

-- A point in time in the canonical form: microseconds since 1970-01-01 UTC.
CREATE FUNCTION epoch_microseconds(at timestamptz) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (extract(epoch FROM (at - '1970-01-01 00:00:00+00'::timestamptz)) * 1000000)::bigint;

-- Refuses what fired it. The only trigger function besides the two deferred checks of the journals.
CREATE FUNCTION refuse_change() RETURNS trigger
    LANGUAGE plpgsql
AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: %', TG_OP, TG_TABLE_NAME, TG_NAME
        USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
END
$$;

-- The tenants. The limits are those that new workflows and new months begin with.
CREATE TABLE organizations (
    id                  uuid        NOT NULL,
    version             integer     NOT NULL,
    time_zone           text        NOT NULL,
    workflow_limit_pico amount_pico NOT NULL,
    month_limit_pico    amount_pico NOT NULL,
    created_at          timestamptz NOT NULL,
    CONSTRAINT organizations_pkey PRIMARY KEY (id)
);

-- The journal of their settings, which are a foreign key to the row that made them.
CREATE TABLE organization_changes (
    organization_id     uuid        NOT NULL,
    version             integer     NOT NULL,
    time_zone           text        NOT NULL,
    workflow_limit_pico amount_pico NOT NULL,
    month_limit_pico    amount_pico NOT NULL,
    actor               actor       NOT NULL,
    reason              reason      NOT NULL,
    occurred_at         timestamptz NOT NULL,
    CONSTRAINT organization_changes_pkey PRIMARY KEY (organization_id, version),
    CONSTRAINT organization_changes_settings UNIQUE
        (organization_id, version, time_zone, workflow_limit_pico, month_limit_pico),
    CONSTRAINT organization_changes_organization FOREIGN KEY (organization_id) REFERENCES organizations (id),
    CONSTRAINT organization_changes_version CHECK (version >= 0)
);
CREATE TRIGGER organization_changes_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON organization_changes
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE organization_changes ENABLE ALWAYS TRIGGER organization_changes_only_grow;
ALTER TABLE organizations ADD CONSTRAINT organizations_settings_are_last_change
    FOREIGN KEY (id, version, time_zone, workflow_limit_pico, month_limit_pico) REFERENCES organization_changes
    (organization_id, version, time_zone, workflow_limit_pico, month_limit_pico);
CREATE TRIGGER organizations_version_grows BEFORE UPDATE OF version ON organizations
    FOR EACH ROW WHEN (NEW.version NOT IN (OLD.version, OLD.version + 1)) EXECUTE FUNCTION refuse_change();
ALTER TABLE organizations ENABLE ALWAYS TRIGGER organizations_version_grows;

GRANT SELECT, INSERT ON organizations, organization_changes TO infin8_app;
GRANT UPDATE (version, time_zone, workflow_limit_pico, month_limit_pico) ON organizations TO infin8_app;
