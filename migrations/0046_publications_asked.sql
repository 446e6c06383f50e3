-- A publication is asked for only in the transaction of an approval at the gate PUBLISH. Its digest covers what the same
-- transaction asks for, so nothing may be added later under its name.

CREATE FUNCTION check_publication_asked() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM FROM public.gate_decisions AS d
    WHERE d.organization_id = NEW.organization_id AND d.workflow_id = NEW.workflow_id AND d.version = NEW.approval
        AND d.gate = 'PUBLISH' AND d.verdict = 'APPROVED' AND d.xmin = pg_current_xact_id()::xid;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'no approval of this transaction asks for publication %', NEW.publication_id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER publication_events_asked AFTER INSERT ON publication_events
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.kind IN ('PLAN', 'REPLAN'))
    EXECUTE FUNCTION check_publication_asked();
ALTER TABLE publication_events ENABLE ALWAYS TRIGGER publication_events_asked;
