-- A person decides only while the review or the plan is open, and a part is paid by its own call. Until now the program
-- alone kept both rules: the audit named a decision after an approval only when it changed the selection.

-- A decision by a person is refused unless its workflow waits for it. The statement writes all decisions of one request,
-- and the program has locked the workflow.
CREATE FUNCTION check_review_is_open() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM FROM written AS d
    JOIN public.intent_workflows AS w ON w.organization_id = d.organization_id AND w.id = d.workflow_id
    WHERE d.origin = 'PERSON' AND w.state <> TG_ARGV[0];
    IF FOUND THEN
        RAISE EXCEPTION 'a person decides only while the workflow is %', TG_ARGV[0]
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER keyword_decisions_open AFTER INSERT ON keyword_decisions REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION check_review_is_open('SEED_REVIEW_PENDING');
ALTER TABLE keyword_decisions ENABLE ALWAYS TRIGGER keyword_decisions_open;
CREATE TRIGGER plan_decisions_open AFTER INSERT ON plan_decisions REFERENCING NEW TABLE AS written
    FOR EACH STATEMENT EXECUTE FUNCTION check_review_is_open('VALIDATION_COMPLETED');
ALTER TABLE plan_decisions ENABLE ALWAYS TRIGGER plan_decisions_open;

-- The call of a part was made for that part. A foreign key would need one more index on all calls.
CREATE FUNCTION check_part_is_paid() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM FROM public.ai_calls AS c
    WHERE c.organization_id = NEW.organization_id AND c.id = NEW.call_id AND c.workflow_id = NEW.workflow_id
        AND c.visit = NEW.visit AND c.part_key = NEW.part_key;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the call % was not made for the part %', NEW.call_id, NEW.part_key
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER step_parts_paid AFTER INSERT ON step_parts
    FOR EACH ROW WHEN (NEW.call_id IS NOT NULL) EXECUTE FUNCTION check_part_is_paid();
ALTER TABLE step_parts ENABLE ALWAYS TRIGGER step_parts_paid;
