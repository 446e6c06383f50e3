package e2e

import (
	"flag"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/testdb"
)

var batchItems = flag.Int("batch.items", 200, "workflows of TestBatch_OfAKilledServerGoesOnElsewhere, at most 10000")

// A batch cancels all workflows of a filter while 20 callers start their first step. Its server is killed in the
// middle, and another one goes on. Every item has one result, and the journal agrees.
func TestBatch_OfAKilledServerGoesOnElsewhere(t *testing.T) {
	t.Parallel()
	w, n := newWorld(t), *batchItems
	api := w.client(t, w.serve(t, "--workers=false"), w.who)
	flows := w.createMany(t, n)
	input := map[string]any{"filter": map[string]any{}, "reason": "Old campaign."}
	input["digest"] = api.do(t, "cancelWorkflows", input).Preview.Digest
	input["idempotencyKey"] = "batch"
	began := time.Now()
	batch := plain(t, api.do(t, "cancelWorkflows", input).Batch.ID)
	if again := api.do(t, "cancelWorkflows", input); !again.Replayed || plain(t, again.Batch.ID) != batch {
		t.Errorf("the order again: got %+v, want a replay", again)
	}
	done := func() int { return ask[int](t, w, `SELECT done FROM batches WHERE id = $1`, batch)[0] }
	var movers sync.WaitGroup
	for i := range 20 {
		movers.Go(func() {
			for at := n - 1 - i; at >= 0; at -= 20 {
				_, _ = api.try(t.Context(), "startStep", map[string]any{"workflowId": "wf_" + flows[at].String()})
			}
		})
	}
	first := w.serve(t, quick...)
	eventually(t, "the batch has begun", func() bool { return done() > 0 })
	first.signal(t, syscall.SIGKILL)
	left, killed := done(), time.Now()
	w.serve(t, quick...)
	for last, since := left, time.Now(); last < n; {
		if now := done(); now > last {
			last, since = now, time.Now()
		}
		if time.Since(since) > time.Minute {
			t.Fatalf("the batch stays at %d of %d", last, n)
		}
		<-time.After(20 * time.Millisecond)
	}
	movers.Wait()
	t.Logf("%d items in %s, %s of them after the kill at item %d", n, time.Since(began).Round(time.Millisecond),
		time.Since(killed).Round(time.Millisecond), left)
	if left == 0 || left == n {
		t.Errorf("the server was killed at item %d of %d, want in the middle", left, n)
	}
	wrong := ask[string](t, w, `SELECT i.workflow_id::text FROM batch_items AS i
		LEFT JOIN batch_results AS r USING (organization_id, batch_id, position)
		LEFT JOIN workflow_transitions AS t ON t.workflow_id = i.workflow_id AND t.to_state = 'CANCELLED'
		WHERE r.outcome IS NULL OR (r.outcome = 'DONE') <> (t.version IS NOT DISTINCT FROM r.version AND t.actor = $1)`,
		w.who.Actor)
	if got := ask[int](t, w, `SELECT count(*)::int FROM batch_results`)[0]; len(wrong) > 0 || got != n {
		t.Errorf("got %d results for %d items, and %d that disagree with the journal", got, n, len(wrong))
	}
	w.verify(t)
}

// createMany creates workflows without the API.
func (w world) createMany(t *testing.T, n int) []uuid.UUID {
	t.Helper()
	flows := make([]uuid.UUID, n)
	for i := range flows {
		flows[i] = testdb.Workflow(t, w.db, w.who, testdb.WorkflowOpts{}).ID
	}
	return flows
}
