-- Steps 2 and 3: the competitors that a person names, the keywords that the competitor analysis finds, and what people
-- decide about them. Decisions only grow; the current one of a keyword is its last.

CREATE DOMAIN keyword_source AS text CONSTRAINT keyword_source_known CHECK (
    VALUE IN ('DATAFORSEO', 'CRAWL', 'MODEL', 'MANUAL')
);
CREATE DOMAIN search_intent AS text CONSTRAINT search_intent_known CHECK (
    VALUE IN ('INFORMATIONAL', 'NAVIGATIONAL', 'COMMERCIAL', 'TRANSACTIONAL')
);
CREATE DOMAIN keyword_choice AS text CONSTRAINT keyword_choice_known CHECK (
    VALUE IN ('SELECTED', 'REJECTED', 'CLEARED')
);
CREATE DOMAIN decision_origin AS text CONSTRAINT decision_origin_known CHECK (VALUE IN ('PERSON', 'CARRIED'));

-- The competitors that a person named: the newest revision counts.
CREATE TABLE workflow_competitors (
    organization_id   uuid        NOT NULL,
    workflow_id       uuid        NOT NULL,
    revision          integer     NOT NULL,
    previous_revision integer     GENERATED ALWAYS AS (NULLIF(revision, 1) - 1) STORED,
    domains           text[]      NOT NULL,
    actor             actor       NOT NULL,
    created_at        timestamptz NOT NULL,
    CONSTRAINT workflow_competitors_pkey PRIMARY KEY (organization_id, workflow_id, revision),
    CONSTRAINT workflow_competitors_workflow FOREIGN KEY (organization_id, workflow_id)
        REFERENCES intent_workflows (organization_id, id),
    CONSTRAINT workflow_competitors_unbroken FOREIGN KEY (organization_id, workflow_id, previous_revision)
        REFERENCES workflow_competitors (organization_id, workflow_id, revision),
    CONSTRAINT workflow_competitors_revision CHECK (revision >= 1),
    CONSTRAINT workflow_competitors_count CHECK (cardinality(domains) <= 5)
);
CREATE TRIGGER workflow_competitors_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON workflow_competitors
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE workflow_competitors ENABLE ALWAYS TRIGGER workflow_competitors_only_grow;

-- One keyword of one visit of the competitor analysis. An unknown figure is NULL, never invented.
CREATE TABLE keywords (
    organization_id uuid           NOT NULL,
    id              uuid           NOT NULL,
    workflow_id     uuid           NOT NULL,
    visit           integer        NOT NULL,
    step            step_key       NOT NULL GENERATED ALWAYS AS ('COMPETITOR') STORED,
    text            text           NOT NULL,
    normalised      text           NOT NULL,
    volume          integer,
    difficulty      integer,
    cpc_pico        amount_pico,
    intent          search_intent,
    language        text,
    source          keyword_source NOT NULL,
    -- The competitor that the keyword was found for; '' for the company's own and for manual ones.
    competitor      text           NOT NULL,
    score           double precision NOT NULL,
    reasons         text[]         NOT NULL,
    is_synthetic    boolean        NOT NULL,
    created_by      actor          NOT NULL,
    created_at      timestamptz    NOT NULL,
    CONSTRAINT keywords_pkey PRIMARY KEY (organization_id, id),
    CONSTRAINT keywords_once UNIQUE (organization_id, workflow_id, visit, normalised),
    CONSTRAINT keywords_visit_of UNIQUE (organization_id, workflow_id, visit, id),
    CONSTRAINT keywords_visit FOREIGN KEY (organization_id, workflow_id, visit, step)
        REFERENCES step_visits (organization_id, workflow_id, visit, step),
    CONSTRAINT keywords_text_length CHECK (char_length(text) BETWEEN 1 AND 200),
    CONSTRAINT keywords_normalised_length CHECK (char_length(normalised) BETWEEN 1 AND 800),
    CONSTRAINT keywords_volume CHECK (volume >= 0),
    CONSTRAINT keywords_difficulty CHECK (difficulty BETWEEN 0 AND 100),
    CONSTRAINT keywords_score CHECK (score BETWEEN 0 AND 1),
    CONSTRAINT keywords_language_length CHECK (char_length(language) BETWEEN 2 AND 35),
    CONSTRAINT keywords_competitor_length CHECK (char_length(competitor) <= 253)
);
CREATE INDEX keywords_by_score ON keywords (organization_id, workflow_id, visit, score DESC, id);
CREATE TRIGGER keywords_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON keywords
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE keywords ENABLE ALWAYS TRIGGER keywords_only_grow;

-- One decision about one keyword. All decisions of one request share a sequence number.
CREATE TABLE keyword_decisions (
    organization_id uuid            NOT NULL,
    workflow_id     uuid            NOT NULL,
    keyword_id      uuid            NOT NULL,
    sequence        integer         NOT NULL,
    -- The visit of the competitor analysis that found the keyword.
    visit           integer         NOT NULL,
    choice          keyword_choice  NOT NULL,
    origin          decision_origin NOT NULL,
    actor           actor           NOT NULL,
    reason          reason          NOT NULL,
    decided_at      timestamptz     NOT NULL,
    CONSTRAINT keyword_decisions_pkey PRIMARY KEY (organization_id, workflow_id, keyword_id, sequence),
    CONSTRAINT keyword_decisions_keyword FOREIGN KEY (organization_id, workflow_id, visit, keyword_id)
        REFERENCES keywords (organization_id, workflow_id, visit, id),
    CONSTRAINT keyword_decisions_sequence CHECK (sequence >= 1)
);
CREATE INDEX keyword_decisions_by_sequence
    ON keyword_decisions (organization_id, workflow_id, visit, sequence DESC);
CREATE TRIGGER keyword_decisions_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON keyword_decisions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE keyword_decisions ENABLE ALWAYS TRIGGER keyword_decisions_only_grow;

ALTER TABLE workflow_competitors ENABLE ROW LEVEL SECURITY;
ALTER TABLE keywords ENABLE ROW LEVEL SECURITY;
ALTER TABLE keyword_decisions ENABLE ROW LEVEL SECURITY;
CREATE POLICY workflow_competitors_of_the_named ON workflow_competitors TO infin8_app
    USING (organization_id = named_organization());
CREATE POLICY keywords_of_the_named ON keywords TO infin8_app USING (organization_id = named_organization());
CREATE POLICY keyword_decisions_of_the_named ON keyword_decisions TO infin8_app
    USING (organization_id = named_organization());
GRANT SELECT, INSERT ON workflow_competitors, keywords, keyword_decisions TO infin8_app;
