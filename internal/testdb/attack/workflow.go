package attack

import "fmt"

// newFlow creates a workflow with its first journal row and, as last says, its account.
func newFlow(graph, last string) string {
	return fmt.Sprintf(`
WITH w AS (
	INSERT INTO intent_workflows (organization_id, id, name, company_name, company_url, graph_version, version, state,
		previous_hash, hash, created_by, created_at, updated_at)
	VALUES ({org}, {new}, 'new', 'Example', 'https://example.com', %[1]s, 0, 'CREATED', '', transition_hash('', {org},
		{new}, 0, %[1]s, 'CREATE', NULL, 'CREATED', 'mallory', '', now()), 'mallory', now(), now())
	RETURNING *
)
INSERT INTO workflow_transitions (organization_id, workflow_id, version, graph_version, kind, to_state, actor,
	reason, occurred_at, previous_hash, hash)
SELECT organization_id, id, 0, graph_version, 'CREATE', state, 'mallory', '', now(), '', hash FROM w;%[2]s`,
		graph, last)
}

// account is the account of newFlow.
const account = `
WITH a AS (
	INSERT INTO usage_accounts (organization_id, id, kind, sequence, settled_pico, held_pico, limit_pico, stopped,
		previous_hash, hash)
	VALUES ({org}, {new}, 'WORKFLOW', 0, 0, 0, 1, false, '', entry_hash('', {org}, {new}, 0, 'OPEN', NULL, 0, 0, 1, 0, 0,
		1, false, false, 'mallory', '', now()))
	RETURNING *
)
INSERT INTO ai_usage_ledger (organization_id, account_id, sequence, kind, settled_before, settled_delta, settled_after,
	held_before, held_delta, held_after, limit_before, limit_delta, limit_after, stopped_before, stopped_after, overage,
	actor, reason, occurred_at, previous_hash, hash)
SELECT organization_id, id, 0, 'OPEN', 0, 0, 0, 0, 0, 0, 0, 1, 1, false, false, false, 'mallory', '', now(), '', hash
FROM a;`

// moved moves a workflow along an edge with a right hash, and does the rest within the same statement.
func moved(flow, kind, to, rest string) string {
	return fmt.Sprintf(`
WITH before AS (SELECT state FROM intent_workflows WHERE id = %[1]s), moved AS (
	UPDATE intent_workflows AS w SET state = '%[3]s', version = w.version + 1, previous_hash = w.hash, updated_at = now(),
		hash = transition_hash(w.hash, w.organization_id, w.id, w.version + 1, w.graph_version, '%[2]s', w.state, '%[3]s',
			'mallory', '', now())
	WHERE w.id = %[1]s
	RETURNING w.*
)%[4]s
INSERT INTO workflow_transitions (organization_id, workflow_id, version, graph_version, kind, from_state, to_state,
	actor, reason, occurred_at, previous_hash, hash)
SELECT m.organization_id, m.id, m.version, m.graph_version, '%[2]s', b.state, m.state, 'mallory', '', now(),
	m.previous_hash, m.hash FROM moved AS m, before AS b;`, flow, kind, to, rest)
}

// ended ends the run of moved, with what else it is given, and begun begins one.
func ended(more string) string {
	return `, ended AS (UPDATE workflow_runs AS r SET ended_version = m.version, ended_at = now()` + more + `
	FROM moved AS m WHERE r.workflow_id = m.id AND r.token = m.version - 1)`
}

func begun(attempt string) string {
	return `, begun AS (INSERT INTO workflow_runs (organization_id, workflow_id, token, graph_version, state, hash, step,
	worker, attempt, started_at, lease_expires_at)
	SELECT organization_id, id, version, graph_version, state, hash, replace(state, '_PROCESSING', ''), 'mallory', ` +
		attempt + `, now(), now() FROM moved)`
}

