package postgres_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// noRight is what stops the server's role where it has not been granted what the statement needs.
const noRight = "42501"

// hidden is what becomes of a statement of the server's role that reads from rows of another organization: nothing
// stops it, since there is nothing.
const hidden = ""

// forgery is a statement that must not be committed, and what stops it: noRight, the name of a constraint or trigger,
// or a condition's code.
type forgery struct {
	name string
	// sql may hold several statements; they are one transaction. {words} are the fixture's keys.
	sql string
	// server and owner are what stops the two roles. always is what stops even a superuser who has switched off foreign
	// keys and ordinary triggers; none is asked when empty.
	server, owner, always string
}

// target is a database with something of each kind in it, and the replacements for the words of the attacks.
type target struct {
	bundle
	keys *strings.Replacer
}

// newTarget makes a workflow at COMPETITOR_PENDING (version 4) whose ICP run has ended with a result, one in the middle
// of its ICP run, calls in four states, and another organization with a workflow, a month and a call.
func newTarget(t *testing.T) target {
	t.Helper()
	b, ctx := setup(t), context.Background()
	flow := testdb.Workflow(t, b.db, b.who, testdb.WorkflowOpts{State: workflow.ICPProcessing})
	if err := b.store.KeepResult(ctx, b.who, postgres.StepResult{
		WorkflowID: flow.ID, Token: flow.Version, Step: workflow.StepICP, Content: []byte(`{}`), At: testdb.Now(),
	}); err != nil {
		t.Fatal(err)
	}
	flow = testdb.Move(t, b.store, b.who, flow, workflow.ICPCompleted)
	flow = testdb.Move(t, b.store, b.who, flow, workflow.CompetitorPending)
	running := testdb.Workflow(t, b.db, b.who, testdb.WorkflowOpts{State: workflow.ICPProcessing})
	month, cent := b.month(t), cost.Dollar/100
	reserved, dispatched := b.reserve(t, flow, month, cent), b.reserve(t, flow, month, cent)
	unknown, settled := b.reserve(t, flow, month, cent), b.reserve(t, flow, month, cent)
	if _, _, err := b.store.DispatchCall(ctx, b.who, dispatched.ID, "p", testdb.Now()); err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.store.MarkCallUnknown(ctx, b.who, unknown.ID, "", testdb.Now(), testdb.Now()); err != nil {
		t.Fatal(err)
	}
	if err := b.settle(ctx, settled, cent/2); err != nil {
		t.Fatal(err)
	}
	other := bundle{db: b.db, store: b.store, who: testdb.Caller(t, b.db)}
	theirs, theirMonth := testdb.Workflow(t, b.db, other.who, testdb.WorkflowOpts{}), other.month(t)
	theirCall := other.reserve(t, theirs, theirMonth, cent)
	claimed, err := b.store.ClaimIdempotencyKey(ctx, b.who, postgres.IdempotencyRecord{
		Key: "key", Fingerprint: make([]byte, 32), WorkflowID: flow.ID,
	}, testdb.Now())
	if err != nil || !claimed {
		t.Fatalf("claim a key: %t, %v", claimed, err)
	}
	var words []string
	for word, id := range map[string]uuid.UUID{
		"org": b.who.OrganizationID, "flow": flow.ID, "running": running.ID, "month": month.ID,
		"reserved": reserved.ID, "dispatched": dispatched.ID, "unknown": unknown.ID, "settled": settled.ID,
		"other": other.who.OrganizationID, "theirs": theirs.ID, "theirMonth": theirMonth.ID, "theirCall": theirCall.ID,
	} {
		words = append(words, "{"+word+"}", "'"+id.String()+"'")
	}
	return target{bundle: b, keys: strings.NewReplacer(words...)}
}

// try runs an attack as one transaction, up to and including its COMMIT.
func (g target) try(pool *pgxpool.Pool, a forgery, mode string) error {
	ctx := context.Background()
	return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, mode+g.keys.Replace(a.sql), pgx.QueryExecModeSimpleProtocol)
		return err
	})
}

