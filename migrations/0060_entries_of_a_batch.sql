-- Calls of one organization that are booked together are one statement. It writes several entries of an account, and
-- moves the account past all of them. entry_chain computes the hash of each entry from the one before it, as a window
-- function over the entries of an account.
CREATE FUNCTION entry_chain_step(
    state bytea, first_previous bytea, organization_id uuid, account_id uuid, sequence bigint, kind text, call_id uuid,
    settled_delta bigint, held_delta bigint, limit_delta bigint, settled_after bigint, held_after bigint,
    limit_after bigint, stopped_after boolean, overage boolean, actor text, reason text, occurred_at timestamptz
) RETURNS bytea
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN entry_hash(coalesce(state, first_previous), organization_id, account_id, sequence, kind, call_id, settled_delta,
    held_delta, limit_delta, settled_after, held_after, limit_after, stopped_after, overage, actor, reason, occurred_at);

CREATE AGGREGATE entry_chain(
    bytea, uuid, uuid, bigint, text, uuid, bigint, bigint, bigint, bigint, bigint, bigint, boolean, boolean, text, text,
    timestamptz
) (sfunc = entry_chain_step, stype = bytea);

-- The number of an account still never falls. An account that moves by more than one passes existing entries only.
DROP TRIGGER usage_accounts_sequence_grows ON usage_accounts;
CREATE TRIGGER usage_accounts_sequence_grows BEFORE UPDATE OF sequence ON usage_accounts
    FOR EACH ROW WHEN (NEW.sequence < OLD.sequence) EXECUTE FUNCTION refuse_change();
ALTER TABLE usage_accounts ENABLE ALWAYS TRIGGER usage_accounts_sequence_grows;

CREATE FUNCTION check_entries_passed() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF (SELECT count(*) FROM public.ai_usage_ledger AS l
        WHERE l.organization_id = NEW.organization_id AND l.account_id = NEW.id AND l.sequence > OLD.sequence
            AND l.sequence <= NEW.sequence) <> NEW.sequence - OLD.sequence
    THEN
        RAISE EXCEPTION 'account % moves from entry % to % past an entry that is missing', NEW.id, OLD.sequence,
            NEW.sequence
            USING ERRCODE = 'integrity_constraint_violation', CONSTRAINT = TG_NAME, TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER usage_accounts_entries_passed AFTER UPDATE OF sequence ON usage_accounts
    FOR EACH ROW WHEN (NEW.sequence > OLD.sequence + 1) EXECUTE FUNCTION check_entries_passed();
ALTER TABLE usage_accounts ENABLE ALWAYS TRIGGER usage_accounts_entries_passed;
