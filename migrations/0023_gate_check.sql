-- One deferred trigger of the journal instead of two. PostgreSQL reads a trigger's condition from its stored text for
-- each statement, so a second trigger cost every transition, gated or not.

DROP TRIGGER workflow_transitions_gated ON workflow_transitions;
DROP FUNCTION check_gate_was_opened();

-- The deferred check of the journal: at commit the workflow has reached the version of every new row, a row that enters
-- a _PROCESSING state has its run, the run of a _PROCESSING state that a row leaves has ended, and a row over a gated
-- edge has its approval, unless the organization's gate is OFF.
CREATE OR REPLACE FUNCTION check_transition_reached() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    guarded text;
    mode text;
BEGIN
    PERFORM FROM public.intent_workflows AS w
    WHERE w.organization_id = NEW.organization_id AND w.id = NEW.workflow_id AND w.version >= NEW.version;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'transition % of workflow % has not happened', NEW.version, NEW.workflow_id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    IF right(NEW.to_state, 11) = '_PROCESSING' THEN
        PERFORM FROM public.workflow_runs AS r
        WHERE r.organization_id = NEW.organization_id AND r.workflow_id = NEW.workflow_id AND r.token = NEW.version;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'transition % of workflow % begins no run', NEW.version, NEW.workflow_id
                USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'workflow_transitions_run_begun',
                    TABLE = TG_TABLE_NAME;
        END IF;
    END IF;
    IF right(NEW.from_state, 11) = '_PROCESSING' THEN
        PERFORM FROM public.workflow_runs AS r
        WHERE r.organization_id = NEW.organization_id AND r.workflow_id = NEW.workflow_id
            AND r.token = NEW.previous_version AND r.ended_version = NEW.version;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'transition % of workflow % ends no run', NEW.version, NEW.workflow_id
                USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'workflow_transitions_run_ended',
                    TABLE = TG_TABLE_NAME;
        END IF;
    END IF;
    IF NEW.to_state IN ('SEED_REVIEW_COMPLETED', 'ARTICLE_PENDING', 'PUBLISH_PENDING') AND NEW.kind = 'ADVANCE' THEN
        guarded := public.gate_of(NEW.from_state, NEW.to_state);
        SELECT CASE guarded WHEN 'SEEDS' THEN s.seeds WHEN 'PLAN' THEN s.plan ELSE s.publish END INTO mode
        FROM public.gate_settings AS s
        WHERE s.organization_id = NEW.organization_id ORDER BY s.version DESC LIMIT 1;
        IF coalesce(mode, 'OFF') <> 'OFF' AND NOT EXISTS (
            SELECT FROM public.gate_decisions AS d
            WHERE d.organization_id = NEW.organization_id AND d.workflow_id = NEW.workflow_id
                AND d.version = NEW.version AND d.gate = guarded AND d.verdict = 'APPROVED'
        ) THEN
            RAISE EXCEPTION 'the gate % of workflow % was not opened by a decision', guarded, NEW.workflow_id
                USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'workflow_transitions_gated',
                    TABLE = TG_TABLE_NAME;
        END IF;
    END IF;
    RETURN NULL;
END
$$;
