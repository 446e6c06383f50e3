-- Publications: one article on one site, with a journal of its own in the shape of units. A publication is the only
-- thing that a site's post belongs to, so an article is on a site once. What a worker sends is committed before it is
-- sent. A row is planned by a decision at the gate PUBLISH.

CREATE DOMAIN publication_state AS text CONSTRAINT publication_state_known CHECK (
    VALUE IN ('PLANNED', 'SENT', 'UNKNOWN', 'DRAFTED', 'SCHEDULED', 'LIVE', 'UPDATE_SENT', 'NEEDS_DECISION', 'SKIPPED',
        'ORPHANED', 'UNPUBLISHING', 'UNPUBLISHED')
);
CREATE DOMAIN publication_move AS text CONSTRAINT publication_move_known CHECK (
    VALUE IN ('PLAN', 'REPLAN', 'SEND', 'REFUSE', 'LOSE', 'ABSENT', 'DRAFT', 'ADOPT', 'PUBLISH', 'DELIVER', 'UPDATE',
        'UPDATED', 'CONFLICT', 'OVERWRITE', 'SKIP', 'ORPHAN', 'UNPUBLISH', 'REMOVE')
);
CREATE DOMAIN publication_policy AS text CONSTRAINT publication_policy_known CHECK (
    VALUE IN ('DRAFT', 'PUBLISH', 'SCHEDULE')
);

-- The moves of a publication after its plan.
CREATE TABLE legal_publication_moves (
    from_state publication_state NOT NULL,
    to_state   publication_state NOT NULL,
    kind       publication_move  NOT NULL,
    CONSTRAINT legal_publication_moves_pkey PRIMARY KEY (from_state, to_state, kind)
);
INSERT INTO legal_publication_moves (from_state, to_state, kind) VALUES
    ('PLANNED', 'SENT', 'SEND'),
    ('PLANNED', 'DRAFTED', 'ADOPT'),
    ('PLANNED', 'NEEDS_DECISION', 'CONFLICT'),
    ('PLANNED', 'SKIPPED', 'SKIP'),
    ('PLANNED', 'PLANNED', 'REPLAN'),
    ('PLANNED', 'ORPHANED', 'ORPHAN'),
    ('SENT', 'PLANNED', 'REFUSE'),
    ('SENT', 'UNKNOWN', 'LOSE'),
    ('SENT', 'DRAFTED', 'DRAFT'),
    ('SENT', 'LIVE', 'DELIVER'),
    ('SENT', 'SENT', 'REPLAN'),
    ('SENT', 'ORPHANED', 'ORPHAN'),
    ('UNKNOWN', 'PLANNED', 'ABSENT'),
    ('UNKNOWN', 'DRAFTED', 'ADOPT'),
    ('UNKNOWN', 'NEEDS_DECISION', 'CONFLICT'),
    ('UNKNOWN', 'SKIPPED', 'SKIP'),
    ('UNKNOWN', 'UNKNOWN', 'REPLAN'),
    ('UNKNOWN', 'ORPHANED', 'ORPHAN'),
    ('DRAFTED', 'LIVE', 'PUBLISH'),
    ('DRAFTED', 'SCHEDULED', 'PUBLISH'),
    ('DRAFTED', 'UPDATE_SENT', 'UPDATE'),
    ('DRAFTED', 'PLANNED', 'ABSENT'),
    ('DRAFTED', 'NEEDS_DECISION', 'CONFLICT'),
    ('DRAFTED', 'SKIPPED', 'SKIP'),
    ('DRAFTED', 'DRAFTED', 'REPLAN'),
    ('DRAFTED', 'ORPHANED', 'ORPHAN'),
    ('DRAFTED', 'UNPUBLISHING', 'UNPUBLISH'),
    ('SCHEDULED', 'UPDATE_SENT', 'UPDATE'),
    ('SCHEDULED', 'NEEDS_DECISION', 'CONFLICT'),
    ('SCHEDULED', 'DRAFTED', 'REPLAN'),
    ('SCHEDULED', 'ORPHANED', 'ORPHAN'),
    ('SCHEDULED', 'UNPUBLISHING', 'UNPUBLISH'),
    ('LIVE', 'UPDATE_SENT', 'UPDATE'),
    ('LIVE', 'NEEDS_DECISION', 'CONFLICT'),
    ('LIVE', 'LIVE', 'REPLAN'),
    ('LIVE', 'ORPHANED', 'ORPHAN'),
    ('LIVE', 'UNPUBLISHING', 'UNPUBLISH'),
    ('UPDATE_SENT', 'DRAFTED', 'UPDATED'),
    ('UPDATE_SENT', 'SCHEDULED', 'UPDATED'),
    ('UPDATE_SENT', 'LIVE', 'UPDATED'),
    ('UPDATE_SENT', 'NEEDS_DECISION', 'CONFLICT'),
    ('UPDATE_SENT', 'UPDATE_SENT', 'REPLAN'),
    ('UPDATE_SENT', 'ORPHANED', 'ORPHAN'),
    ('NEEDS_DECISION', 'DRAFTED', 'ADOPT'),
    ('NEEDS_DECISION', 'DRAFTED', 'OVERWRITE'),
    ('NEEDS_DECISION', 'PLANNED', 'OVERWRITE'),
    ('NEEDS_DECISION', 'SKIPPED', 'SKIP'),
    ('NEEDS_DECISION', 'NEEDS_DECISION', 'REPLAN'),
    ('NEEDS_DECISION', 'ORPHANED', 'ORPHAN'),
    ('NEEDS_DECISION', 'UNPUBLISHING', 'UNPUBLISH'),
    ('SKIPPED', 'PLANNED', 'REPLAN'),
    ('SKIPPED', 'DRAFTED', 'REPLAN'),
    ('SKIPPED', 'UNPUBLISHING', 'UNPUBLISH'),
    ('ORPHANED', 'PLANNED', 'REPLAN'),
    ('ORPHANED', 'DRAFTED', 'REPLAN'),
    ('ORPHANED', 'UNPUBLISHING', 'UNPUBLISH'),
    ('UNPUBLISHING', 'UNPUBLISHED', 'REMOVE'),
    ('UNPUBLISHING', 'NEEDS_DECISION', 'CONFLICT'),
    ('UNPUBLISHED', 'PLANNED', 'REPLAN'),
    ('UNPUBLISHED', 'DRAFTED', 'REPLAN');
