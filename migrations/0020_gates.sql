-- The gates: three edges that only a decision of a person, or of a client that acts for one, opens. A decision and its
-- transition are committed together or not at all. Four-eyes is a CHECK.

CREATE DOMAIN gate_key AS text CONSTRAINT gate_key_known CHECK (VALUE IN ('SEEDS', 'PLAN', 'PUBLISH'));
CREATE DOMAIN gate_mode AS text CONSTRAINT gate_mode_known CHECK (VALUE IN ('HUMAN', 'OFF'));
CREATE DOMAIN gate_verdict AS text CONSTRAINT gate_verdict_known CHECK (VALUE IN ('APPROVED', 'REJECTED'));

-- The gate settings of an organization and their journal in one: the newest version counts. An organization without a
-- row has all gates OFF, as every organization had before.
CREATE TABLE gate_settings (
    organization_id  uuid        NOT NULL,
    version          integer     NOT NULL,
    previous_version integer     GENERATED ALWAYS AS (NULLIF(version, 0) - 1) STORED,
    seeds            gate_mode   NOT NULL,
    plan             gate_mode   NOT NULL,
    publish          gate_mode   NOT NULL,
    four_eyes        boolean     NOT NULL,
    actor            actor       NOT NULL,
    reason           reason      NOT NULL,
    occurred_at      timestamptz NOT NULL,
    CONSTRAINT gate_settings_pkey PRIMARY KEY (organization_id, version),
    CONSTRAINT gate_settings_four_eyes UNIQUE (organization_id, version, four_eyes),
    CONSTRAINT gate_settings_organization FOREIGN KEY (organization_id) REFERENCES organizations (id),
    CONSTRAINT gate_settings_unbroken FOREIGN KEY (organization_id, previous_version)
        REFERENCES gate_settings (organization_id, version),
    CONSTRAINT gate_settings_version CHECK (version >= 0)
);
CREATE TRIGGER gate_settings_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON gate_settings
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE gate_settings ENABLE ALWAYS TRIGGER gate_settings_only_grow;

-- One decision at a gate. version is the transition that it made.
CREATE TABLE gate_decisions (
    organization_id  uuid         NOT NULL,
    workflow_id      uuid         NOT NULL,
    version          integer      NOT NULL,
    gate             gate_key     NOT NULL,
    verdict          gate_verdict NOT NULL,
    reset_to         step_key,
    feedback         text         NOT NULL,
    -- sha256 over what was decided about, as the person saw it.
    selection_digest digest       NOT NULL,
    selected         integer      NOT NULL,
    -- The settings in force; NULL when the organization never set its gates.
    settings_version integer,
    four_eyes        boolean      NOT NULL,
    -- The actor that changed the selection last; the decider where no person changed it.
    prepared_by      actor        NOT NULL,
    decided_by       actor        NOT NULL,
    decided_at       timestamptz  NOT NULL,
    CONSTRAINT gate_decisions_pkey PRIMARY KEY (organization_id, workflow_id, version),
    CONSTRAINT gate_decisions_transition FOREIGN KEY (organization_id, workflow_id, version)
        REFERENCES workflow_transitions (organization_id, workflow_id, version),
    CONSTRAINT gate_decisions_settings FOREIGN KEY (organization_id, settings_version, four_eyes)
        REFERENCES gate_settings (organization_id, version, four_eyes),
    -- A rejection spends nothing, so the one who prepared the selection may send it back.
    CONSTRAINT gate_decisions_four_eyes CHECK (NOT four_eyes OR verdict = 'REJECTED' OR decided_by <> prepared_by),
    CONSTRAINT gate_decisions_reset CHECK ((verdict = 'REJECTED') = (reset_to IS NOT NULL)),
    CONSTRAINT gate_decisions_feedback_length CHECK (char_length(feedback) <= 2000),
    CONSTRAINT gate_decisions_four_eyes_set CHECK (settings_version IS NOT NULL OR NOT four_eyes),
    CONSTRAINT gate_decisions_selected CHECK (selected >= 0)
);
CREATE TRIGGER gate_decisions_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON gate_decisions
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE gate_decisions ENABLE ALWAYS TRIGGER gate_decisions_only_grow;

