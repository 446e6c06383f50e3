-- Row-level security isolates tenants a second time. Every query names its organization; with these policies the
-- server's role reads and writes only the rows of the organization that the transaction has set, and none without
-- one. The owner, who migrates, audits and keeps the operator's prices, is exempt.
--
-- A server of the version before sets no organization: it finds no rows and changes none once this is applied. Stop
-- it first. An exception for statements without an organization would leave no isolation.

-- A server does work for all organizations, such as the search for expired leases, in a role of its own, which it
-- enters for one statement. The role has no more rights than these statements need.
DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = 'infin8_sweeper') THEN
        CREATE ROLE infin8_sweeper NOLOGIN;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL; -- Another database of the same server was migrated at the same moment.
END
$$;
-- Who migrates may also be who serves, as on a developer's machine. Since PostgreSQL 16 a member need not be
-- allowed to SET ROLE.
DO $$
DECLARE
    may_enter text := CASE WHEN current_setting('server_version_num')::integer < 160000 THEN 'MEMBER' ELSE 'SET' END;
    needed name;
BEGIN
    FOREACH needed IN ARRAY ARRAY['infin8_app', 'infin8_sweeper'] LOOP
        IF NOT pg_catalog.pg_has_role(current_user, needed, may_enter) THEN
            EXECUTE format('GRANT %I TO CURRENT_USER', needed);
        END IF;
    END LOOP;
EXCEPTION WHEN unique_violation THEN
    NULL; -- As above.
END
$$;
GRANT USAGE ON SCHEMA public TO infin8_sweeper;

-- The organization that the transaction has named; NULL when it has named none.
CREATE FUNCTION named_organization() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN NULLIF(current_setting('infin8.organization_id', true), '')::uuid;

-- A new table of the tenants' gets the same two statements in its own migration; a test finds one that was forgotten.
DO $$
DECLARE
    tenants name;
BEGIN
    FOREACH tenants IN ARRAY ARRAY[
        'organization_changes', 'intent_workflows', 'workflow_transitions', 'workflow_runs', 'step_results',
        'usage_accounts', 'ai_calls', 'ai_usage_ledger', 'usage_days', 'idempotency_keys', 'cost_buckets', 'api_keys'
    ] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', tenants);
        EXECUTE format('CREATE POLICY %I ON %I TO infin8_app USING (organization_id = named_organization())',
            tenants || '_of_the_named', tenants);
    END LOOP;
END
$$;
ALTER TABLE organizations ENABLE ROW LEVEL SECURITY;
CREATE POLICY organizations_of_the_named ON organizations TO infin8_app USING (id = named_organization());

-- All organizations still read the operator's list, and none writes it. Lists and proposals of organizations are no
-- longer visible to others.
DROP POLICY model_prices_read ON model_prices;
DROP POLICY model_prices_add ON model_prices;
DROP POLICY model_prices_end ON model_prices;
CREATE POLICY model_prices_of_the_operator ON model_prices FOR SELECT TO infin8_app USING (organization_id IS NULL);
CREATE POLICY model_prices_of_the_named ON model_prices TO infin8_app USING (organization_id = named_organization());
DROP POLICY model_price_proposals_read ON model_price_proposals;
DROP POLICY model_price_proposals_add ON model_price_proposals;
DROP POLICY model_price_proposals_decide ON model_price_proposals;
CREATE POLICY model_price_proposals_of_the_named ON model_price_proposals TO infin8_app
    USING (organization_id = named_organization());

-- The sweepers find what is due and put its next look off; the start looks where live workflows stand; live updates
-- ask how far journals have come. None of them reads what a step produced, a name, a price, a journal or a ledger.
CREATE POLICY intent_workflows_of_all ON intent_workflows TO infin8_sweeper USING (true);
CREATE POLICY workflow_runs_of_all ON workflow_runs FOR SELECT TO infin8_sweeper USING (true);
CREATE POLICY ai_calls_of_all ON ai_calls TO infin8_sweeper USING (true);
CREATE POLICY usage_accounts_of_all ON usage_accounts FOR SELECT TO infin8_sweeper USING (true);
GRANT SELECT (organization_id, id, graph_version, version, state, wake_at, updated_at), UPDATE (wake_at)
    ON intent_workflows TO infin8_sweeper;
GRANT SELECT ON workflow_runs TO infin8_sweeper;
GRANT SELECT, UPDATE (check_at, checks) ON ai_calls TO infin8_sweeper;
GRANT SELECT (organization_id, id, sequence) ON usage_accounts TO infin8_sweeper;

-- The deferred checks of the journals look at the rows as they are, whichever organization is named when the
-- transaction commits: a sweeper's has named several.
ALTER FUNCTION check_transition_reached() SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
ALTER FUNCTION check_entry_reached() SECURITY DEFINER SET search_path = pg_catalog, pg_temp;

-- The last key of a tenant's table that did not begin with the tenant.
ALTER TABLE model_price_proposals
    DROP CONSTRAINT model_price_proposals_pkey,
    ADD CONSTRAINT model_price_proposals_pkey PRIMARY KEY (list_id, id);
