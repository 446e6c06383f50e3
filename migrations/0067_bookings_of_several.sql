-- Calls of several organizations that are reserved or settled at the same moment share a statement. It runs in a role
-- of its own. This role sees the rows of the organizations that the transaction names, and has the rights that a booking
-- needs.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'infin8_booker') THEN
        CREATE ROLE infin8_booker NOLOGIN;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL; -- Another database of the same server was migrated at the same moment.
END
$$;
-- The users that may enter infin8_sweeper are those of the servers, so they need this role too. Since PostgreSQL 16 a
-- member need not have the rights of a role that it may enter.
DO $$
DECLARE
    since_16 boolean := current_setting('server_version_num')::integer >= 160000;
    server name;
BEGIN
    FOR server IN
        SELECT current_user
        UNION
        SELECT r.rolname FROM pg_catalog.pg_auth_members AS m
        JOIN pg_catalog.pg_roles AS r ON r.oid = m.member
        WHERE m.roleid = 'infin8_sweeper'::regrole
    LOOP
        BEGIN
            IF NOT pg_catalog.pg_has_role(server, 'infin8_booker', CASE WHEN since_16 THEN 'SET' ELSE 'MEMBER' END) THEN
                EXECUTE format('GRANT infin8_booker TO %I', server)
                    || CASE WHEN since_16 THEN ' WITH INHERIT FALSE' ELSE '' END;
            END IF;
        EXCEPTION
            WHEN unique_violation THEN NULL; -- As above.
            WHEN insufficient_privilege THEN
                RAISE NOTICE 'the user % needs a role, if a server works as it: GRANT infin8_booker TO %', server, server;
        END;
    END LOOP;
END
$$;
GRANT USAGE ON SCHEMA public TO infin8_booker;

-- The organizations that the transaction books for; NULL when it has named none.
CREATE FUNCTION named_organizations() RETURNS uuid[]
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN string_to_array(NULLIF(current_setting('infin8.organizations', true), ''), ',')::uuid[];

-- No index serves this condition, so a plan finds each row by its own key and not by the organizations.
DO $$
DECLARE
    booked name;
BEGIN
    FOREACH booked IN ARRAY ARRAY[
        'intent_workflows', 'step_units', 'article_budgets', 'usage_accounts', 'ai_calls', 'ai_usage_ledger',
        'usage_days', 'idempotency_keys'
    ] LOOP
        EXECUTE format('CREATE POLICY %I ON %I TO infin8_booker '
            'USING (array_position((SELECT named_organizations()), organization_id) IS NOT NULL)',
            booked || '_of_several', booked);
    END LOOP;
END
$$;
CREATE POLICY organizations_of_several ON organizations FOR SELECT TO infin8_booker
    USING (array_position((SELECT named_organizations()), id) IS NOT NULL);

-- A lock needs the right to change a column: the time at which a sweeper looks is the least of them.
GRANT SELECT, UPDATE (wake_at) ON intent_workflows TO infin8_booker;
GRANT SELECT (organization_id, id, token, attempt, lease_expires_at), UPDATE (wake_at) ON step_units TO infin8_booker;
GRANT SELECT (id, time_zone) ON organizations TO infin8_booker;
GRANT SELECT, UPDATE (held_pico, settled_pico, overage) ON article_budgets TO infin8_booker;
GRANT SELECT, UPDATE (sequence, held_pico, settled_pico, previous_stopped, previous_hash, hash)
    ON usage_accounts TO infin8_booker;
GRANT SELECT, INSERT, UPDATE (
    state, cost_pico, list_cost_pico, answered_model, provider, generation_id, prompt_tokens, completion_tokens,
    cached_tokens, reasoning_tokens, made_searches, items_billed, failure_code, ended_at, check_at
) ON ai_calls TO infin8_booker;
GRANT SELECT (organization_id, account_id, sequence, call_id, settled_delta), INSERT ON ai_usage_ledger
    TO infin8_booker;
GRANT SELECT, INSERT, UPDATE (calls, prompt_tokens, completion_tokens, settled_pico) ON usage_days TO infin8_booker;
GRANT SELECT (organization_id, key, call_id), INSERT ON idempotency_keys TO infin8_booker;
