-- One read in the journal's deferred check instead of three for a move over a gated edge: the workflow's version and the
-- mode of the gate come together, and the decision is read only when the gate is not OFF. A deferred check runs at each
-- commit, so each of its queries costs every transition.

CREATE OR REPLACE FUNCTION check_transition_reached() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    gated boolean := NEW.kind = 'ADVANCE'
        AND NEW.to_state IN ('SEED_REVIEW_COMPLETED', 'ARTICLE_PENDING', 'PUBLISH_PENDING');
    guarded text := CASE WHEN gated THEN public.gate_of(NEW.from_state, NEW.to_state) END;
    reached boolean;
    mode text;
BEGIN
    SELECT w.version >= NEW.version, CASE WHEN gated THEN (
        SELECT CASE guarded WHEN 'SEEDS' THEN s.seeds WHEN 'PLAN' THEN s.plan ELSE s.publish END
        FROM public.gate_settings AS s
        WHERE s.organization_id = NEW.organization_id ORDER BY s.version DESC LIMIT 1
    ) END INTO reached, mode
    FROM public.intent_workflows AS w
    WHERE w.organization_id = NEW.organization_id AND w.id = NEW.workflow_id;
    IF reached IS NOT TRUE THEN
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
    IF gated AND coalesce(mode, 'OFF') <> 'OFF' THEN
        PERFORM FROM public.gate_decisions AS d
        WHERE d.organization_id = NEW.organization_id AND d.workflow_id = NEW.workflow_id
            AND d.version = NEW.version AND d.gate = guarded AND d.verdict = 'APPROVED';
        IF NOT FOUND THEN
            RAISE EXCEPTION 'the gate % of workflow % was not opened by a decision', guarded, NEW.workflow_id
                USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'workflow_transitions_gated',
                    TABLE = TG_TABLE_NAME;
        END IF;
    END IF;
    RETURN NULL;
END
$$;