CREATE TRIGGER legal_publication_moves_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON legal_publication_moves
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE legal_publication_moves ENABLE ALWAYS TRIGGER legal_publication_moves_only_grow;
GRANT SELECT ON legal_publication_moves TO infin8_app;

-- One article on one target. Its id is the marker inside the post.
CREATE TABLE publications (
    organization_id uuid               NOT NULL,
    id              uuid               NOT NULL,
    workflow_id     uuid               NOT NULL,
    target_id       uuid               NOT NULL,
    article_id      uuid               NOT NULL,
    -- The primary keyword of the article. After a RESET an article with the same one takes the publication over.
    keyword         text               NOT NULL,
    -- The revision of the article that the site shall have, and the decision that asks for it.
    revision        integer            NOT NULL,
    approval        integer            NOT NULL,
    policy          publication_policy NOT NULL,
    publish_at      timestamptz,
    state           publication_state  NOT NULL,
    version         integer            NOT NULL,
    -- The post as the site had it last: its id, its address, its stamp, the digest of its content and the revision in it.
    remote_id       text               NOT NULL,
    remote_url      text               NOT NULL,
    remote_modified text               NOT NULL,
    remote_sha256   digest,
    remote_revision integer            NOT NULL,
    -- A person has decided that a change on the site is replaced.
    overwrite       boolean            NOT NULL,
    -- How many drafts were sent whose answer was lost.
    lost            integer            NOT NULL,
    failure_code    failure_code,
    failure_message text               NOT NULL,
    changed_at      timestamptz        NOT NULL,
    CONSTRAINT publications_pkey PRIMARY KEY (organization_id, id),
    CONSTRAINT publications_once UNIQUE (organization_id, article_id, target_id),
    CONSTRAINT publications_of_workflow UNIQUE (organization_id, workflow_id, id),
    CONSTRAINT publications_article FOREIGN KEY (organization_id, workflow_id, article_id)
        REFERENCES topic_pages (organization_id, workflow_id, id),
    CONSTRAINT publications_target FOREIGN KEY (organization_id, target_id)
        REFERENCES publish_targets (organization_id, id),
    CONSTRAINT publications_approval FOREIGN KEY (organization_id, workflow_id, approval)
        REFERENCES gate_decisions (organization_id, workflow_id, version),
    CONSTRAINT publications_keyword_length CHECK (char_length(keyword) <= 200),
    CONSTRAINT publications_revision CHECK (revision >= 1),
    CONSTRAINT publications_remote_revision CHECK (remote_revision >= 0),
    CONSTRAINT publications_lost CHECK (lost >= 0),
    CONSTRAINT publications_schedule CHECK ((policy = 'SCHEDULE') = (publish_at IS NOT NULL)),
    CONSTRAINT publications_remote_length CHECK (char_length(remote_id) <= 200),
    CONSTRAINT publications_url_length CHECK (char_length(remote_url) <= 2048),
    CONSTRAINT publications_modified_length CHECK (char_length(remote_modified) <= 100),
    CONSTRAINT publications_remote CHECK (
        state NOT IN ('DRAFTED', 'SCHEDULED', 'LIVE', 'UPDATE_SENT', 'UNPUBLISHING', 'UNPUBLISHED') OR remote_id <> '')
);
CREATE INDEX publications_by_approval ON publications (organization_id, workflow_id, approval);

