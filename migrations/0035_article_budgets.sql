-- A cap for each article. The calls for an article are held on its budget first, then on the workflow's account and on
-- the month's. So "at most" is true for every article, whatever is repeated. Other calls do not pay for this table.

-- The counts follow the calls of the article, and `verify` derives them again from the calls and the ledger. The cap is
-- set once, when the article is approved.
CREATE TABLE article_budgets (
    organization_id uuid        NOT NULL,
    article_id      uuid        NOT NULL,
    workflow_id     uuid        NOT NULL,
    cap_pico        amount_pico NOT NULL,
    held_pico       amount_pico NOT NULL DEFAULT 0,
    settled_pico    amount_pico NOT NULL DEFAULT 0,
    -- A call cost more than its hold, and the budget went beyond its cap.
    overage         boolean     NOT NULL DEFAULT false,
    opened_by       actor       NOT NULL,
    opened_at       timestamptz NOT NULL,
    CONSTRAINT article_budgets_pkey PRIMARY KEY (organization_id, article_id),
    CONSTRAINT article_budgets_workflow_of UNIQUE (organization_id, workflow_id, article_id),
    CONSTRAINT article_budgets_workflow FOREIGN KEY (organization_id, workflow_id)
        REFERENCES intent_workflows (organization_id, id),
    CONSTRAINT article_budgets_cap CHECK (overage OR settled_pico <= cap_pico AND held_pico <= cap_pico - settled_pico)
);

ALTER TABLE ai_calls
    ADD COLUMN article_id uuid,
    ADD CONSTRAINT ai_calls_article FOREIGN KEY (organization_id, workflow_id, article_id)
        REFERENCES article_budgets (organization_id, workflow_id, article_id);
CREATE INDEX ai_calls_by_article ON ai_calls (organization_id, workflow_id, article_id) WHERE article_id IS NOT NULL;
-- What an organization has paid for a kind of part, newest first. The kind is the first word of the part's key.
CREATE INDEX ai_calls_by_part_kind
    ON ai_calls (organization_id, pg_catalog.split_part(part_key, '/', 1), answered_model, ended_at DESC)
    WHERE part_key IS NOT NULL AND cost_pico IS NOT NULL;
DROP TRIGGER ai_calls_keep_their_part ON ai_calls;
CREATE TRIGGER ai_calls_keep_their_part BEFORE UPDATE OF visit, part_key, unit_id, unit_attempt, article_id
    ON ai_calls
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE ai_calls ENABLE ALWAYS TRIGGER ai_calls_keep_their_part;

-- A new hold on a budget is below the cap, also after an overage, and no call of the article is missing in the counts.
CREATE FUNCTION check_article_hold() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    held numeric;
    settled numeric;
BEGIN
    SELECT coalesce(sum(c.hold_pico) FILTER (WHERE c.ended_at IS NULL), 0), coalesce(sum(l.settled), 0)
    INTO held, settled
    FROM public.ai_calls AS c
    CROSS JOIN LATERAL (
        SELECT sum(e.settled_delta) AS settled FROM public.ai_usage_ledger AS e
        WHERE e.organization_id = c.organization_id AND e.call_id = c.id AND e.account_id = c.workflow_id
    ) AS l
    WHERE c.organization_id = NEW.organization_id AND c.workflow_id = NEW.workflow_id
        AND c.article_id = NEW.article_id;
    IF NEW.held_pico < held OR NEW.settled_pico < settled THEN
        RAISE EXCEPTION 'the budget of article % does not count all its calls', NEW.article_id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    IF NEW.settled_pico > NEW.cap_pico OR NEW.held_pico > NEW.cap_pico - NEW.settled_pico THEN
        RAISE EXCEPTION 'the budget of article % has no room for the hold', NEW.article_id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'article_budgets_cap', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER article_budgets_hold AFTER UPDATE OF held_pico ON article_budgets
    FOR EACH ROW WHEN (NEW.held_pico > OLD.held_pico) EXECUTE FUNCTION check_article_hold();
ALTER TABLE article_budgets ENABLE ALWAYS TRIGGER article_budgets_hold;

-- What the approval of an article has fixed does not change, and no budget disappears.
CREATE TRIGGER article_budgets_kept BEFORE UPDATE OF organization_id, article_id, workflow_id, cap_pico, opened_by,
    opened_at ON article_budgets FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE article_budgets ENABLE ALWAYS TRIGGER article_budgets_kept;
CREATE TRIGGER article_budgets_never_deleted BEFORE DELETE OR TRUNCATE ON article_budgets
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
ALTER TABLE article_budgets ENABLE ALWAYS TRIGGER article_budgets_never_deleted;
CREATE TRIGGER article_budgets_begin_empty BEFORE INSERT ON article_budgets
    FOR EACH ROW WHEN (NEW.held_pico <> 0 OR NEW.settled_pico <> 0 OR NEW.overage) EXECUTE FUNCTION refuse_change();
CREATE TRIGGER article_budgets_now BEFORE INSERT ON article_budgets
    FOR EACH ROW WHEN (NOT near_clock(NEW.opened_at)) EXECUTE FUNCTION refuse_change();

ALTER TABLE article_budgets ENABLE ROW LEVEL SECURITY;
CREATE POLICY article_budgets_of_the_named ON article_budgets TO infin8_app
    USING (organization_id = named_organization());
GRANT SELECT, INSERT ON article_budgets TO infin8_app;
GRANT UPDATE (held_pico, settled_pico, overage) ON article_budgets TO infin8_app;
