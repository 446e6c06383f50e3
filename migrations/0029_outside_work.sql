-- Work for programs outside: the steps that such programs drive in an organization, the results that they hand in, and
-- an index for planned retries.

-- The steps that programs outside drive, and their journal in one: the newest version counts. An organization without a
-- row has none; then programs outside may still drive the steps that no worker of the engine drives.
CREATE TABLE outside_steps (
    organization_id  uuid        NOT NULL,
    version          integer     NOT NULL,
    previous_version integer     GENERATED ALWAYS AS (NULLIF(version, 0) - 1) STORED,
    steps            text[]      NOT NULL,
    actor            actor       NOT NULL,
    reason           reason      NOT NULL,
    occurred_at      timestamptz NOT NULL,
    CONSTRAINT outside_steps_pkey PRIMARY KEY (organization_id, version),
    CONSTRAINT outside_steps_organization FOREIGN KEY (organization_id) REFERENCES organizations (id),
    CONSTRAINT outside_steps_unbroken FOREIGN KEY (organization_id, previous_version)
        REFERENCES outside_steps (organization_id, version),
    CONSTRAINT outside_steps_version CHECK (version >= 0),
    CONSTRAINT outside_steps_automatic CHECK (
        steps <@ ARRAY['ICP', 'COMPETITOR', 'CLUSTERING', 'VALIDATION', 'ARTICLE', 'PUBLISH'])
);
CREATE TRIGGER outside_steps_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON outside_steps
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE outside_steps ENABLE ALWAYS TRIGGER outside_steps_only_grow;
CREATE TRIGGER outside_steps_now BEFORE INSERT ON outside_steps
    FOR EACH ROW WHEN (NOT near_clock(NEW.occurred_at)) EXECUTE FUNCTION refuse_change();
ALTER TABLE outside_steps ENABLE ROW LEVEL SECURITY;
CREATE POLICY outside_steps_of_the_named ON outside_steps TO infin8_app USING (organization_id = named_organization());
GRANT SELECT, INSERT ON outside_steps TO infin8_app;
-- The sweeper wakes no workflow whose step programs outside drive.
CREATE POLICY outside_steps_of_all ON outside_steps FOR SELECT TO infin8_sweeper USING (true);
GRANT SELECT (organization_id, version, steps) ON outside_steps TO infin8_sweeper;

-- Failed workflows with a planned retry. Few workflows are in it at a time.
CREATE INDEX intent_workflows_retries ON intent_workflows (organization_id, state)
    WHERE wake_at IS NOT NULL AND right(state, 7) = '_FAILED';

-- A result of a program outside says so.
CREATE DOMAIN result_source AS text CONSTRAINT result_source_known CHECK (VALUE IN ('ENGINE', 'WORKER'));
ALTER TABLE step_results ADD COLUMN source result_source NOT NULL DEFAULT 'ENGINE';
ALTER DOMAIN keyword_source DROP CONSTRAINT keyword_source_known;
ALTER DOMAIN keyword_source ADD CONSTRAINT keyword_source_known
    CHECK (VALUE IN ('DATAFORSEO', 'CRAWL', 'MODEL', 'MANUAL', 'WORKER'));
