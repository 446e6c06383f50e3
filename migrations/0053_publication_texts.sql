-- A decision at the gate PUBLISH is about the last text of each article: one that the approver has read, or the request
-- is refused. An earlier revision cannot be asked for, and what a site makes public is the revision that was asked for.
-- An approval has always taken the last version, and every such event had that revision, so all rows fit.

CREATE OR REPLACE FUNCTION check_publication_asked() RETURNS trigger
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
    PERFORM FROM public.article_versions AS v
    WHERE v.organization_id = NEW.organization_id AND v.article_id = NEW.article_id AND v.revision > NEW.revision;
    IF FOUND THEN
        RAISE EXCEPTION 'publication % asks for an earlier text of article %', NEW.publication_id, NEW.article_id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END
$$;

ALTER TABLE publication_events ADD CONSTRAINT publication_events_approved_text CHECK (
    kind NOT IN ('DELIVER', 'MAKE_PUBLIC', 'PUBLISH', 'UPDATED') OR remote_revision = revision);