func workflows() []Attack {
	const (
		last  = "intent_workflows_state_is_last_transition"
		kept  = "intent_workflows_kept"
		runs  = "workflow_runs_kept"
		woken = "When the sweepers look"
	)
	wake := func(name, assignment string) Attack {
		return Attack{
			Name:   name,
			SQL:    `UPDATE intent_workflows SET wake_at = ` + assignment + ` WHERE id = {flow}`,
			Server: unseen(woken), Sweeper: unseen(woken), Owner: unseen(woken),
		}
	}
	all := []Attack{
		byBoth("a workflow has graph version 999", newFlow("999", account), refused("intent_workflows_graph")),
		byBoth("a workflow has no account", newFlow("1", ""), refused("intent_workflows_account")),
		byBoth("a state without a transition", `UPDATE intent_workflows SET state = 'COMPLETED' WHERE id = {flow}`,
			refused(last)),
		byBoth("an edge that is none", moved("{flow}", "ADVANCE", "COMPLETED", ""), refused("workflow_transitions_edge")),
		byBoth("a _PROCESSING state without a run",
			moved("{flow}", "ADVANCE", "COMPETITOR_PROCESSING", ""), refused("workflow_transitions_run_begun")),
		byBoth("a run goes on when its state is left",
			moved("{running}", "CANCEL", "CANCELLED", ""), refused("workflow_transitions_run_ended")),
		byBoth("a run that succeeded has failed",
			moved("{running}", "ADVANCE", "ICP_COMPLETED", ended(`, failure_code = 'TIMEOUT'`)), named("workflow_runs")),
		byBoth("a first attempt is the ninth",
			moved("{flow}", "ADVANCE", "COMPETITOR_PROCESSING", begun("9")), named("workflow_runs")),
		byBoth("an ended run is changed", `UPDATE workflow_runs SET worker = 'mallory' WHERE workflow_id = {flow}`,
			refused("workflow_runs_end_once")),
		byBoth("a lease is for ever",
			`UPDATE workflow_runs SET lease_expires_at = '2999-01-01' WHERE workflow_id = {running}`, unseen(woken)),
		byBoth("a run belongs to another worker",
			`UPDATE workflow_runs SET worker = 'mallory' WHERE workflow_id = {running}`, unseen("What a server reports")),
		byOwner("a run is deleted", `DELETE FROM workflow_runs WHERE workflow_id = {running}`,
			refused("workflow_runs_never_deleted")),
		byOwner("a run is another attempt", `UPDATE workflow_runs SET attempt = 9 WHERE workflow_id = {running}`,
			refused(runs)),
		byOwner("a run began at another time", `UPDATE workflow_runs SET started_at = now() WHERE workflow_id = {running}`,
			refused(runs)),
		byOwner("a workflow is renamed", `UPDATE intent_workflows SET name = 'x' WHERE id = {flow}`, refused(kept)),
		byOwner("a workflow is of another company",
			`UPDATE intent_workflows SET company_url = 'https://example.org' WHERE id = {flow}`, refused(kept)),
		byOwner("a workflow has another creator",
			`UPDATE intent_workflows SET created_by = 'mallory' WHERE id = {flow}`, refused(kept)),
		byOwner("a workflow is deleted", `DELETE FROM intent_workflows WHERE id = {flow}`,
			refused("intent_workflows_never_deleted")),
		byBoth("a workflow repeats another hash of the row before",
			`UPDATE intent_workflows SET previous_hash = sha256('x') WHERE id = {flow}`, named("intent_workflows")),
		byBoth("a workflow moved at another time",
			`UPDATE intent_workflows SET updated_at = now() + interval '1 hour' WHERE id = {flow}`,
			named("intent_workflows")),
		byBoth("a result of another step", `INSERT INTO step_results (organization_id, workflow_id, token, step, content,
			provider, model, created_at) VALUES ({org}, {running}, 2, 'PUBLISH', '{}', '', '', now())`,
			named("step_results")),
		byOwner("a workflow is counted twice", `INSERT INTO workflow_counts (organization_id, to_state, workflows)
			SELECT organization_id, state, 1 FROM intent_workflows WHERE id = {flow}`, named("workflow_counts")),
		byOwner("the counts of workflows are gone", `DELETE FROM workflow_counts`, named("workflow_counts")),
		byOwner("the counts of workflows are those of another state", `UPDATE workflow_counts SET to_state = 'CANCELLED'`,
			named("workflow_counts")),
		wake("a workflow is never woken", "NULL"),
		wake("a workflow is woken in a thousand years", "'2999-01-01'"),
	}
	all = append(all, onlyGrows("workflow_transitions", "reason", "workflow_transitions_only_grow")...)
	all = append(all, onlyGrows("step_results", "content", "step_results_only_grow")...)
	all = append(all, onlyGrows("legal_transitions", "kind", "legal_transitions_only_grows")...)
	return append(all, onlyGrows("workflow_graphs", "version", "workflow_graphs_only_grow")...)
}
