package engine_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/testengine"
	"github.com/infin8content/engine/internal/workflow"
)

// witness records the changes, and checks that other connections can read them already.
type witness struct {
	t     *testing.T
	store *postgres.Store
	mu    sync.Mutex
	seen  []postgres.Change
}

func (w *witness) announce(changes []postgres.Change) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range changes {
		if c.CallUnknown { // It is in no journal.
			continue
		}
		who := caller.Caller{OrganizationID: c.OrganizationID}
		var there bool
		var err error
		if c.Ledger {
			_, there, err = w.store.EntryAt(context.Background(), who, c.WorkflowID, c.Number)
		} else {
			_, there, err = w.store.TransitionAt(context.Background(), who, c.WorkflowID, int(c.Number))
		}
		if err != nil || !there {
			w.t.Errorf("got %+v, which is not committed: %v", c, err)
		}
	}
	w.seen = append(w.seen, changes...)
}

// since returns the numbers of the changes since its last call: of transitions, and of entries.
func (w *witness) since() (versions, sequences []int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.seen {
		if c.Ledger {
			sequences = append(sequences, c.Number)
		} else {
			versions = append(versions, c.Number)
		}
	}
	w.seen = nil
	return versions, sequences
}

func TestOnCommit_GetsEveryCommitAndNothingElse(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	who, w := testdb.Caller(t, db), &witness{t: t, store: db.Store()}
	clock := testengine.NewClock(testdb.Now())
	e, err := engine.New(engine.Options{
		Store: db.Store().OnCommit(w.announce), Jobs: &testengine.Jobs{}, Drives: []workflow.StepKey{workflow.StepICP},
		WorkflowLimit: cost.Dollar, MonthLimit: 25 * cost.Dollar, Now: clock.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	expect := func(what string, err error, versions, sequences []int64) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		moved, booked := w.since()
		if diff := cmp.Diff(versions, moved) + cmp.Diff(sequences, booked); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	made, err := e.Create(ctx, who, engine.CreateInput{
		Name: "One", Company: workflow.Company{Name: "Example", URL: "https://example.com"}, IdempotencyKey: "create",
	})
	expect("create", err, []int64{0}, nil)
	flow := made.Workflow.ID
	_, err = e.GenerateICP(ctx, who, engine.GenerateICPInput{WorkflowID: flow})
	expect("generate", err, []int64{1}, nil)
	worker := caller.Caller{Actor: "worker:one", OrganizationID: who.OrganizationID, Role: caller.Operator}
	taken, err := e.Take(ctx, worker, flow)
	run := taken.Run
	expect("take", err, []int64{2}, nil)
	amount := cost.Dollar / 4
	charged, err := e.Reserve(ctx, worker, engine.ReserveInput{WorkflowID: flow, RunToken: &run.Token, Amount: &amount})
	expect("reserve", err, nil, []int64{1})
	tooMuch := 2 * cost.Dollar
	if _, err := e.Reserve(ctx, worker, engine.ReserveInput{WorkflowID: flow, Amount: &tooMuch}); err == nil {
		t.Error("the reservation beyond the limit is admitted")
	}
	expect("a refused reservation", nil, nil, nil)
	bill := cost.Dollar / 8
	_, err = e.Finish(ctx, worker, engine.FinishInput{
		Run: *run, Settle: &engine.SettleInput{CallID: charged.Call.ID, Model: "perplexity/sonar", Cost: &bill},
		Result: engine.Result{Content: []byte(`{}`), Provider: "sandbox", Model: "perplexity/sonar"},
	})
	expect("finish", err, []int64{3}, []int64{2})
	_, err = e.Create(ctx, who, engine.CreateInput{
		Name: "One", Company: workflow.Company{Name: "Example", URL: "https://example.com"}, IdempotencyKey: "create",
	})
	expect("a replay", err, nil, nil)
	if _, err := e.Transition(ctx, who, engine.TransitionInput{
		WorkflowID: flow, From: workflow.Created, To: workflow.ICPPending,
	}); err == nil {
		t.Error("the stale transition is made")
	}
	expect("a lost transition", nil, nil, nil)
	_, err = e.Cancel(ctx, who, engine.CancelInput{WorkflowID: flow})
	expect("cancel", err, []int64{4}, nil)
	silent := testdb.Workflow(t, db, worker, testdb.WorkflowOpts{State: workflow.ICPPending})
	taken, err = e.Take(ctx, worker, silent.ID)
	run = taken.Run
	expect("take another", err, []int64{int64(silent.Version) + 1}, nil)
	clock.Advance(time.Hour)
	_, err = e.SweepRuns(ctx)
	expect("sweep a run whose lease is over", err, []int64{int64(run.Token) + 1}, nil)
}
