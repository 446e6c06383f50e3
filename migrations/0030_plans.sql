-- Step 5 and the gate PLAN: what validation says about each page and topic, the briefs of articles with all their
-- revisions, and what people decide about them. A gate may now be AUTO: a client of the server decides at it.

ALTER DOMAIN gate_mode DROP CONSTRAINT gate_mode_known;
ALTER DOMAIN gate_mode ADD CONSTRAINT gate_mode_known CHECK (VALUE IN ('HUMAN', 'AUTO', 'OFF'));

CREATE DOMAIN plan_verdict AS text CONSTRAINT plan_verdict_known CHECK (VALUE IN ('VALID', 'WEAK', 'INVALID'));
CREATE DOMAIN plan_choice AS text CONSTRAINT plan_choice_known CHECK (VALUE IN ('APPROVED', 'REJECTED', 'CLEARED'));
CREATE DOMAIN author_kind AS text CONSTRAINT author_kind_known CHECK (VALUE IN ('ENGINE', 'PERSON'));

ALTER TABLE topics ADD CONSTRAINT topics_workflow_of UNIQUE (organization_id, workflow_id, id);

-- The verdict about one page or one topic.
CREATE TABLE plan_verdicts (
    organization_id uuid             NOT NULL,
    workflow_id     uuid             NOT NULL,
    visit           integer          NOT NULL,
    step            step_key         NOT NULL GENERATED ALWAYS AS ('VALIDATION') STORED,
    subject_id      uuid             NOT NULL GENERATED ALWAYS AS (coalesce(page_id, topic_id)) STORED,
    page_id         uuid,
    topic_id        uuid,
    verdict         plan_verdict     NOT NULL,
    reasons         text[]           NOT NULL,
    -- The share of keywords with the most frequent intent, and the number of keywords.
    purity          double precision NOT NULL,
    size            integer          NOT NULL,
    language        text,
    created_at      timestamptz      NOT NULL,
    CONSTRAINT plan_verdicts_pkey PRIMARY KEY (organization_id, workflow_id, visit, subject_id),
    CONSTRAINT plan_verdicts_page FOREIGN KEY (organization_id, workflow_id, page_id)
        REFERENCES topic_pages (organization_id, workflow_id, id),
    CONSTRAINT plan_verdicts_topic FOREIGN KEY (organization_id, workflow_id, topic_id)
        REFERENCES topics (organization_id, workflow_id, id),
    CONSTRAINT plan_verdicts_visit FOREIGN KEY (organization_id, workflow_id, visit, step)
        REFERENCES step_visits (organization_id, workflow_id, visit, step),
    CONSTRAINT plan_verdicts_subject CHECK (num_nonnulls(page_id, topic_id) = 1),
    CONSTRAINT plan_verdicts_reasons CHECK (cardinality(reasons) <= 20),
    CONSTRAINT plan_verdicts_purity CHECK (purity BETWEEN 0 AND 1),
    CONSTRAINT plan_verdicts_size CHECK (size >= 1),
    CONSTRAINT plan_verdicts_language_length CHECK (char_length(language) BETWEEN 2 AND 35)
);
CREATE TRIGGER plan_verdicts_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON plan_verdicts
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE plan_verdicts ENABLE ALWAYS TRIGGER plan_verdicts_only_grow;

-- One revision of the brief of one article. The article has the id of its page.
CREATE TABLE article_plans (
    organization_id   uuid        NOT NULL,
    workflow_id       uuid        NOT NULL,
    visit             integer     NOT NULL,
    step              step_key    NOT NULL GENERATED ALWAYS AS ('VALIDATION') STORED,
    article_id        uuid        NOT NULL,
    revision          integer     NOT NULL,
    previous_revision integer     GENERATED ALWAYS AS (NULLIF(revision, 1) - 1) STORED,
    brief             jsonb       NOT NULL,
    author_kind       author_kind NOT NULL,
    is_synthetic      boolean     NOT NULL,
    actor             actor       NOT NULL,
    created_at        timestamptz NOT NULL,
    CONSTRAINT article_plans_pkey PRIMARY KEY (organization_id, workflow_id, visit, article_id, revision),
    CONSTRAINT article_plans_page FOREIGN KEY (organization_id, workflow_id, article_id)
        REFERENCES topic_pages (organization_id, workflow_id, id),
    CONSTRAINT article_plans_visit FOREIGN KEY (organization_id, workflow_id, visit, step)
        REFERENCES step_visits (organization_id, workflow_id, visit, step),
    CONSTRAINT article_plans_unbroken FOREIGN KEY (organization_id, workflow_id, visit, article_id, previous_revision)
        REFERENCES article_plans (organization_id, workflow_id, visit, article_id, revision),
    CONSTRAINT article_plans_revision CHECK (revision >= 1),
    CONSTRAINT article_plans_brief CHECK (pg_catalog.jsonb_typeof(brief) = 'object'),
    CONSTRAINT article_plans_brief_length CHECK (pg_catalog.octet_length(brief::pg_catalog.text) <= 32768)
);
CREATE TRIGGER article_plans_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON article_plans
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE article_plans ENABLE ALWAYS TRIGGER article_plans_only_grow;
CREATE TRIGGER article_plans_now BEFORE INSERT ON article_plans
    FOR EACH ROW WHEN (NOT near_clock(NEW.created_at)) EXECUTE FUNCTION refuse_change();

