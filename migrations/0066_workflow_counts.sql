-- The numbers of workflows by state are kept, because counting the workflows of a large organization takes longer the
-- more it has. Each change of a state adds a row, and a number is the sum over the rows: no transition waits for another
-- one, as it would for a row with the number itself. One change in fifty replaces the rows of its organization by sums,
-- apart from rows that another transaction is replacing.

CREATE TABLE workflow_counts (
    organization_id uuid   NOT NULL,
    id              bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    -- So many workflows left a state and came to another one; from_state is NULL for new ones, and for a sum.
    from_state      workflow_state,
    to_state        workflow_state NOT NULL,
    workflows       bigint         NOT NULL,
    CONSTRAINT workflow_counts_pkey PRIMARY KEY (organization_id, id)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
ALTER TABLE workflow_counts ENABLE ROW LEVEL SECURITY;
CREATE POLICY workflow_counts_of_the_named ON workflow_counts TO infin8_app
    USING (organization_id = named_organization());
GRANT SELECT ON workflow_counts TO infin8_app;

-- Only the trigger may write the counts. It writes them as the owner.
CREATE FUNCTION count_workflow() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    INSERT INTO public.workflow_counts (organization_id, from_state, to_state, workflows)
    VALUES (NEW.organization_id, CASE WHEN TG_OP = 'UPDATE' THEN OLD.state END, NEW.state, 1);
    IF random() < 0.02 THEN
        WITH replaced AS (
            DELETE FROM public.workflow_counts AS c
            WHERE c.ctid = ANY (ARRAY(
                SELECT o.ctid FROM public.workflow_counts AS o WHERE o.organization_id = NEW.organization_id
                FOR UPDATE SKIP LOCKED))
            RETURNING c.from_state, c.to_state, c.workflows
        )
        INSERT INTO public.workflow_counts (organization_id, to_state, workflows)
        SELECT NEW.organization_id, s.state, sum(s.workflows)
        FROM replaced AS r
        CROSS JOIN LATERAL (VALUES (r.to_state, r.workflows), (r.from_state, -r.workflows)) AS s (state, workflows)
        WHERE s.state IS NOT NULL
        GROUP BY s.state
        HAVING sum(s.workflows) <> 0;
    END IF;
    RETURN NULL;
END
$$;
-- A trigger of a table of one's own would write any count.
REVOKE EXECUTE ON FUNCTION count_workflow() FROM PUBLIC;
CREATE TRIGGER intent_workflows_created_counted AFTER INSERT ON intent_workflows
    FOR EACH ROW EXECUTE FUNCTION count_workflow();
CREATE TRIGGER intent_workflows_moved_counted AFTER UPDATE ON intent_workflows
    FOR EACH ROW WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION count_workflow();
INSERT INTO workflow_counts (organization_id, to_state, workflows)
    SELECT w.organization_id, w.state, count(*) FROM intent_workflows AS w GROUP BY w.organization_id, w.state;
