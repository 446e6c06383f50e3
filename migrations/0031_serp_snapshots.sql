-- Result pages of search engines, as they were on a day. They belong to the organization, not to a visit: later steps and
-- other workflows use them again instead of paying once more.

CREATE TABLE serp_snapshots (
    organization_id uuid        NOT NULL,
    location_code   integer     NOT NULL,
    language_code   text        NOT NULL,
    normalised      text        NOT NULL,
    day             date        NOT NULL,
    -- The organic results in order: rank, url and title.
    results         jsonb       NOT NULL,
    provider        text        NOT NULL,
    is_synthetic    boolean     NOT NULL,
    created_at      timestamptz NOT NULL,
    CONSTRAINT serp_snapshots_pkey PRIMARY KEY (organization_id, location_code, language_code, normalised, day),
    CONSTRAINT serp_snapshots_organization FOREIGN KEY (organization_id) REFERENCES organizations (id),
    CONSTRAINT serp_snapshots_location CHECK (location_code >= 1),
    CONSTRAINT serp_snapshots_language_length CHECK (char_length(language_code) BETWEEN 2 AND 10),
    CONSTRAINT serp_snapshots_normalised_length CHECK (char_length(normalised) BETWEEN 1 AND 800),
    CONSTRAINT serp_snapshots_results CHECK (pg_catalog.jsonb_typeof(results) = 'array'),
    CONSTRAINT serp_snapshots_results_length CHECK (pg_catalog.octet_length(results::pg_catalog.text) <= 65536)
);
CREATE TRIGGER serp_snapshots_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON serp_snapshots
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE serp_snapshots ENABLE ALWAYS TRIGGER serp_snapshots_only_grow;
ALTER TABLE serp_snapshots ENABLE ROW LEVEL SECURITY;
CREATE POLICY serp_snapshots_of_the_named ON serp_snapshots TO infin8_app USING (organization_id = named_organization());
GRANT SELECT, INSERT ON serp_snapshots TO infin8_app;
