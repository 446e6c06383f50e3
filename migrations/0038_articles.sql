-- Step 6: the articles that a visit writes, the pages that were read for them, the quotes that they cite, and every
-- version of their text with what the checks found. A person's version is never followed by one of the engine that was
-- not made from it.

CREATE DOMAIN research_mode AS text CONSTRAINT research_mode_known CHECK (
    VALUE IN ('SERP_CRAWL', 'SITE_ONLY', 'NONE')
);

-- The text of a web page, as it was when it was read. Pages belong to the organization and not to a visit: later
-- articles use them again.
CREATE TABLE pages (
    organization_id uuid        NOT NULL,
    url_sha256      digest      NOT NULL,
    fetched_at      timestamptz NOT NULL,
    url             text        NOT NULL,
    title           text        NOT NULL,
    text            text        NOT NULL,
    text_sha256     digest      NOT NULL,
    CONSTRAINT pages_pkey PRIMARY KEY (organization_id, url_sha256, fetched_at),
    CONSTRAINT pages_text_of UNIQUE (organization_id, url_sha256, fetched_at, text_sha256),
    CONSTRAINT pages_organization FOREIGN KEY (organization_id) REFERENCES organizations (id),
    CONSTRAINT pages_url_length CHECK (octet_length(url) BETWEEN 1 AND 2048),
    CONSTRAINT pages_title_length CHECK (octet_length(title) <= 1000),
    CONSTRAINT pages_text_length CHECK (octet_length(text) <= 65536),
    CONSTRAINT pages_url_digest CHECK (url_sha256 = pg_catalog.sha256(pg_catalog.convert_to(url, 'UTF8'))),
    CONSTRAINT pages_text_digest CHECK (text_sha256 = pg_catalog.sha256(pg_catalog.convert_to(text, 'UTF8')))
);
CREATE TRIGGER pages_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON pages
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE pages ENABLE ALWAYS TRIGGER pages_only_grow;

-- An article that one visit writes: which unit works on it, and the revision of the brief that was approved. It has the
-- id of its plan.
CREATE TABLE articles (
    organization_id uuid        NOT NULL,
    workflow_id     uuid        NOT NULL,
    visit           integer     NOT NULL,
    step            step_key    NOT NULL GENERATED ALWAYS AS ('ARTICLE') STORED,
    article_id      uuid        NOT NULL,
    -- The place of the article among those of its visit, from 1.
    position        integer     NOT NULL,
    unit_id         uuid        NOT NULL,
    plan_visit      integer     NOT NULL,
    plan_revision   integer     NOT NULL,
    created_at      timestamptz NOT NULL,
    CONSTRAINT articles_pkey PRIMARY KEY (organization_id, workflow_id, visit, article_id),
    CONSTRAINT articles_position UNIQUE (organization_id, workflow_id, visit, position),
    CONSTRAINT articles_one_for_each_unit UNIQUE (organization_id, unit_id),
    CONSTRAINT articles_visit FOREIGN KEY (organization_id, workflow_id, visit, step)
        REFERENCES step_visits (organization_id, workflow_id, visit, step),
    CONSTRAINT articles_unit FOREIGN KEY (organization_id, workflow_id, unit_id)
        REFERENCES step_units (organization_id, workflow_id, id),
    CONSTRAINT articles_plan FOREIGN KEY (organization_id, workflow_id, plan_visit, article_id, plan_revision)
        REFERENCES article_plans (organization_id, workflow_id, visit, article_id, revision),
    CONSTRAINT articles_budget FOREIGN KEY (organization_id, workflow_id, article_id)
        REFERENCES article_budgets (organization_id, workflow_id, article_id),
    CONSTRAINT articles_position_from_one CHECK (position >= 1)
);
CREATE INDEX articles_by_id ON articles (organization_id, article_id, visit DESC);
CREATE TRIGGER articles_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON articles
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE articles ENABLE ALWAYS TRIGGER articles_only_grow;
CREATE TRIGGER articles_now BEFORE INSERT ON articles
    FOR EACH ROW WHEN (NOT near_clock(NEW.created_at)) EXECUTE FUNCTION refuse_change();

-- One quote that an article may cite, as [E<number>]. It is a part of the text of a stored page.
CREATE TABLE article_evidence (
    organization_id uuid        NOT NULL,
    workflow_id     uuid        NOT NULL,
    visit           integer     NOT NULL,
    article_id      uuid        NOT NULL,
    number          integer     NOT NULL,
    url_sha256      digest      NOT NULL,
    fetched_at      timestamptz NOT NULL,
    page_sha256     digest      NOT NULL,
    quote           text        NOT NULL,
    created_at      timestamptz NOT NULL,
    CONSTRAINT article_evidence_pkey PRIMARY KEY (organization_id, workflow_id, visit, article_id, number),
    CONSTRAINT article_evidence_article FOREIGN KEY (organization_id, workflow_id, visit, article_id)
        REFERENCES articles (organization_id, workflow_id, visit, article_id),
    CONSTRAINT article_evidence_page FOREIGN KEY (organization_id, url_sha256, fetched_at, page_sha256)
        REFERENCES pages (organization_id, url_sha256, fetched_at, text_sha256),
    CONSTRAINT article_evidence_number CHECK (number BETWEEN 1 AND 999),
    CONSTRAINT article_evidence_quote_length CHECK (octet_length(quote) BETWEEN 1 AND 2000)
);
CREATE TRIGGER article_evidence_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON article_evidence
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE article_evidence ENABLE ALWAYS TRIGGER article_evidence_only_grow;

