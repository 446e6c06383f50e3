-- The deferred check of a ledger entry reads the account and the call by one query instead of two, since it is made for
-- every entry. A second query finds the reason of a refusal.
CREATE OR REPLACE FUNCTION check_entry_reached() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM FROM public.usage_accounts AS a
    LEFT JOIN public.ai_calls AS c ON c.organization_id = a.organization_id AND c.id = NEW.call_id
    WHERE a.organization_id = NEW.organization_id AND a.id = NEW.account_id AND a.sequence >= NEW.sequence
        AND (NEW.call_id IS NULL OR a.id IN (c.workflow_id, c.month_id) AND CASE NEW.kind
            WHEN 'SETTLE' THEN c.state = 'SETTLED' AND c.cost_pico = NEW.settled_delta AND NOT c.recorded
            WHEN 'RECORD' THEN c.state = 'SETTLED' AND c.cost_pico = NEW.settled_delta AND c.recorded
                AND (c.overage OR NOT NEW.overage)
            WHEN 'RELEASE' THEN c.state = 'RELEASED'
            WHEN 'ASSUME' THEN c.state = 'ASSUMED'
            WHEN 'ADJUST' THEN c.outcome_event IS NOT NULL AND (NEW.corrects_sequence IS NULL OR EXISTS (
                SELECT FROM public.ai_usage_ledger AS l -- what it corrects is an outcome of the same call
                WHERE l.organization_id = NEW.organization_id AND l.account_id = NEW.account_id
                    AND l.sequence = NEW.corrects_sequence AND l.call_id = NEW.call_id AND l.kind <> 'RESERVE'))
            ELSE true END);
    IF FOUND THEN
        RETURN NULL;
    END IF;
    PERFORM FROM public.usage_accounts AS a
    WHERE a.organization_id = NEW.organization_id AND a.id = NEW.account_id AND a.sequence >= NEW.sequence;
    IF FOUND THEN
        RAISE EXCEPTION 'entry % of account % does not agree with its call', NEW.sequence, NEW.account_id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    RAISE EXCEPTION 'entry % of account % has not happened', NEW.sequence, NEW.account_id
        USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
END
$$;
