-- The columns that a row was created with do not change, in any role: an UPDATE may name only the columns of its
-- progress. And no row of a tenant is deleted. The server's role never had these rights; the owner has them unless
-- a trigger refuses.
--
-- A statement is refused when it names the column, so that a statement that does not pays nothing.

-- Each table with the columns that never change.
DO $$
DECLARE
    kept record;
BEGIN
    FOR kept IN SELECT * FROM (VALUES
        ('organizations', 'id, created_at'),
        ('intent_workflows', 'organization_id, id, name, company_name, company_url, linkedin_url, graph_version,
            created_by, created_at'),
        ('workflow_runs', 'organization_id, workflow_id, token, graph_version, state, hash, step, attempt, started_at'),
        ('usage_accounts', 'organization_id, id, kind, period_start, period_end, time_zone'),
        ('ai_calls', 'organization_id, id, workflow_id, month_id, step, run_token, recorded, models, prompt_bytes,
            max_completion_tokens, web_searches, hold_pico, actor, reserved_at, admitted_on'),
        ('usage_days', 'organization_id, account_id, account_kind, day, step, model, outcome'),
        ('idempotency_keys', 'organization_id, key, fingerprint, workflow_id, call_id, actor, created_at'),
        ('alert_deliveries', 'organization_id, alert_id')
    ) AS k (in_table, columns) LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE OF %s ON public.%I FOR EACH STATEMENT
            EXECUTE FUNCTION public.refuse_change()', kept.in_table || '_kept', kept.columns, kept.in_table);
        EXECUTE format('ALTER TABLE public.%I ENABLE ALWAYS TRIGGER %I', kept.in_table, kept.in_table || '_kept');
        EXECUTE format('CREATE TRIGGER %I BEFORE DELETE OR TRUNCATE ON public.%I FOR EACH STATEMENT
            EXECUTE FUNCTION public.refuse_change()', kept.in_table || '_never_deleted', kept.in_table);
        EXECUTE format('ALTER TABLE public.%I ENABLE ALWAYS TRIGGER %I', kept.in_table,
            kept.in_table || '_never_deleted');
    END LOOP;
END
$$;

-- When a call was sent and since when its outcome was unknown is settled with its outcome.
CREATE TRIGGER ai_calls_times_final BEFORE UPDATE OF dispatched_at, unknown_since ON ai_calls
    FOR EACH ROW WHEN (OLD.outcome_event IS NOT NULL AND (NEW.dispatched_at, NEW.unknown_since)
        IS DISTINCT FROM (OLD.dispatched_at, OLD.unknown_since)) EXECUTE FUNCTION refuse_change();
ALTER TABLE ai_calls ENABLE ALWAYS TRIGGER ai_calls_times_final;
-- A call without an outcome is always due for a check, and one with an outcome never.
ALTER TABLE ai_calls ADD CONSTRAINT ai_calls_when_checked CHECK ((check_at IS NULL) = (ended_at IS NOT NULL));

-- What a request under a key has made is written once.
CREATE TRIGGER idempotency_keys_answered_once BEFORE UPDATE ON idempotency_keys FOR EACH ROW
    WHEN (num_nonnulls(OLD.version, OLD.account_id, OLD.sequence, OLD.answer) > 0) EXECUTE FUNCTION refuse_change();
ALTER TABLE idempotency_keys ENABLE ALWAYS TRIGGER idempotency_keys_answered_once;

-- An organization begins at version 0, and its webhook is the one that its present change has set.
CREATE TRIGGER organizations_begin AFTER INSERT ON organizations
    FOR EACH ROW WHEN (NEW.version <> 0) EXECUTE FUNCTION refuse_change();
ALTER TABLE organizations ENABLE ALWAYS TRIGGER organizations_begin;
CREATE TRIGGER organizations_webhook_of_change BEFORE UPDATE OF webhook_version, webhook_url ON organizations
    FOR EACH ROW WHEN ((NEW.webhook_version, NEW.webhook_url) IS DISTINCT FROM (OLD.webhook_version, OLD.webhook_url)
        AND NEW.webhook_version IS DISTINCT FROM NEW.version) EXECUTE FUNCTION refuse_change();
ALTER TABLE organizations ENABLE ALWAYS TRIGGER organizations_webhook_of_change;

-- The journal of the settings has no row for a version that the organization has not reached.
CREATE FUNCTION check_change_reached() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM FROM public.organizations AS o WHERE o.id = NEW.organization_id AND o.version >= NEW.version;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'change % of organization % has not happened', NEW.version, NEW.organization_id
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER organization_changes_reached AFTER INSERT ON organization_changes
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_change_reached();
ALTER TABLE organization_changes ENABLE ALWAYS TRIGGER organization_changes_reached;