-- The journal of the publications.
CREATE TABLE publication_events (
    organization_id  uuid               NOT NULL,
    workflow_id      uuid               NOT NULL,
    publication_id   uuid               NOT NULL,
    version          integer            NOT NULL,
    previous_version integer            GENERATED ALWAYS AS (NULLIF(version, 0) - 1) STORED,
    kind             publication_move   NOT NULL,
    from_state       publication_state,
    to_state         publication_state  NOT NULL,
    article_id       uuid               NOT NULL,
    revision         integer            NOT NULL,
    approval         integer            NOT NULL,
    policy           publication_policy NOT NULL,
    publish_at       timestamptz,
    remote_id        text               NOT NULL,
    remote_url       text               NOT NULL,
    remote_modified  text               NOT NULL,
    remote_sha256    digest,
    remote_revision  integer            NOT NULL,
    overwrite        boolean            NOT NULL,
    lost             integer            NOT NULL,
    failure_code     failure_code,
    failure_message  text               NOT NULL,
    -- The unit and its attempt that sent or saw the post; NULL for a person.
    unit_id          uuid,
    attempt          integer,
    actor            actor              NOT NULL,
    reason           reason             NOT NULL,
    occurred_at      timestamptz        NOT NULL,
    CONSTRAINT publication_events_pkey PRIMARY KEY (organization_id, publication_id, version),
    CONSTRAINT publication_events_link UNIQUE (organization_id, publication_id, version, to_state),
    CONSTRAINT publication_events_publication FOREIGN KEY (organization_id, workflow_id, publication_id)
        REFERENCES publications (organization_id, workflow_id, id),
    CONSTRAINT publication_events_move FOREIGN KEY (from_state, to_state, kind)
        REFERENCES legal_publication_moves (from_state, to_state, kind),
    CONSTRAINT publication_events_unbroken FOREIGN KEY (organization_id, publication_id, previous_version, from_state)
        REFERENCES publication_events (organization_id, publication_id, version, to_state),
    CONSTRAINT publication_events_unit FOREIGN KEY (organization_id, workflow_id, unit_id)
        REFERENCES step_units (organization_id, workflow_id, id),
    CONSTRAINT publication_events_version CHECK (version >= 0),
    CONSTRAINT publication_events_first CHECK ((version = 0) = (from_state IS NULL)),
    CONSTRAINT publication_events_plan CHECK ((version = 0) = (kind = 'PLAN')),
    CONSTRAINT publication_events_begins CHECK (version > 0 OR to_state = 'PLANNED'),
    CONSTRAINT publication_events_failure CHECK ((failure_code IS NOT NULL) = (kind IN ('REFUSE', 'LOSE', 'CONFLICT'))),
    -- A request to a site belongs to an attempt at a unit.
    CONSTRAINT publication_events_sent CHECK (kind NOT IN ('SEND', 'UPDATE') OR unit_id IS NOT NULL),
    CONSTRAINT publication_events_attempt CHECK ((unit_id IS NULL) = (attempt IS NULL)),
    CONSTRAINT publication_events_message_length CHECK (octet_length(failure_message) <= 1000)
);
CREATE TRIGGER publication_events_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON publication_events
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE publication_events ENABLE ALWAYS TRIGGER publication_events_only_grow;
CREATE TRIGGER publication_events_now BEFORE INSERT ON publication_events
    FOR EACH ROW WHEN (NOT near_clock(NEW.occurred_at)) EXECUTE FUNCTION refuse_change();