-- The gate that guards an edge; NULL for every other edge.
CREATE FUNCTION gate_of(from_state text, to_state text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE
        WHEN from_state = 'SEED_REVIEW_PENDING' AND to_state = 'SEED_REVIEW_COMPLETED' THEN 'SEEDS'
        WHEN from_state = 'VALIDATION_COMPLETED' AND to_state = 'ARTICLE_PENDING' THEN 'PLAN'
        WHEN from_state = 'ARTICLE_COMPLETED' AND to_state = 'PUBLISH_PENDING' THEN 'PUBLISH'
    END;

-- At commit a transition over a gated edge has its approval, unless the organization's gate is OFF.
CREATE FUNCTION check_gate_was_opened() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    guarded text := public.gate_of(NEW.from_state, NEW.to_state);
    mode text;
BEGIN
    SELECT CASE guarded WHEN 'SEEDS' THEN s.seeds WHEN 'PLAN' THEN s.plan ELSE s.publish END INTO mode
    FROM public.gate_settings AS s
    WHERE s.organization_id = NEW.organization_id ORDER BY s.version DESC LIMIT 1;
    IF coalesce(mode, 'OFF') <> 'OFF' AND NOT EXISTS (
        SELECT FROM public.gate_decisions AS d
        WHERE d.organization_id = NEW.organization_id AND d.workflow_id = NEW.workflow_id AND d.version = NEW.version
            AND d.gate = guarded AND d.verdict = 'APPROVED'
    ) THEN
        RAISE EXCEPTION 'the gate % of workflow % was not opened by a decision', guarded, NEW.workflow_id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER workflow_transitions_gated AFTER INSERT ON workflow_transitions
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW
    WHEN (NEW.to_state IN ('SEED_REVIEW_COMPLETED', 'ARTICLE_PENDING', 'PUBLISH_PENDING') AND NEW.kind = 'ADVANCE')
    EXECUTE FUNCTION check_gate_was_opened();
ALTER TABLE workflow_transitions ENABLE ALWAYS TRIGGER workflow_transitions_gated;

-- At commit a decision belongs to the transition that it claims, that transition is the workflow's last or the one
-- before it, the settings are the newest, and prepared_by is the person who changed the selection last.
CREATE FUNCTION check_gate_decision() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    preparer text;
BEGIN
    PERFORM FROM public.workflow_transitions AS t
    JOIN public.intent_workflows AS w ON w.organization_id = t.organization_id AND w.id = t.workflow_id
    WHERE t.organization_id = NEW.organization_id AND t.workflow_id = NEW.workflow_id AND t.version = NEW.version
        AND w.version <= t.version + 1 AND t.actor = NEW.decided_by
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
    IF NEW.gate = 'SEEDS' THEN
        SELECT d.actor INTO preparer FROM public.keyword_decisions AS d
        WHERE d.organization_id = NEW.organization_id AND d.workflow_id = NEW.workflow_id
            AND d.visit = (SELECT max(k.visit) FROM public.keywords AS k
                WHERE k.organization_id = NEW.organization_id AND k.workflow_id = NEW.workflow_id)
            AND (d.choice = 'SELECTED' OR (
                SELECT p.choice FROM public.keyword_decisions AS p
                WHERE p.organization_id = d.organization_id AND p.workflow_id = d.workflow_id
                    AND p.keyword_id = d.keyword_id AND p.sequence < d.sequence
                ORDER BY p.sequence DESC LIMIT 1) = 'SELECTED')
        ORDER BY d.sequence DESC LIMIT 1;
        IF NEW.prepared_by <> coalesce(preparer, NEW.decided_by) THEN
            RAISE EXCEPTION 'the selection of workflow % was prepared by another actor', NEW.workflow_id
                USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
        END IF;
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER gate_decisions_agree AFTER INSERT ON gate_decisions
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_gate_decision();
ALTER TABLE gate_decisions ENABLE ALWAYS TRIGGER gate_decisions_agree;

ALTER TABLE gate_settings ENABLE ROW LEVEL SECURITY;
ALTER TABLE gate_decisions ENABLE ROW LEVEL SECURITY;
CREATE POLICY gate_settings_of_the_named ON gate_settings TO infin8_app USING (organization_id = named_organization());
CREATE POLICY gate_decisions_of_the_named ON gate_decisions TO infin8_app
    USING (organization_id = named_organization());
GRANT SELECT, INSERT ON gate_settings, gate_decisions TO infin8_app;

-- The time of a row is now, by the database's clock.
CREATE TRIGGER gate_settings_now BEFORE INSERT ON gate_settings
    FOR EACH ROW WHEN (NOT near_clock(NEW.occurred_at)) EXECUTE FUNCTION refuse_change();
CREATE TRIGGER gate_decisions_now BEFORE INSERT ON gate_decisions
    FOR EACH ROW WHEN (NOT near_clock(NEW.decided_at)) EXECUTE FUNCTION refuse_change();
CREATE TRIGGER keyword_decisions_now BEFORE INSERT ON keyword_decisions
    FOR EACH ROW WHEN (NOT near_clock(NEW.decided_at)) EXECUTE FUNCTION refuse_change();
CREATE TRIGGER keywords_now BEFORE INSERT ON keywords
    FOR EACH ROW WHEN (NOT near_clock(NEW.created_at)) EXECUTE FUNCTION refuse_change();
