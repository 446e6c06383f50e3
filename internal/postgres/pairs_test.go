package postgres_test

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// move is a transition in one statement by a writer who ignores the graph: the states are arbitrary, everything else
// is right.
const move = `
WITH moved AS (
	UPDATE intent_workflows AS w
	SET state = @to::workflow_state, version = w.version + 1, previous_hash = w.hash,
		hash = transition_hash(w.hash, w.organization_id, w.id, w.version + 1, w.graph_version, @kind::edge_kind, w.state,
			@to::workflow_state, 'psql', '', now())
	WHERE w.id = @id
	RETURNING w.*
), ended AS (
	UPDATE workflow_runs AS r SET ended_version = m.version, ended_at = now()
	FROM moved AS m WHERE r.workflow_id = m.id AND r.token = m.version - 1 AND r.ended_version IS NULL
), started AS (
	INSERT INTO workflow_runs (organization_id, workflow_id, token, graph_version, state, hash, step, worker, attempt,
		started_at, lease_expires_at)
	SELECT m.organization_id, m.id, m.version, m.graph_version, m.state, m.hash, replace(m.state, '_PROCESSING', ''),
		'psql', 1, now(), now()
	FROM moved AS m WHERE m.state LIKE '%_PROCESSING'
)
INSERT INTO workflow_transitions (organization_id, workflow_id, version, graph_version, kind, from_state, to_state,
	actor, reason, occurred_at, previous_hash, hash)
SELECT m.organization_id, m.id, m.version, m.graph_version, @kind::edge_kind, @from::workflow_state, m.state, 'psql',
	'', now(), m.previous_hash, m.hash
FROM moved AS m`

// edgeKinds are all kinds under which a row could be written.
var edgeKinds = []workflow.EdgeKind{
	workflow.Create, workflow.Advance, workflow.Fail, workflow.Retry, workflow.Cancel, workflow.Reset,
}

func TestLegalTransitions_RefuseEveryIllegalPair(t *testing.T) {
	t.Parallel()
	b := setup(t)
	flows := map[workflow.State]uuid.UUID{}
	for _, state := range workflow.States() {
		flows[state] = testdb.Workflow(t, b.db, b.who, testdb.WorkflowOpts{State: state}).ID
	}
	for role, pool := range map[string]*pgxpool.Pool{"Server": b.named, "Owner": b.db.Owner} {
		t.Run(role, func(t *testing.T) {
			t.Parallel()
			pairs, legal := 0, 0
			for _, from := range workflow.States() {
				for _, to := range workflow.States() {
					pairs++
					if kind, err := workflow.CheckEdge(from, to); err == nil {
						legal++
						allowed(t, pool, flows[from], workflow.LegalTransition{From: from, To: to, Kind: kind})
						continue
					}
					// One kind is enough to show it: no row of the graph has the pair under any.
					kind := edgeKinds[pairs%len(edgeKinds)]
					refused(t, pool, flows[from], workflow.LegalTransition{From: from, To: to, Kind: kind})
				}
			}
			if pairs != 841 || legal != len(workflow.Edges()) {
				t.Errorf("got %d pairs, %d of them legal, want 841 and %d", pairs, legal, len(workflow.Edges()))
			}
		})
	}
}

func moveArgs(flow uuid.UUID, edge workflow.LegalTransition) pgx.NamedArgs {
	return pgx.NamedArgs{"id": flow, "from": edge.From, "to": edge.To, "kind": edge.Kind}
}

// refused commits, or tries to.
func refused(t *testing.T, pool *pgxpool.Pool, flow uuid.UUID, edge workflow.LegalTransition) {
	t.Helper()
	_, err := pool.Exec(context.Background(), move, moveArgs(flow, edge))
	want := "workflow_transitions_edge"
	if edge.Kind == workflow.Create {
		want = "workflow_transitions_first"
	}
	if got := refusal(err); got != want {
		t.Errorf("%s → %s (%s): got %q, want it stopped by %s", edge.From, edge.To, edge.Kind, got, want)
	}
}

// allowed takes an edge up to the point where only COMMIT is left to say, with all deferred checks done, and goes back,
// so that the workflow stays where the other pairs need it. Under any other kind the edge is refused.
func allowed(t *testing.T, pool *pgxpool.Pool, flow uuid.UUID, edge workflow.LegalTransition) {
	t.Helper()
	ctx := context.Background()
	tx, err := pool.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	_, err = tx.Exec(ctx, move, moveArgs(flow, edge))
	if err == nil {
		_, err = tx.Exec(ctx, `SET CONSTRAINTS ALL IMMEDIATE`)
	}
	if err != nil {
		t.Errorf("%s → %s (%s): %v", edge.From, edge.To, edge.Kind, err)
	}
	if err := tx.Rollback(ctx); err != nil {
		t.Fatal(err)
	}
	for _, kind := range edgeKinds {
		if kind != edge.Kind {
			refused(t, pool, flow, workflow.LegalTransition{From: edge.From, To: edge.To, Kind: kind})
		}
	}
}