// repel makes every attack in every role it is meant for.
func (g target) repel(t *testing.T, attacks []forgery) {
	t.Helper()
	for _, a := range attacks {
		if got := refusal(g.try(g.named, a, "")); got != a.server {
			t.Errorf("%s, as the server: got %q, want it stopped by %s", a.name, got, a.server)
		}
		if got := refusal(g.try(g.db.Owner, a, "")); got != a.owner {
			t.Errorf("%s, as the owner: got %q, want it stopped by %s", a.name, got, a.owner)
		}
		if a.always == "" {
			continue
		}
		if got := refusal(g.try(g.db.Super, a, "SET LOCAL session_replication_role = replica;")); got != a.always {
			t.Errorf("%s, as a superuser without foreign keys: got %q, want it stopped by %s", a.name, got, a.always)
		}
	}
}

// onlyGrows are the three ways to take something back from a table that only grows.
func onlyGrows(table, column, trigger string) []forgery {
	return []forgery{
		{
			table + " is edited", fmt.Sprintf("UPDATE %s SET %s = %s", table, column, column),
			noRight, trigger, trigger,
		},
		{table + " is deleted from", "DELETE FROM " + table, noRight, trigger, trigger},
		{table + " is truncated", fmt.Sprintf("TRUNCATE %s CASCADE", table), noRight, trigger, trigger},
	}
}

// forged is a journal row: the next one of {flow}, from COMPETITOR_PENDING to CANCELLED with a right hash, unless a
// field says otherwise. Fields are SQL.
type forged struct{ organization, flow, version, graph, kind, from, to, previous, hash string }

func (f forged) sql() string {
	or := func(s, usual string) string {
		if s == "" {
			return usual
		}
		return s
	}
	f = forged{
		or(f.organization, "{org}"), or(f.flow, "{flow}"), or(f.version, "5"), or(f.graph, "1"),
		or(f.kind, "'CANCEL'"), or(f.from, "'COMPETITOR_PENDING'"), or(f.to, "'CANCELLED'"),
		or(f.previous, "w.hash"), f.hash,
	}
	f.hash = or(f.hash, fmt.Sprintf("transition_hash(%s, %s, %s, %s, %s, %s, %s, %s, 'mallory', '', now())",
		f.previous, f.organization, f.flow, f.version, f.graph, f.kind, f.from, f.to))
	return fmt.Sprintf(`INSERT INTO workflow_transitions (organization_id, workflow_id, version, graph_version, kind,
		from_state, to_state, actor, reason, occurred_at, previous_hash, hash)
		SELECT %s, %s, %s, %s, %s, %s, %s, 'mallory', '', now(), %s, %s FROM intent_workflows AS w WHERE w.id = {flow};`,
		f.organization, f.flow, f.version, f.graph, f.kind, f.from, f.to, f.previous, f.hash)
}

// moved forges a row and moves the workflow onto it.
func (f forged) moved() string {
	return f.sql() + `UPDATE intent_workflows AS w SET version = t.version, state = t.to_state, hash = t.hash
		FROM workflow_transitions AS t WHERE w.id = {flow} AND t.workflow_id = w.id AND t.version = w.version + 1;`
}

func TestGuards_ForgedRowsFailForOneReason(t *testing.T) {
	t.Parallel()
	g := newTarget(t)
	if err := g.try(g.named, forgery{sql: forged{}.moved()}, ""); err != nil {
		t.Errorf("the transition that the forgeries are made from: %v", err)
	}
	if err := g.try(g.named, forgery{sql: entry{}.moved()}, ""); err != nil {
		t.Errorf("the ledger entry that the forgeries are made from: %v", err)
	}
}