ALTER TABLE publications ADD CONSTRAINT publications_state_is_last_event
    FOREIGN KEY (organization_id, id, version, state)
    REFERENCES publication_events (organization_id, publication_id, version, to_state);
CREATE TRIGGER publications_version_grows BEFORE UPDATE OF version ON publications
    FOR EACH ROW WHEN (NEW.version NOT IN (OLD.version, OLD.version + 1)) EXECUTE FUNCTION refuse_change();
ALTER TABLE publications ENABLE ALWAYS TRIGGER publications_version_grows;

-- At commit a publication has reached every new event.
CREATE FUNCTION check_publication_event_reached() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM FROM public.publications AS p
    WHERE p.organization_id = NEW.organization_id AND p.id = NEW.publication_id AND p.version >= NEW.version;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'event % of publication % has not happened', NEW.version, NEW.publication_id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER publication_events_reached AFTER INSERT ON publication_events
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_publication_event_reached();
ALTER TABLE publication_events ENABLE ALWAYS TRIGGER publication_events_reached;

ALTER TABLE publications ENABLE ROW LEVEL SECURITY;
ALTER TABLE publication_events ENABLE ROW LEVEL SECURITY;
CREATE POLICY publications_of_the_named ON publications TO infin8_app USING (organization_id = named_organization());
CREATE POLICY publication_events_of_the_named ON publication_events TO infin8_app
    USING (organization_id = named_organization());
GRANT SELECT, INSERT ON publications, publication_events TO infin8_app;
GRANT UPDATE (article_id, keyword, revision, approval, policy, publish_at, state, version, remote_id, remote_url,
    remote_modified, remote_sha256, remote_revision, overwrite, lost, failure_code, failure_message, changed_at)
    ON publications TO infin8_app;

-- The selection behind a decision, now also at the gate PUBLISH: the publications that the last decision there asked
-- for. The digest is over the ids of their articles and targets and the revisions. The actor that prepared them is the
-- one that approved the plan.
CREATE OR REPLACE FUNCTION gate_selection(
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
    ELSIF gate = 'PUBLISH' THEN
        seen := (SELECT max(d.version) FROM public.gate_decisions AS d
            WHERE d.organization_id = organization AND d.workflow_id = workflow AND d.gate = 'PUBLISH'
                AND d.verdict = 'APPROVED');
        SELECT count(*), sha256(coalesce(string_agg(uuid_send(p.article_id) || uuid_send(p.target_id)
                || int4send(p.revision), ''::bytea ORDER BY p.article_id, p.target_id), ''::bytea))
            INTO selected, digest
        FROM public.publications AS p
        WHERE p.organization_id = organization AND p.workflow_id = workflow AND p.approval = seen;
        SELECT d.decided_by INTO preparer FROM public.gate_decisions AS d
        WHERE d.organization_id = organization AND d.workflow_id = workflow AND d.gate = 'PLAN'
            AND d.verdict = 'APPROVED'
        ORDER BY d.version DESC LIMIT 1;
    END IF;
END
$$;

-- At commit a decision belongs to the transition that it claims, at its time, that transition is the workflow's last or
-- the one before it, the settings are the newest, and the selection is the one that the tables have now. A rejection at
-- the gate PUBLISH is about no selection.
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
    IF NEW.gate <> 'PUBLISH' OR NEW.verdict = 'APPROVED' THEN
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
