package attack

import "fmt"

// behind is an attack on rows from which the owner has first taken the triggers, and given them back.
func behind(table, statement string) string {
	return fmt.Sprintf(`
DO $attack$ DECLARE
	always name[] := ARRAY(SELECT tgname FROM pg_trigger WHERE tgrelid = '%[1]s'::regclass AND tgenabled = 'A');
	trigger name;
BEGIN
	ALTER TABLE %[1]s DISABLE TRIGGER USER;
	%[2]s;
	ALTER TABLE %[1]s ENABLE TRIGGER USER;
	FOREACH trigger IN ARRAY always LOOP
		EXECUTE format('ALTER TABLE %[1]s ENABLE ALWAYS TRIGGER %%I', trigger);
	END LOOP;
END $attack$`, table, statement)
}

// catalog are the attacks of an owner who changes the rules themselves.
func catalog() []Attack {
	all := []Attack{
		byOwner("an edge is added", `INSERT INTO legal_transitions VALUES (1, 'COMPLETED', 'CREATED', 'RESET')`,
			named("legal_transitions")),
		byOwner("a graph is added", `INSERT INTO workflow_graphs VALUES (2)`, named("workflow_graphs")),
		byOwner("a migration was not applied", `DELETE FROM schema_migrations WHERE number = 3`,
			named("schema_migrations")),
		byOwner("a migration was another one", `UPDATE schema_migrations SET checksum = sha256('x') WHERE number = 3`,
			named("schema_migrations")),
	}
	// A GRANT without the right to it is only a warning; a COMMENT is refused.
	for _, c := range []struct{ statement, named string }{
		{`ALTER TABLE ai_usage_ledger DROP CONSTRAINT ai_usage_ledger_cap`, "ai_usage_ledger_cap"},
		{`ALTER TABLE ai_usage_ledger DROP CONSTRAINT ai_usage_ledger_hash`, "ai_usage_ledger_hash"},
		{
			`ALTER TABLE intent_workflows DROP CONSTRAINT intent_workflows_state_is_last_transition`,
			"intent_workflows_state_is_last_transition",
		},
		{`ALTER TABLE workflow_transitions DROP CONSTRAINT workflow_transitions_edge`, "workflow_transitions_edge"},
		{
			`ALTER TABLE ai_calls DROP CONSTRAINT ai_calls_tokens, ADD CONSTRAINT ai_calls_tokens CHECK (true)`,
			"ai_calls_tokens",
		},
		{`ALTER DOMAIN amount_pico DROP CONSTRAINT amount_pico_not_negative`, "amount_pico_not_negative"},
		{`ALTER TABLE ai_calls ALTER COLUMN actor DROP NOT NULL`, "actor"},
		{`ALTER TABLE ai_calls ALTER COLUMN overage SET DEFAULT true`, "overage"},
		{`DROP INDEX model_price_proposals_one_pending`, "model_price_proposals_one_pending"},
		{`ALTER TABLE ai_usage_ledger DISABLE TRIGGER ai_usage_ledger_only_grows`, "ai_usage_ledger_only_grows"},
		{`ALTER TABLE ai_usage_ledger ENABLE TRIGGER ai_usage_ledger_only_grows`, "ai_usage_ledger_only_grows"},
		{`DROP TRIGGER ai_calls_month ON ai_calls`, "ai_calls_month"},
		{`CREATE TRIGGER mine BEFORE INSERT ON ai_calls FOR EACH ROW EXECUTE FUNCTION refuse_change()`, "mine"},
		{`CREATE RULE mine AS ON INSERT TO alerts DO INSTEAD NOTHING`, "mine"},
		{`CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql
			SET search_path = pg_catalog, pg_temp AS 'BEGIN RETURN NULL; END'`, "refuse_change"},
		{`CREATE OR REPLACE FUNCTION near_clock(at timestamptz) RETURNS boolean LANGUAGE sql VOLATILE PARALLEL SAFE
			RETURN true`, "near_clock"},
		{`ALTER FUNCTION check_entry_reached() RESET search_path`, "check_entry_reached"},
		{`ALTER TABLE ai_calls DISABLE ROW LEVEL SECURITY`, "ai_calls"},
		{`DROP POLICY ai_calls_of_the_named ON ai_calls`, "ai_calls_of_the_named"},
		{`CREATE POLICY mine ON ai_calls TO infin8_app USING (true)`, "mine"},
		{`GRANT DELETE ON ai_calls TO infin8_app; COMMENT ON TABLE ai_calls IS NULL`, "ai_calls"},
		{`GRANT UPDATE (state) ON ai_calls TO infin8_sweeper; COMMENT ON TABLE ai_calls IS NULL`, "ai_calls"},
	} {
		all = append(all, byOwner(c.statement, c.statement, named(c.named)))
	}
	return all
}

// behindTriggers are the attacks of an owner who takes a rule away for a moment.
func behindTriggers() (all []Attack) {
	const noJournal = "Rows without a journal"
	for _, c := range []struct {
		name, table, statement string
		outcome                Outcome
	}{
		{
			"the reason of a transition is edited", "workflow_transitions",
			`UPDATE workflow_transitions SET hash = transition_hash(previous_hash, organization_id, workflow_id, version,
			graph_version, kind, from_state, to_state, actor, 'x', occurred_at), reason = 'x'
			WHERE workflow_id = {flow} AND version = 2`, refused("workflow_transitions_unbroken"),
		},
		{
			"a run is deleted behind its trigger", "workflow_runs",
			`DELETE FROM workflow_runs WHERE workflow_id = {running}`, named("workflow_runs"),
		},
		{
			"the period of a month is changed behind its trigger", "usage_accounts",
			`UPDATE usage_accounts SET period_start = period_start + interval '1 day' WHERE id = {month}`,
			named("usage_accounts"),
		},
		{
			"a settled call has another actor, behind its trigger", "ai_calls",
			`UPDATE ai_calls SET actor = 'mallory' WHERE id = {settled}`, named("ai_calls call_"),
		},
		{
			"a settled call was of other models, behind its trigger", "ai_calls",
			`UPDATE ai_calls SET models = '{x}', prompt_bytes = 9 WHERE id = {settled}`, unseen(noJournal),
		},
		{
			"a workflow is renamed behind its trigger", "intent_workflows",
			`UPDATE intent_workflows SET name = 'x' WHERE id = {flow}`, unseen(noJournal),
		},
		{
			"an idempotency record is deleted behind its trigger", "idempotency_keys",
			`DELETE FROM idempotency_keys`, unseen(noJournal),
		},
		{
			"an API key has another role, behind its trigger", "api_keys", `UPDATE api_keys SET role = 'ADMIN'`,
			unseen(noJournal),
		},
		{
			"a change has another actor, behind its trigger", "organization_changes",
			`UPDATE organization_changes SET actor = 'mallory' WHERE organization_id = {org} AND version = 1`,
			unseen(noJournal),
		},
		{
			"a price is changed behind its trigger", "model_prices",
			`UPDATE model_prices SET unit_pico = 1 WHERE organization_id = {org}`, unseen(noJournal),
		},
	} {
		all = append(all, byOwner(c.name, behind(c.table, c.statement), c.outcome))
	}
	return all
}
