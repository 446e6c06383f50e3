-- Brand voices: how the articles of an organization sound. Each change is a new version, and a version of an article
-- names the version of the brand that it was written with.

CREATE TABLE brand_settings (
    organization_id  uuid        NOT NULL,
    version          integer     NOT NULL,
    previous_version integer     GENERATED ALWAYS AS (NULLIF(version, 0) - 1) STORED,
    tone             text        NOT NULL,
    audience         text        NOT NULL,
    dos              text[]      NOT NULL,
    donts            text[]      NOT NULL,
    -- No article may have one of these words or phrases.
    banned_words     text[]      NOT NULL,
    -- Sentences in the voice of the brand.
    examples         text        NOT NULL,
    actor            actor       NOT NULL,
    reason           reason      NOT NULL,
    occurred_at      timestamptz NOT NULL,
    CONSTRAINT brand_settings_pkey PRIMARY KEY (organization_id, version),
    CONSTRAINT brand_settings_organization FOREIGN KEY (organization_id) REFERENCES organizations (id),
    CONSTRAINT brand_settings_unbroken FOREIGN KEY (organization_id, previous_version)
        REFERENCES brand_settings (organization_id, version),
    CONSTRAINT brand_settings_version CHECK (version >= 0),
    CONSTRAINT brand_settings_tone CHECK (char_length(tone) <= 500),
    CONSTRAINT brand_settings_audience CHECK (char_length(audience) <= 500),
    CONSTRAINT brand_settings_dos CHECK (cardinality(dos) <= 20),
    CONSTRAINT brand_settings_donts CHECK (cardinality(donts) <= 20),
    CONSTRAINT brand_settings_banned_words CHECK (cardinality(banned_words) <= 100),
    CONSTRAINT brand_settings_examples CHECK (octet_length(examples) <= 2048)
);
CREATE TRIGGER brand_settings_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON brand_settings
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE brand_settings ENABLE ALWAYS TRIGGER brand_settings_only_grow;
-- The time of a row is now, by the database's clock.
CREATE TRIGGER brand_settings_now BEFORE INSERT ON brand_settings
    FOR EACH ROW WHEN (NOT near_clock(NEW.occurred_at)) EXECUTE FUNCTION refuse_change();

ALTER TABLE brand_settings ENABLE ROW LEVEL SECURITY;
CREATE POLICY brand_settings_of_the_named ON brand_settings TO infin8_app
    USING (organization_id = named_organization());
GRANT SELECT, INSERT ON brand_settings TO infin8_app;