-- One decision about one revision of a brief. All decisions of one request share a sequence number; the last one of an
-- article counts.
CREATE TABLE plan_decisions (
    organization_id uuid            NOT NULL,
    workflow_id     uuid            NOT NULL,
    article_id      uuid            NOT NULL,
    sequence        integer         NOT NULL,
    visit           integer         NOT NULL,
    revision        integer         NOT NULL,
    choice          plan_choice     NOT NULL,
    origin          decision_origin NOT NULL,
    actor           actor           NOT NULL,
    reason          reason          NOT NULL,
    decided_at      timestamptz     NOT NULL,
    CONSTRAINT plan_decisions_pkey PRIMARY KEY (organization_id, workflow_id, article_id, sequence),
    CONSTRAINT plan_decisions_plan FOREIGN KEY (organization_id, workflow_id, visit, article_id, revision)
        REFERENCES article_plans (organization_id, workflow_id, visit, article_id, revision),
    CONSTRAINT plan_decisions_sequence CHECK (sequence >= 1)
);
CREATE INDEX plan_decisions_by_sequence ON plan_decisions (organization_id, workflow_id, visit, sequence DESC);
CREATE INDEX plan_decisions_approved ON plan_decisions (organization_id, workflow_id) WHERE choice = 'APPROVED';
CREATE TRIGGER plan_decisions_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON plan_decisions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE plan_decisions ENABLE ALWAYS TRIGGER plan_decisions_only_grow;
CREATE TRIGGER plan_decisions_now BEFORE INSERT ON plan_decisions
    FOR EACH ROW WHEN (NOT near_clock(NEW.decided_at)) EXECUTE FUNCTION refuse_change();

-- The forecast that the person saw: what the approved work probably costs, and at most.
ALTER TABLE gate_decisions
    ADD COLUMN likely_pico amount_pico,
    ADD COLUMN most_pico amount_pico,
    ADD CONSTRAINT gate_decisions_forecast
        CHECK ((likely_pico IS NULL) = (most_pico IS NULL) AND (likely_pico IS NULL OR likely_pico <= most_pico));

-- The selection behind a decision: how many items, a digest over them, and the actor that changed it last. The digest is
-- over the ids of the selected keywords, or over the ids and revisions of the approved briefs.
CREATE FUNCTION gate_selection(
    organization uuid, workflow uuid, gate text, OUT selected bigint, OUT digest bytea, OUT preparer text
) LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    seen integer;
BEGIN
    IF gate = 'SEEDS' THEN
        seen := (SELECT max(k.visit) FROM public.keywords AS k
            WHERE k.organization_id = organization AND k.workflow_id = workflow);
        SELECT count(*), sha256(coalesce(string_agg(uuid_send(c.keyword_id), ''::bytea ORDER BY c.keyword_id), ''::bytea))
            INTO selected, digest
        FROM (
            SELECT DISTINCT ON (d.keyword_id) d.keyword_id, d.choice FROM public.keyword_decisions AS d
            WHERE d.organization_id = organization AND d.workflow_id = workflow AND d.visit = seen
            ORDER BY d.keyword_id, d.sequence DESC
        ) AS c
        WHERE c.choice = 'SELECTED';
        SELECT d.actor INTO preparer FROM public.keyword_decisions AS d
        WHERE d.organization_id = organization AND d.workflow_id = workflow AND d.visit = seen
            AND (d.choice = 'SELECTED' OR (
                SELECT p.choice FROM public.keyword_decisions AS p
                WHERE p.organization_id = d.organization_id AND p.workflow_id = d.workflow_id
                    AND p.keyword_id = d.keyword_id AND p.sequence < d.sequence
                ORDER BY p.sequence DESC LIMIT 1) = 'SELECTED')
        ORDER BY d.sequence DESC LIMIT 1;
    ELSIF gate = 'PLAN' THEN
        seen := (SELECT max(v.visit) FROM public.step_visits AS v
            WHERE v.organization_id = organization AND v.workflow_id = workflow AND v.step = 'VALIDATION');
        SELECT count(*), sha256(coalesce(
                string_agg(uuid_send(c.article_id) || int4send(c.revision), ''::bytea ORDER BY c.article_id), ''::bytea))
            INTO selected, digest
        FROM (
            SELECT DISTINCT ON (d.article_id) d.article_id, d.revision, d.choice FROM public.plan_decisions AS d
            WHERE d.organization_id = organization AND d.workflow_id = workflow AND d.visit = seen
            ORDER BY d.article_id, d.sequence DESC
        ) AS c
        WHERE c.choice = 'APPROVED';
        SELECT d.actor INTO preparer FROM public.plan_decisions AS d
        WHERE d.organization_id = organization AND d.workflow_id = workflow AND d.visit = seen
            AND (d.choice = 'APPROVED' OR (
                SELECT p.choice FROM public.plan_decisions AS p
                WHERE p.organization_id = d.organization_id AND p.workflow_id = d.workflow_id
                    AND p.article_id = d.article_id AND p.sequence < d.sequence
                ORDER BY p.sequence DESC LIMIT 1) = 'APPROVED')
        ORDER BY d.sequence DESC LIMIT 1;
    END IF;