-- One version of the text of an article. Its revision counts over all visits: of two writers one gets the next number.
CREATE TABLE article_versions (
    organization_id   uuid          NOT NULL,
    article_id        uuid          NOT NULL,
    revision          integer       NOT NULL,
    workflow_id       uuid          NOT NULL,
    visit             integer       NOT NULL,
    previous_revision integer       GENERATED ALWAYS AS (NULLIF(revision, 1) - 1) STORED,
    -- Who wrote the version before, and in which visit.
    previous_author   author_kind,
    previous_visit    integer,
    -- The version that this one was made from; NULL when it was written from the brief.
    based_on          integer,
    title             text          NOT NULL,
    meta_description  text          NOT NULL,
    -- CommonMark with the ids of evidence, as [E3]. The numbers and the list of sources are made when it is read.
    markdown          text          NOT NULL,
    digest            digest        NOT NULL,
    words             integer       NOT NULL,
    -- The simhash of the text.
    fingerprint       bigint        NOT NULL,
    checks            jsonb         NOT NULL,
    needs_review      boolean       NOT NULL,
    -- Where the evidence is from; NONE when none was found.
    mode              research_mode NOT NULL,
    -- The revision of the brand's voice that was used; NULL without one.
    brand_revision    integer,
    author_kind       author_kind   NOT NULL,
    is_synthetic      boolean       NOT NULL,
    actor             actor         NOT NULL,
    created_at        timestamptz   NOT NULL,
    CONSTRAINT article_versions_pkey PRIMARY KEY (organization_id, article_id, revision),
    CONSTRAINT article_versions_link UNIQUE (organization_id, article_id, revision, author_kind, visit),
    CONSTRAINT article_versions_article FOREIGN KEY (organization_id, workflow_id, visit, article_id)
        REFERENCES articles (organization_id, workflow_id, visit, article_id),
    CONSTRAINT article_versions_unbroken
        FOREIGN KEY (organization_id, article_id, previous_revision, previous_author, previous_visit)
        REFERENCES article_versions (organization_id, article_id, revision, author_kind, visit),
    CONSTRAINT article_versions_revision CHECK (revision >= 1),
    CONSTRAINT article_versions_first_author CHECK ((previous_revision IS NULL) = (previous_author IS NULL)),
    CONSTRAINT article_versions_first_visit CHECK ((previous_revision IS NULL) = (previous_visit IS NULL)),
    CONSTRAINT article_versions_forward CHECK (previous_visit <= visit),
    CONSTRAINT article_versions_based_on_last CHECK (based_on = previous_revision),
    CONSTRAINT article_versions_based_in_visit CHECK (based_on IS NULL OR previous_visit = visit),
    CONSTRAINT article_versions_edited CHECK (author_kind = 'ENGINE' OR based_on IS NOT NULL),
    -- The engine does not write over the text of a person.
    CONSTRAINT article_versions_keep_people CHECK (
        author_kind = 'PERSON' OR previous_author <> 'PERSON' OR previous_visit <> visit OR based_on IS NOT NULL),
    CONSTRAINT article_versions_title_length CHECK (char_length(title) BETWEEN 1 AND 200),
    CONSTRAINT article_versions_meta_description_length CHECK (char_length(meta_description) <= 400),
    CONSTRAINT article_versions_markdown_length CHECK (octet_length(markdown) BETWEEN 1 AND 204800),
    CONSTRAINT article_versions_digest CHECK (digest
        = pg_catalog.sha256(pg_catalog.convert_to(markdown, 'UTF8'))),
    CONSTRAINT article_versions_words CHECK (words >= 0),
    CONSTRAINT article_versions_checks CHECK (pg_catalog.jsonb_typeof(checks) = 'array'),
    CONSTRAINT article_versions_checks_length CHECK (pg_catalog.octet_length(checks::pg_catalog.text) <= 65536)
);
CREATE TRIGGER article_versions_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON article_versions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE article_versions ENABLE ALWAYS TRIGGER article_versions_only_grow;
CREATE TRIGGER article_versions_now BEFORE INSERT ON article_versions
    FOR EACH ROW WHEN (NOT near_clock(NEW.created_at)) EXECUTE FUNCTION refuse_change();

-- The parts of one article in a visit with many.
CREATE INDEX step_parts_by_subject
    ON step_parts (organization_id, workflow_id, visit, pg_catalog.split_part(part_key, '/', 2));

ALTER TABLE pages ENABLE ROW LEVEL SECURITY;
ALTER TABLE articles ENABLE ROW LEVEL SECURITY;
ALTER TABLE article_evidence ENABLE ROW LEVEL SECURITY;
ALTER TABLE article_versions ENABLE ROW LEVEL SECURITY;
CREATE POLICY pages_of_the_named ON pages TO infin8_app USING (organization_id = named_organization());
CREATE POLICY articles_of_the_named ON articles TO infin8_app USING (organization_id = named_organization());
CREATE POLICY article_evidence_of_the_named ON article_evidence TO infin8_app
    USING (organization_id = named_organization());
CREATE POLICY article_versions_of_the_named ON article_versions TO infin8_app
    USING (organization_id = named_organization());
GRANT SELECT, INSERT ON pages, articles, article_evidence, article_versions TO infin8_app;