func TestGuards_Journal(t *testing.T) {
	t.Parallel()
	const last = "intent_workflows_state_is_last_transition"
	grows := onlyGrows("workflow_transitions", "reason", "workflow_transitions_only_grow")
	newTarget(t).repel(t, slices.Concat(grows, []forgery{
		{"a state of one's own", `UPDATE intent_workflows SET state = 'COMPLETED' WHERE id = {flow}`, last, last, ""},
		{"a version ahead", `UPDATE intent_workflows SET version = version + 1 WHERE id = {flow}`, last, last, ""},
		{
			"a version back", `UPDATE intent_workflows AS w SET version = t.version, state = t.to_state, hash = t.hash
				FROM workflow_transitions AS t WHERE w.id = {flow} AND t.workflow_id = w.id AND t.version = 3`,
			"intent_workflows_version_grows", "intent_workflows_version_grows", "intent_workflows_version_grows",
		},
		{
			"a version jumped over", `UPDATE intent_workflows SET version = version + 2 WHERE id = {flow}`,
			"intent_workflows_version_grows", "intent_workflows_version_grows", "intent_workflows_version_grows",
		},
		{"another hash", `UPDATE intent_workflows SET hash = sha256('x') WHERE id = {flow}`, last, last, ""},
		{
			"another graph", `UPDATE intent_workflows SET graph_version = 2 WHERE id = {flow}`,
			noRight, "intent_workflows_kept", "intent_workflows_kept",
		},
		{
			"a workflow without a journal", `INSERT INTO intent_workflows
				SELECT organization_id, gen_random_uuid(), 'new', company_name, company_url, '', 1, version, state,
					previous_hash, hash, NULL, 'mallory', now(), now() FROM intent_workflows WHERE id = {flow}`,
			last, last, "",
		},
		{
			"a workflow deleted", `DELETE FROM intent_workflows WHERE id = {flow}`,
			noRight, "intent_workflows_never_deleted", "intent_workflows_never_deleted",
		},
		{
			"all workflows truncated", `TRUNCATE intent_workflows CASCADE`,
			noRight, "intent_workflows_never_deleted", "intent_workflows_never_deleted",
		},
		{
			"a row that has not happened", forged{}.sql(),
			"workflow_transitions_reached", "workflow_transitions_reached", "workflow_transitions_reached",
		},
		{
			"an edge that is none", forged{to: "'COMPLETED'", kind: "'ADVANCE'"}.moved(),
			"workflow_transitions_edge", "workflow_transitions_edge", "",
		},
		{
			"an edge of another kind", forged{kind: "'RESET'"}.moved(),
			"workflow_transitions_edge", "workflow_transitions_edge", "",
		},
		{
			"an edge of another graph", forged{graph: "2"}.moved(),
			"workflow_transitions_edge", "workflow_transitions_edge", "",
		},
		{
			"a lie about the state before", forged{from: "'ICP_PENDING'"}.moved(),
			"workflow_transitions_unbroken", "workflow_transitions_unbroken", "",
		},
		{
			"a gap", forged{version: "6"}.sql(),
			"workflow_transitions_unbroken", "workflow_transitions_unbroken", "workflow_transitions_reached",
		},
		{
			"a fork", forged{version: "4"}.sql(),
			"workflow_transitions_pkey", "workflow_transitions_pkey", "workflow_transitions_pkey",
		},
		{
			"a second beginning", forged{version: "0", kind: "'CREATE'", from: "NULL", to: "'CREATED'", previous: "''"}.sql(),
			"workflow_transitions_pkey", "workflow_transitions_pkey", "workflow_transitions_pkey",
		},
		{
			"a beginning in the middle", forged{kind: "'CREATE'", from: "NULL", to: "'CREATED'", previous: "''"}.sql(),
			"workflow_transitions_first", "workflow_transitions_first", "workflow_transitions_first",
		},
		{
			"a version below zero", forged{version: "-1"}.sql(),
			"workflow_transitions_first", "workflow_transitions_first", "workflow_transitions_first",
		},
		{
			"a hash of something else", forged{hash: "sha256('x')"}.moved(),
			"workflow_transitions_hash", "workflow_transitions_hash", "workflow_transitions_hash",
		},
		{
			"a chain of its own", forged{previous: "sha256('x')"}.moved(),
			"workflow_transitions_unbroken", "workflow_transitions_unbroken", "",
		},
		{
			"a row of another organization's workflow", forged{flow: "{theirs}"}.sql(),
			"workflow_transitions_workflow", "workflow_transitions_workflow", "workflow_transitions_reached",
		},
		{
			"a row overwritten", strings.TrimSuffix(forged{version: "4"}.sql(), ";") +
				` ON CONFLICT ON CONSTRAINT workflow_transitions_pkey DO UPDATE SET reason = 'x'`,
			noRight, "workflow_transitions_only_grow", "workflow_transitions_only_grow",
		},
	}))
}

