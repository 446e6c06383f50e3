-- Step 4: the keywords that topic clustering worked with, the pages and topics that it made of them, and the keywords
-- that people attach to a page. Every row belongs to a visit; a RESET deletes nothing.

CREATE DOMAIN drop_reason AS text CONSTRAINT drop_reason_known CHECK (
    VALUE IN ('LOW_VOLUME', 'OTHER_LANGUAGE', 'NEGATIVE', 'DUPLICATE', 'NOT_BEST')
);

-- A hub page with its spokes. Position 1 has the highest score.
CREATE TABLE topics (
    organization_id uuid             NOT NULL,
    id              uuid             NOT NULL,
    workflow_id     uuid             NOT NULL,
    visit           integer          NOT NULL,
    step            step_key         NOT NULL GENERATED ALWAYS AS ('CLUSTERING') STORED,
    position        integer          NOT NULL,
    label           text             NOT NULL,
    least           double precision NOT NULL,
    mean            double precision NOT NULL,
    methods         text[]           NOT NULL,
    created_at      timestamptz      NOT NULL,
    CONSTRAINT topics_pkey PRIMARY KEY (organization_id, id),
    CONSTRAINT topics_order UNIQUE (organization_id, workflow_id, visit, position),
    CONSTRAINT topics_visit_of UNIQUE (organization_id, workflow_id, visit, id),
    CONSTRAINT topics_visit FOREIGN KEY (organization_id, workflow_id, visit, step)
        REFERENCES step_visits (organization_id, workflow_id, visit, step),
    CONSTRAINT topics_position CHECK (position BETWEEN 1 AND 200),
    CONSTRAINT topics_label_length CHECK (char_length(label) BETWEEN 1 AND 200),
    CONSTRAINT topics_similarity CHECK (least BETWEEN 0 AND 1),
    CONSTRAINT topics_mean CHECK (mean BETWEEN 0 AND 1),
    CONSTRAINT topics_methods CHECK (methods <@ ARRAY['SERP', 'EMBEDDING', 'LEXICAL'])
);
CREATE TRIGGER topics_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON topics
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE topics ENABLE ALWAYS TRIGGER topics_only_grow;

-- A group of keywords that one article answers. The hub of a topic has position 1. A page that a person made of a keyword
-- that fits no topic has no topic.
CREATE TABLE topic_pages (
    organization_id uuid             NOT NULL,
    id              uuid             NOT NULL,
    workflow_id     uuid             NOT NULL,
    visit           integer          NOT NULL,
    step            step_key         NOT NULL GENERATED ALWAYS AS ('CLUSTERING') STORED,
    topic_id        uuid,
    position        integer          NOT NULL,
    least           double precision NOT NULL,
    mean            double precision NOT NULL,
    methods         text[]           NOT NULL,
    created_by      actor            NOT NULL,
    created_at      timestamptz      NOT NULL,
    CONSTRAINT topic_pages_pkey PRIMARY KEY (organization_id, id),
    CONSTRAINT topic_pages_order UNIQUE (organization_id, workflow_id, visit, topic_id, position),
    CONSTRAINT topic_pages_visit_of UNIQUE (organization_id, workflow_id, visit, id),
    CONSTRAINT topic_pages_workflow_of UNIQUE (organization_id, workflow_id, id),
    CONSTRAINT topic_pages_topic FOREIGN KEY (organization_id, workflow_id, visit, topic_id)
        REFERENCES topics (organization_id, workflow_id, visit, id),
    CONSTRAINT topic_pages_visit FOREIGN KEY (organization_id, workflow_id, visit, step)
        REFERENCES step_visits (organization_id, workflow_id, visit, step),
    CONSTRAINT topic_pages_position CHECK (position BETWEEN 1 AND 9),
    CONSTRAINT topic_pages_similarity CHECK (least BETWEEN 0 AND 1),
    CONSTRAINT topic_pages_mean CHECK (mean BETWEEN 0 AND 1),
    CONSTRAINT topic_pages_methods CHECK (methods <@ ARRAY['SERP', 'EMBEDDING', 'LEXICAL'])
);
CREATE TRIGGER topic_pages_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON topic_pages
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE topic_pages ENABLE ALWAYS TRIGGER topic_pages_only_grow;

