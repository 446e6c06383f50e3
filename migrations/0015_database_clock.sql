-- The database's clock bounds the times that money depends on. A server says itself when a call was reserved, which
-- month it opens and when a price was written down. Without a bound the server's role could spend the limit of any
-- month, past or future, and set a price for calls that were made before.
--
-- The triggers come after row security and the constraints. They are not ALWAYS: a subscriber of logical
-- replication and a restored dump write old rows at a new time.

-- Whether a time is now, by the database's clock. Five minutes are for clocks that differ and for locks waited for.
CREATE FUNCTION near_clock(at timestamptz) RETURNS boolean
    LANGUAGE sql VOLATILE PARALLEL SAFE
    RETURN at >= clock_timestamp() - '00:05:00'::interval AND at <= clock_timestamp() + '00:05:00'::interval;

-- A month has 26 to 33 days, since zones are at most 26 hours apart. docs/decisions/0016 has the rule. Only a
-- server whose clock is behind opens a shorter one: it ends where a month begins that another server has opened.
ALTER TABLE usage_accounts ADD CONSTRAINT usage_accounts_month_length CHECK
    (kind = 'WORKFLOW' OR period_end - period_start <= '33 days'::interval);

-- A month is opened in the month itself, at the limit and in the time zone of its organization. A short month comes
-- before a long one, so that many short ones cannot each have a limit.
CREATE FUNCTION check_month() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF NOT (public.near_clock(NEW.period_start) OR public.near_clock(NEW.period_end)
        OR clock_timestamp() >= NEW.period_start AND clock_timestamp() < NEW.period_end) THEN
        RAISE EXCEPTION 'the database''s clock shows %, and the month % to % is opened',
            clock_timestamp(), NEW.period_start, NEW.period_end
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'usage_accounts_month_is_now',
                TABLE = TG_TABLE_NAME;
    END IF;
    IF NEW.period_end - NEW.period_start < '26 days'::interval THEN
        PERFORM FROM public.usage_accounts AS a
        WHERE a.organization_id = NEW.organization_id AND a.period_start = NEW.period_end
            AND a.period_end - a.period_start >= '26 days'::interval;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'the month % to % is too short', NEW.period_start, NEW.period_end
                USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'usage_accounts_month_length',
                    TABLE = TG_TABLE_NAME;
        END IF;
    END IF;
    PERFORM FROM public.organizations AS o
    WHERE o.id = NEW.organization_id AND o.month_limit_pico = NEW.limit_pico
        AND o.time_zone = coalesce(NEW.time_zone, o.time_zone);
    IF NOT FOUND THEN
        RAISE EXCEPTION 'the month has another limit or time zone than its organization'
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'usage_accounts_month_settings',
                TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER usage_accounts_month AFTER INSERT ON usage_accounts
    FOR EACH ROW WHEN (NEW.kind = 'MONTH') EXECUTE FUNCTION check_month();

-- A call is charged to the month of its organization that its time belongs to, and its time is now.
CREATE FUNCTION check_call() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM FROM public.usage_accounts AS a
    WHERE a.organization_id = NEW.organization_id AND a.id = NEW.month_id AND a.kind = 'MONTH'
        AND a.period_start <= NEW.reserved_at AND a.period_end > NEW.reserved_at;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'call % of % is charged to another account than that month''s', NEW.id, NEW.reserved_at
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ai_calls_month', TABLE = TG_TABLE_NAME;
    END IF;
    IF NOT public.near_clock(NEW.reserved_at) THEN
        RAISE EXCEPTION 'the database''s clock shows %, and a call is reserved at %',
            clock_timestamp(), NEW.reserved_at
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = 'ai_calls_now', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER ai_calls_month AFTER INSERT ON ai_calls FOR EACH ROW EXECUTE FUNCTION check_call();

-- A price is written down when it says so, and the price before it ends in the future.
CREATE TRIGGER model_prices_now AFTER INSERT ON model_prices
    FOR EACH ROW WHEN (NOT near_clock(NEW.recorded_at)) EXECUTE FUNCTION refuse_change();
CREATE TRIGGER model_prices_notice AFTER UPDATE ON model_prices
    FOR EACH ROW WHEN (NEW.valid_to < clock_timestamp() AND NOT near_clock(NEW.valid_to))
    EXECUTE FUNCTION refuse_change();