func TestGuards_EdgesRunsAndResults(t *testing.T) {
	t.Parallel()
	newTarget(t).repel(t, slices.Concat(
		onlyGrows("legal_transitions", "kind", "legal_transitions_only_grows"),
		onlyGrows("step_results", "content", "step_results_only_grow"),
		[]forgery{
			{
				"an ended run changed", `UPDATE workflow_runs SET worker = 'mallory' WHERE workflow_id = {flow}`,
				"workflow_runs_end_once", "workflow_runs_end_once", "workflow_runs_end_once",
			},
			{
				"a run ended by nothing",
				`UPDATE workflow_runs SET ended_version = 3, ended_at = now() WHERE workflow_id = {running}`,
				"workflow_runs_end", "workflow_runs_end", "",
			},
			{
				"a run ended later", `UPDATE workflow_runs SET ended_version = 4, ended_at = now() WHERE workflow_id = {running}`,
				"workflow_runs_end_follows", "workflow_runs_end_follows", "workflow_runs_end_follows",
			},
			{
				"a run of a state in which nothing runs",
				`INSERT INTO workflow_runs SELECT organization_id, workflow_id, version, graph_version, to_state, hash, 'ICP',
					'mallory', 1, now(), now() FROM workflow_transitions WHERE workflow_id = {flow} AND version = 1`,
				"workflow_runs_state", "workflow_runs_state", "workflow_runs_state",
			},
			{
				"a run from nowhere", `INSERT INTO workflow_runs VALUES
					({org}, {running}, 9, 1, 'ICP_PROCESSING', sha256('x'), 'ICP', 'mallory', 1, now(), now())`,
				"workflow_runs_start", "workflow_runs_start", "",
			},
			{
				"a result without a run",
				`INSERT INTO step_results VALUES ({org}, {running}, 1, 'ICP', '{}', '', '', now())`,
				"step_results_run", "step_results_run", "",
			},
			{
				"a result of another organization's run",
				`INSERT INTO step_results VALUES ({other}, {running}, 2, 'ICP', '{}', '', '', now())`,
				noRight, "step_results_run", "",
			},
			{
				"a second result", `INSERT INTO step_results VALUES ({org}, {flow}, 2, 'ICP', '{}', '', '', now())`,
				"step_results_pkey", "step_results_pkey", "step_results_pkey",
			},
		},
	))
}

// What only the server's role may not do, since the owner has to.
func TestGuards_ServerRoleHasNoRightsToThem(t *testing.T) {
	t.Parallel()
	g := newTarget(t)
	for _, statement := range []string{
		`INSERT INTO legal_transitions VALUES (1, 'COMPLETED', 'CREATED', 'RESET')`,
		`INSERT INTO model_prices VALUES ('m', 'PROMPT', 0, 0, now(), NULL, 'mallory')`,
		`UPDATE organizations SET created_at = now()`, `DELETE FROM organizations`,
		`UPDATE intent_workflows SET created_by = 'mallory'`, `DELETE FROM workflow_runs`,
		`UPDATE workflow_runs SET token = 1`, `UPDATE usage_accounts SET kind = 'MONTH'`, `DELETE FROM usage_accounts`,
		`UPDATE ai_calls SET hold_pico = 0`, `UPDATE ai_calls SET month_id = {theirMonth}`, `DELETE FROM ai_calls`,
		`UPDATE idempotency_keys SET fingerprint = sha256('x')`, `DELETE FROM idempotency_keys`,
		`ALTER TABLE workflow_transitions DISABLE TRIGGER ALL`,
		`ALTER TABLE ai_usage_ledger DROP CONSTRAINT ai_usage_ledger_cap`,
		`CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'`,
		`DROP TRIGGER ai_usage_ledger_only_grows ON ai_usage_ledger`, `DROP TABLE ai_usage_ledger CASCADE`,
		`CREATE TABLE mine (id int)`, `SET session_replication_role = replica`, `DELETE FROM schema_migrations`,
		`LOCK TABLE workflow_transitions IN ACCESS EXCLUSIVE MODE`, `COPY ai_usage_ledger TO PROGRAM 'true'`,
	} {
		if got := refusal(g.try(g.named, forgery{sql: statement}, "")); got != noRight {
			t.Errorf("%s: got %q, want it stopped by a missing right", statement, got)
		}
	}
}