END
$$;
REVOKE ALL ON FUNCTION gate_selection FROM PUBLIC;

-- At commit a decision belongs to the transition that it claims, at its time, that transition is the workflow's last or
-- the one before it, the settings are the newest, and the selection is the one that the tables have now.
CREATE OR REPLACE FUNCTION check_gate_decision() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    found_now record;
BEGIN
    PERFORM FROM public.workflow_transitions AS t
    JOIN public.intent_workflows AS w ON w.organization_id = t.organization_id AND w.id = t.workflow_id
    WHERE t.organization_id = NEW.organization_id AND t.workflow_id = NEW.workflow_id AND t.version = NEW.version
        AND w.version <= t.version + 1 AND t.actor = NEW.decided_by AND t.occurred_at = NEW.decided_at
        AND CASE NEW.verdict
            WHEN 'APPROVED' THEN public.gate_of(t.from_state, t.to_state) = NEW.gate
            ELSE t.kind = 'RESET' AND t.to_state = NEW.reset_to || '_PENDING' AND t.from_state = CASE NEW.gate
                WHEN 'SEEDS' THEN 'SEED_REVIEW_PENDING' WHEN 'PLAN' THEN 'VALIDATION_COMPLETED'
                ELSE 'ARTICLE_COMPLETED' END
            END;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the decision at gate % of workflow % has no such transition', NEW.gate, NEW.workflow_id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    IF NEW.settings_version IS DISTINCT FROM (
        SELECT max(s.version) FROM public.gate_settings AS s WHERE s.organization_id = NEW.organization_id
    ) THEN
        RAISE EXCEPTION 'the decision at gate % of workflow % names old settings', NEW.gate, NEW.workflow_id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    IF NEW.gate IN ('SEEDS', 'PLAN') THEN
        SELECT s.* INTO found_now FROM public.gate_selection(NEW.organization_id, NEW.workflow_id, NEW.gate) AS s;
        IF NEW.prepared_by <> coalesce(found_now.preparer, NEW.decided_by) THEN
            RAISE EXCEPTION 'the selection of workflow % was prepared by another actor', NEW.workflow_id
                USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
        END IF;
        IF NEW.selected <> found_now.selected OR NEW.selection_digest <> found_now.digest THEN
            RAISE EXCEPTION 'the decision at gate % of workflow % is about another selection', NEW.gate, NEW.workflow_id
                USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
        END IF;
    END IF;
    RETURN NULL;
END
$$;

ALTER TABLE plan_verdicts ENABLE ROW LEVEL SECURITY;
ALTER TABLE article_plans ENABLE ROW LEVEL SECURITY;
ALTER TABLE plan_decisions ENABLE ROW LEVEL SECURITY;
CREATE POLICY plan_verdicts_of_the_named ON plan_verdicts TO infin8_app USING (organization_id = named_organization());
CREATE POLICY article_plans_of_the_named ON article_plans TO infin8_app USING (organization_id = named_organization());
CREATE POLICY plan_decisions_of_the_named ON plan_decisions TO infin8_app USING (organization_id = named_organization());
GRANT SELECT, INSERT ON plan_verdicts, article_plans, plan_decisions TO infin8_app;
