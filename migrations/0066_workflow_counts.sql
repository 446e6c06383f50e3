-- The numbers of workflows by state are kept, because counting the workflows of a large organization takes longer the
-- more it has. Each change of a state adds rows, and a number is the sum of its rows: no transition waits for another
-- one, as it would for a row with the number itself. One change in fifty replaces the rows of its organization by their
-- sums, apart from rows that another transaction is replacing.

CREATE TABLE workflow_counts (
    organization_id uuid           NOT NULL,
    state           workflow_state NOT NULL,
    id              bigint         NOT NULL GENERATED ALWAYS AS IDENTITY,
    -- How many workflows came to the state; negative when they left it.
    change          bigint         NOT NULL,
    CONSTRAINT workflow_counts_pkey PRIMARY KEY (organization_id, state, id) INCLUDE (change)
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
ALTER TABLE workflow_counts ENABLE ROW LEVEL SECURITY;
CREATE POLICY workflow_counts_of_the_named ON workflow_counts TO infin8_app
    USING (organization_id = named_organization());
GRANT SELECT ON workflow_counts TO infin8_app;

-- Nobody but the trigger may write the counts, so it writes them as the owner.
CREATE FUNCTION count_workflow() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO public.workflow_counts (organization_id, state, change) VALUES (NEW.organization_id, NEW.state, 1);
    ELSE
        INSERT INTO public.workflow_counts (organization_id, state, change)
        VALUES (OLD.organization_id, OLD.state, -1), (NEW.organization_id, NEW.state, 1);
    END IF;
    IF random() < 0.02 THEN
        WITH replaced AS (
            DELETE FROM public.workflow_counts AS c
            WHERE c.ctid = ANY (ARRAY(
                SELECT o.ctid FROM public.workflow_counts AS o WHERE o.organization_id = NEW.organization_id
                FOR UPDATE SKIP LOCKED))
            RETURNING c.state, c.change
        )
        INSERT INTO public.workflow_counts (organization_id, state, change)
        SELECT NEW.organization_id, r.state, sum(r.change) FROM replaced AS r
        GROUP BY r.state
        HAVING sum(r.change) <> 0;
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
INSERT INTO workflow_counts (organization_id, state, change)
    SELECT w.organization_id, w.state, count(*) FROM intent_workflows AS w GROUP BY w.organization_id, w.state;
