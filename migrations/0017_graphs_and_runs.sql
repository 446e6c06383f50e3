-- Invariants between the tables of workflows. A workflow with a graph version that no program has written could be
-- committed, and then stopped every server from starting.

-- The versions of the graph. Only a migration adds one, with its edges.
CREATE TABLE workflow_graphs (
    version integer NOT NULL,
    CONSTRAINT workflow_graphs_pkey PRIMARY KEY (version)
);
INSERT INTO workflow_graphs (version) SELECT DISTINCT l.graph_version FROM legal_transitions AS l;
CREATE TRIGGER workflow_graphs_only_grow BEFORE UPDATE OR DELETE OR TRUNCATE ON workflow_graphs
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE workflow_graphs ENABLE ALWAYS TRIGGER workflow_graphs_only_grow;
GRANT SELECT ON workflow_graphs TO infin8_app;
ALTER TABLE legal_transitions ADD CONSTRAINT legal_transitions_graph
    FOREIGN KEY (graph_version) REFERENCES workflow_graphs (version);
ALTER TABLE intent_workflows
    ADD CONSTRAINT intent_workflows_graph FOREIGN KEY (graph_version) REFERENCES workflow_graphs (version),
    -- A workflow has an account from the beginning.
    ADD CONSTRAINT intent_workflows_account FOREIGN KEY (organization_id, id)
        REFERENCES usage_accounts (organization_id, id) DEFERRABLE INITIALLY DEFERRED;

-- The deferred check of the journal: at commit the workflow has reached the version of every new row, a row that enters
-- a _PROCESSING state has its run, and the run of a _PROCESSING state that a row leaves has ended.
CREATE OR REPLACE FUNCTION check_transition_reached() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
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
    RETURN NULL;
END
$$;