-- A selected keyword, or one that was found for the selected ones. It was dropped with a reason, or is on a page, or fits
-- no topic.
CREATE TABLE topic_keywords (
    organization_id  uuid             NOT NULL,
    id               uuid             NOT NULL,
    workflow_id      uuid             NOT NULL,
    visit            integer          NOT NULL,
    step             step_key         NOT NULL GENERATED ALWAYS AS ('CLUSTERING') STORED,
    position         integer          NOT NULL,
    seed_id          uuid,
    text             text             NOT NULL,
    normalised       text             NOT NULL,
    volume           integer,
    difficulty       integer,
    intent           search_intent,
    language         text,
    source           keyword_source   NOT NULL,
    score            double precision NOT NULL,
    dropped          drop_reason,
    page_id          uuid,
    nearest_topic_id uuid,
    similarity       double precision NOT NULL,
    is_synthetic     boolean          NOT NULL,
    created_at       timestamptz      NOT NULL,
    CONSTRAINT topic_keywords_pkey PRIMARY KEY (organization_id, id),
    CONSTRAINT topic_keywords_order UNIQUE (organization_id, workflow_id, visit, position),
    CONSTRAINT topic_keywords_visit_of UNIQUE (organization_id, workflow_id, visit, id),
    CONSTRAINT topic_keywords_seed FOREIGN KEY (organization_id, seed_id) REFERENCES keywords (organization_id, id),
    CONSTRAINT topic_keywords_page FOREIGN KEY (organization_id, workflow_id, visit, page_id)
        REFERENCES topic_pages (organization_id, workflow_id, visit, id),
    CONSTRAINT topic_keywords_nearest FOREIGN KEY (organization_id, workflow_id, visit, nearest_topic_id)
        REFERENCES topics (organization_id, workflow_id, visit, id),
    CONSTRAINT topic_keywords_visit FOREIGN KEY (organization_id, workflow_id, visit, step)
        REFERENCES step_visits (organization_id, workflow_id, visit, step),
    CONSTRAINT topic_keywords_position CHECK (position BETWEEN 1 AND 5000),
    CONSTRAINT topic_keywords_place CHECK (num_nonnulls(dropped, page_id, nearest_topic_id) <= 1),
    CONSTRAINT topic_keywords_seed_kept CHECK (seed_id IS NULL OR dropped IS NULL),
    CONSTRAINT topic_keywords_text_length CHECK (char_length(text) BETWEEN 1 AND 200),
    CONSTRAINT topic_keywords_normalised_length CHECK (char_length(normalised) BETWEEN 1 AND 800),
    CONSTRAINT topic_keywords_volume CHECK (volume >= 0),
    CONSTRAINT topic_keywords_difficulty CHECK (difficulty BETWEEN 0 AND 100),
    CONSTRAINT topic_keywords_score CHECK (score BETWEEN 0 AND 1),
    CONSTRAINT topic_keywords_similarity CHECK (similarity BETWEEN 0 AND 1),
    CONSTRAINT topic_keywords_language_length CHECK (char_length(language) BETWEEN 2 AND 35)
);
CREATE TRIGGER topic_keywords_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON topic_keywords
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE topic_keywords ENABLE ALWAYS TRIGGER topic_keywords_only_grow;

-- A person puts a keyword that fits no topic on a page. The last row of a keyword counts.
CREATE TABLE keyword_attachments (
    organization_id   uuid        NOT NULL,
    workflow_id       uuid        NOT NULL,
    visit             integer     NOT NULL,
    keyword_id        uuid        NOT NULL,
    sequence          integer     NOT NULL,
    previous_sequence integer     GENERATED ALWAYS AS (NULLIF(sequence, 1) - 1) STORED,
    page_id           uuid        NOT NULL,
    actor             actor       NOT NULL,
    attached_at       timestamptz NOT NULL,
    CONSTRAINT keyword_attachments_pkey PRIMARY KEY (organization_id, workflow_id, visit, keyword_id, sequence),
    CONSTRAINT keyword_attachments_keyword FOREIGN KEY (organization_id, workflow_id, visit, keyword_id)
        REFERENCES topic_keywords (organization_id, workflow_id, visit, id),
    CONSTRAINT keyword_attachments_page FOREIGN KEY (organization_id, workflow_id, visit, page_id)
        REFERENCES topic_pages (organization_id, workflow_id, visit, id),
    CONSTRAINT keyword_attachments_unbroken
        FOREIGN KEY (organization_id, workflow_id, visit, keyword_id, previous_sequence)
        REFERENCES keyword_attachments (organization_id, workflow_id, visit, keyword_id, sequence),
    CONSTRAINT keyword_attachments_sequence CHECK (sequence >= 1)
);
CREATE TRIGGER keyword_attachments_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON keyword_attachments
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE keyword_attachments ENABLE ALWAYS TRIGGER keyword_attachments_only_grow;

ALTER TABLE topics ENABLE ROW LEVEL SECURITY;
ALTER TABLE topic_pages ENABLE ROW LEVEL SECURITY;
ALTER TABLE topic_keywords ENABLE ROW LEVEL SECURITY;
ALTER TABLE keyword_attachments ENABLE ROW LEVEL SECURITY;
CREATE POLICY topics_of_the_named ON topics TO infin8_app USING (organization_id = named_organization());
CREATE POLICY topic_pages_of_the_named ON topic_pages TO infin8_app USING (organization_id = named_organization());
CREATE POLICY topic_keywords_of_the_named ON topic_keywords TO infin8_app
    USING (organization_id = named_organization());
CREATE POLICY keyword_attachments_of_the_named ON keyword_attachments TO infin8_app
    USING (organization_id = named_organization());
GRANT SELECT, INSERT ON topics, topic_pages, topic_keywords, keyword_attachments TO infin8_app;
