package e2e

import (
	"context"
	"syscall"
	"testing"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// A verification is begun again on another server when its own is killed. It finds the tampered row of a journal and
// says in one sentence what is wrong with it. Before, it was silent.
func TestVerification_OfAKilledServerGoesOnElsewhere(t *testing.T) {
	t.Parallel()
	w, ctx := newWorld(t), context.Background()
	flow := testdb.Workflow(t, w.db, w.who, testdb.WorkflowOpts{State: workflow.CompetitorPending})
	api := w.client(t, w.serve(t, "--workers=false"), w.who)
	first := w.serve(t, quick...)
	start := func(key string) uuid.UUID {
		t.Helper()
		return plain(t, api.do(t, "startVerification", map[string]any{"idempotencyKey": key}).Verification.ID)
	}
	state := func(id uuid.UUID) string {
		return ask[string](t, w, `SELECT state::text FROM verifications WHERE id = $1`, id)[0]
	}
	clean := start("clean")
	eventually(t, "the verification ends", func() bool { return state(clean) == "CLEAN" })

	w.tamper(t, `BEGIN; SET LOCAL session_replication_role = replica;
		ALTER TABLE workflow_transitions DISABLE TRIGGER workflow_transitions_only_grow;
		UPDATE workflow_transitions SET reason = 'x', hash = transition_hash(previous_hash, organization_id, workflow_id,
			version, graph_version, kind, from_state, to_state, actor, 'x', occurred_at)
			WHERE workflow_id = '`+flow.ID.String()+`' AND version = 2;
		ALTER TABLE workflow_transitions ENABLE ALWAYS TRIGGER workflow_transitions_only_grow; COMMIT`)
	lock, err := w.db.Super.Begin(ctx)
	if err == nil {
		// It is read after the journals.
		_, err = lock.Exec(ctx, `LOCK TABLE article_evidence IN ACCESS EXCLUSIVE MODE`)
	}
	if err != nil {
		t.Fatal(err)
	}
	found := start("tampered")
	eventually(t, "the verification runs", func() bool { return state(found) == "RUNNING" })
	if again := start("meanwhile"); again != found {
		t.Errorf("a second request: got %s, want the open one, %s", again, found)
	}
	first.signal(t, syscall.SIGKILL)
	if err := lock.Rollback(ctx); err != nil {
		t.Fatal(err)
	}
	w.serve(t, quick...)
	eventually(t, "the verification ends", func() bool { return state(found) == "FINDINGS" })
	got := ask[string](t, w, `SELECT (findings->0->>'table') || ' '
		|| (findings->0->>'row') || ': ' || (findings->0->>'sentence') FROM verifications WHERE id = $1`, found)[0]
	want := "workflow_transitions wf_" + flow.ID.String() +
		" version 3: its previous hash is not the hash of the row before"
	attempts := ask[int](t, w, `SELECT attempt FROM verifications WHERE id = $1`, found)[0]
	if got != want || attempts != 2 {
		t.Errorf("got %q after %d attempts, want %q after 2", got, attempts, want)
	}
}
