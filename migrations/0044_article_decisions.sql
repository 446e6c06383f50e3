-- What people decide about the texts of articles, the reason of a version, and the brand voice that a version was
-- written with.

CREATE DOMAIN article_verdict AS text CONSTRAINT article_verdict_known CHECK (
    VALUE IN ('APPROVED', 'REJECTED', 'REWRITE_SECTION')
);

-- One decision about the last version of an article. A rejection with feedback, and a section to be rewritten, are what
-- the next attempt at the article works from.
CREATE TABLE article_decisions (
    organization_id   uuid            NOT NULL,
    article_id        uuid            NOT NULL,
    sequence          integer         NOT NULL,
    previous_sequence integer         GENERATED ALWAYS AS (NULLIF(sequence, 1) - 1) STORED,
    revision          integer         NOT NULL,
    verdict           article_verdict NOT NULL,
    -- The section to be rewritten, from 0, as the version has them.
    section           integer,
    feedback          reason          NOT NULL,
    actor             actor           NOT NULL,
    decided_at        timestamptz     NOT NULL,
    CONSTRAINT article_decisions_pkey PRIMARY KEY (organization_id, article_id, sequence),
    CONSTRAINT article_decisions_unbroken FOREIGN KEY (organization_id, article_id, previous_sequence)
        REFERENCES article_decisions (organization_id, article_id, sequence),
    CONSTRAINT article_decisions_version FOREIGN KEY (organization_id, article_id, revision)
        REFERENCES article_versions (organization_id, article_id, revision),
    CONSTRAINT article_decisions_sequence CHECK (sequence >= 1),
    CONSTRAINT article_decisions_section CHECK ((section IS NOT NULL) = (verdict = 'REWRITE_SECTION')),
    CONSTRAINT article_decisions_section_from_zero CHECK (section >= 0),
    CONSTRAINT article_decisions_instruction CHECK (verdict <> 'REWRITE_SECTION' OR feedback <> '')
);
CREATE TRIGGER article_decisions_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON article_decisions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE article_decisions ENABLE ALWAYS TRIGGER article_decisions_only_grow;
CREATE TRIGGER article_decisions_now BEFORE INSERT ON article_decisions
    FOR EACH ROW WHEN (NOT near_clock(NEW.decided_at)) EXECUTE FUNCTION refuse_change();

ALTER TABLE article_decisions ENABLE ROW LEVEL SECURITY;
CREATE POLICY article_decisions_of_the_named ON article_decisions TO infin8_app
    USING (organization_id = named_organization());
GRANT SELECT, INSERT ON article_decisions TO infin8_app;

ALTER TABLE article_versions
    -- Why a person has changed the text; empty for a text of the engine.
    ADD COLUMN reason reason NOT NULL DEFAULT '',
    ADD CONSTRAINT article_versions_brand FOREIGN KEY (organization_id, brand_revision)
        REFERENCES brand_settings (organization_id, version);
