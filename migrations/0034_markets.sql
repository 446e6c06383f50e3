-- The market that an organization finds keywords for, and keywords that differ little from a better one.

CREATE DOMAIN analysis_mode AS text CONSTRAINT analysis_mode_known CHECK (
    VALUE IN ('BEST', 'DATAFORSEO', 'CRAWL', 'MODEL')
);

-- The market settings of an organization and their journal in one: the newest version counts.
CREATE TABLE market_settings (
    organization_id  uuid        NOT NULL,
    version          integer     NOT NULL,
    previous_version integer     GENERATED ALWAYS AS (NULLIF(version, 0) - 1) STORED,
    -- The place of the searches, as DataForSEO and Google Ads number places.
    location_code    integer     NOT NULL,
    language_code    text        NOT NULL,
    -- No keyword may contain all words of one of these texts.
    negative_words   text[]      NOT NULL,
    -- How keywords are found; BEST is the best mode that the server has.
    mode             analysis_mode NOT NULL,
    actor            actor       NOT NULL,
    reason           reason      NOT NULL,
    occurred_at      timestamptz NOT NULL,
    CONSTRAINT market_settings_pkey PRIMARY KEY (organization_id, version),
    CONSTRAINT market_settings_organization FOREIGN KEY (organization_id) REFERENCES organizations (id),
    CONSTRAINT market_settings_unbroken FOREIGN KEY (organization_id, previous_version)
        REFERENCES market_settings (organization_id, version),
    CONSTRAINT market_settings_version CHECK (version >= 0),
    CONSTRAINT market_settings_location CHECK (location_code BETWEEN 1 AND 99999999),
    CONSTRAINT market_settings_language CHECK (char_length(language_code) BETWEEN 2 AND 10),
    CONSTRAINT market_settings_negatives CHECK (cardinality(negative_words) <= 100)
);
CREATE TRIGGER market_settings_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON market_settings
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE market_settings ENABLE ALWAYS TRIGGER market_settings_only_grow;
-- The time of a row is now, by the database's clock.
CREATE TRIGGER market_settings_now BEFORE INSERT ON market_settings
    FOR EACH ROW WHEN (NOT near_clock(NEW.occurred_at)) EXECUTE FUNCTION refuse_change();

ALTER TABLE market_settings ENABLE ROW LEVEL SECURITY;
CREATE POLICY market_settings_of_the_named ON market_settings TO infin8_app
    USING (organization_id = named_organization());
GRANT SELECT, INSERT ON market_settings TO infin8_app;

-- The text of a better keyword of the same visit that differs little; '' for none.
ALTER TABLE keywords ADD COLUMN similar_to text NOT NULL DEFAULT '',
    ADD CONSTRAINT keywords_similar_to_length CHECK (char_length(similar_to) <= 200);
