-- The overview of those who oversee an organization: lists of all its calls and money events, and its name.

-- The calls of an organization by time. Each filter of the list has an index: what fails, or is not settled, is rare
-- among the calls, and a model or a provider may be.
CREATE INDEX ai_calls_by_time ON ai_calls (organization_id, reserved_at, id);
CREATE INDEX ai_calls_by_unsettled_state ON ai_calls (organization_id, state, reserved_at, id) WHERE state <> 'SETTLED';
CREATE INDEX ai_calls_by_failure ON ai_calls (organization_id, failure_code, reserved_at, id)
    WHERE failure_code IS NOT NULL;
CREATE INDEX ai_calls_by_model ON ai_calls (organization_id, answered_model, reserved_at, id)
    WHERE answered_model <> '';
CREATE INDEX ai_calls_by_provider ON ai_calls (organization_id, provider, reserved_at, id) WHERE provider <> '';

-- The money events by time, and the rare kinds apart.
CREATE INDEX ai_usage_ledger_by_time ON ai_usage_ledger (organization_id, occurred_at, account_id, sequence);
CREATE INDEX ai_usage_ledger_by_rare_kind ON ai_usage_ledger (organization_id, kind, occurred_at, account_id, sequence)
    WHERE kind NOT IN ('OPEN', 'RESERVE', 'SETTLE');

-- The name of an organization and its journal in one: the newest version counts.
CREATE TABLE organization_names (
    organization_id  uuid        NOT NULL,
    version          integer     NOT NULL,
    previous_version integer     GENERATED ALWAYS AS (NULLIF(version, 0) - 1) STORED,
    name             text        NOT NULL,
    actor            actor       NOT NULL,
    reason           reason      NOT NULL,
    occurred_at      timestamptz NOT NULL,
    CONSTRAINT organization_names_pkey PRIMARY KEY (organization_id, version),
    CONSTRAINT organization_names_organization FOREIGN KEY (organization_id) REFERENCES organizations (id),
    CONSTRAINT organization_names_unbroken FOREIGN KEY (organization_id, previous_version)
        REFERENCES organization_names (organization_id, version),
    CONSTRAINT organization_names_version CHECK (version >= 0),
    CONSTRAINT organization_names_length CHECK (char_length(name) BETWEEN 1 AND 200)
);
CREATE TRIGGER organization_names_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON organization_names
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE organization_names ENABLE ALWAYS TRIGGER organization_names_only_grow;

ALTER TABLE organization_names ENABLE ROW LEVEL SECURITY;
CREATE POLICY organization_names_of_the_named ON organization_names TO infin8_app
    USING (organization_id = named_organization());
GRANT SELECT, INSERT ON organization_names TO infin8_app;
