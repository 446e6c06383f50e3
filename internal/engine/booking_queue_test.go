package engine_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"testing"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// queued are callers of one organization that wait for one whose statement waits for a lock.
type queued struct {
	bundle
	flow   workflow.Workflow
	first  chan error
	others []chan error
}

const queuedCallers = 10

// queue lets one caller wait for the lock of the workflow's account, and ten more for the caller. Then it calls while,
// before the lock is released.
func queue(
	t *testing.T, reserve func(context.Context, queued, int) error, while func(queued, []context.CancelFunc),
) queued {
	t.Helper()
	q := queued{bundle: setup(t), first: make(chan error, 1)}
	q.flow = q.Flow(t, workflow.Created)
	if err := q.hold(t.Context(), "before"); err != nil { // The month is open.
		t.Fatal(err)
	}
	err := q.DB.Store().InTx(t.Context(), func(tx *postgres.Store) error {
		if _, _, err := tx.LockAccount(t.Context(), q.Who, q.flow.ID); err != nil {
			return err
		}
		go func() { q.first <- q.hold(t.Context(), "first") }()
		testdb.AwaitBlocked(t, q.DB, 1)
		var cancels []context.CancelFunc
		for i := range queuedCallers {
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			cancels, q.others = append(cancels, cancel), append(q.others, done)
			go func() { done <- reserve(ctx, q, i) }()
			for q.Engine.Waiting(q.Who.OrganizationID) != i+1 {
				if len(done) > 0 {
					t.Fatalf("caller %d has not waited: %v", i, <-done)
				}
				runtime.Gosched()
			}
		}
		while(q, cancels)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-q.first; err != nil {
		t.Errorf("the first caller: %v", err)
	}
	return q
}

func (b bundle) holdOn(ctx context.Context, in engine.ReserveInput) error {
	amount := cost.Dollar / 1000
	in.Amount = &amount
	_, err := b.Engine.Reserve(ctx, b.Who, in)
	return err
}

func (q queued) hold(ctx context.Context, key string) error {
	return q.holdOn(ctx, engine.ReserveInput{WorkflowID: q.flow.ID, IdempotencyKey: key})
}

// transactions counts the transactions that have reserved calls since the first one.
func (q queued) transactions(t *testing.T) (calls, transactions int) {
	t.Helper()
	err := q.DB.Super.QueryRow(t.Context(), `SELECT count(*) - 1, count(DISTINCT xmin::text) - 1 FROM ai_calls`).
		Scan(&calls, &transactions)
	if err != nil {
		t.Fatal(err)
	}
	return calls, transactions
}

func TestBookingQueue_CallsThatWaitShareAStatement(t *testing.T) {
	t.Parallel()
	q := queue(t, func(ctx context.Context, q queued, i int) error { return q.hold(ctx, fmt.Sprint(i)) },
		func(queued, []context.CancelFunc) {})
	for i, done := range q.others {
		if err := <-done; err != nil {
			t.Errorf("caller %d: %v", i, err)
		}
	}
	if calls, transactions := q.transactions(t); calls != queuedCallers+1 || transactions != 2 {
		t.Errorf("got %d calls in %d transactions, want %d in 2", calls, transactions, queuedCallers+1)
	}
	q.Sound(t)
}

func TestBookingQueue_OneThatFailsFailsAlone(t *testing.T) {
	t.Parallel()
	visit := 99 // There is none.
	q := queue(t, func(ctx context.Context, q queued, i int) error {
		in := engine.ReserveInput{WorkflowID: q.flow.ID, IdempotencyKey: fmt.Sprint(i)}
		if i == 3 {
			in.Visit, in.Part = &visit, "part"
		}
		return q.holdOn(ctx, in)
	}, func(queued, []context.CancelFunc) {})
	for i, done := range q.others {
		if err := <-done; (err != nil) != (i == 3) {
			t.Errorf("caller %d: %v", i, err)
		}
	}
	if calls, transactions := q.transactions(t); calls != queuedCallers || transactions != queuedCallers {
		t.Errorf("got %d calls in %d transactions, want %d, each in its own", calls, transactions, queuedCallers)
	}
	q.Sound(t)
}

func TestBookingQueue_OneThatIsRefusedIsRefusedAlone(t *testing.T) {
	t.Parallel()
	q := queue(t, func(ctx context.Context, q queued, i int) error {
		amount := cost.Dollar / 1000
		if i == 3 {
			amount = 2 * cost.Dollar // The limit of a workflow is $1.
		}
		_, err := q.Engine.Reserve(ctx, q.Who, engine.ReserveInput{
			WorkflowID: q.flow.ID, Amount: &amount, IdempotencyKey: fmt.Sprint(i),
		})
		return err
	}, func(queued, []context.CancelFunc) {})
	for i, done := range q.others {
		want := fault.Kind("")
		if i == 3 {
			want = fault.BudgetExhausted
		}
		if err := <-done; (err != nil || want != "") && fault.KindOf(err) != want {
			t.Errorf("caller %d: got %v, want %q", i, err, want)
		}
	}
	if calls, transactions := q.transactions(t); calls != queuedCallers || transactions != 2 {
		t.Errorf("got %d calls in %d transactions, want %d in 2", calls, transactions, queuedCallers)
	}
	q.Sound(t)
}

func TestBookingQueue_OneThatGivesUpIsNotBooked(t *testing.T) {
	t.Parallel()
	q := queue(t, func(ctx context.Context, q queued, i int) error { return q.hold(ctx, fmt.Sprint(i)) },
		func(q queued, cancels []context.CancelFunc) {
			cancels[0]()
			if err := <-q.others[0]; !errors.Is(err, context.Canceled) {
				t.Errorf("got %v, want context.Canceled", err)
			}
		})
	for i, done := range q.others[1:] {
		if err := <-done; err != nil {
			t.Errorf("caller %d: %v", i+1, err)
		}
	}
	if calls, transactions := q.transactions(t); calls != queuedCallers || transactions != 2 {
		t.Errorf("got %d calls in %d transactions, want %d in 2", calls, transactions, queuedCallers)
	}
	q.Sound(t)
}

// A client that uses a key for two different requests at once has one of them refused. Neither waits for the other's
// locks.
func TestReserve_OneKeyForTwoRequestsIsNoDeadlock(t *testing.T) {
	t.Parallel()
	b := setup(t)
	flow, amount := b.Flow(t, workflow.Created), cost.Dollar/1000
	servers := b.servers(t)
	errs := testdb.Together(40, func(i int) error {
		key := fmt.Sprint(i / 4)
		var err error
		switch i % 4 {
		case 0, 1:
			_, err = servers[i%2].Reserve(t.Context(), b.Who, engine.ReserveInput{
				WorkflowID: flow.ID, Amount: &amount, IdempotencyKey: key,
			})
		case 2:
			_, err = servers[0].Record(t.Context(), b.Who, engine.RecordInput{
				WorkflowID: flow.ID, Model: "m", Cost: &amount, IdempotencyKey: key,
			})
		case 3:
			_, err = servers[1].SetWorkflowLimit(t.Context(), b.Who, engine.SetWorkflowLimitInput{
				WorkflowID: flow.ID, Limit: cost.Limit(cost.Dollar), Reason: "r", IdempotencyKey: key,
			})
		}
		if fault.KindOf(err) == fault.IdempotencyMismatch {
			return nil
		}
		return err
	})
	for i, err := range errs {
		if err != nil {
			t.Errorf("request %d: %v", i, err)
		}
	}
	b.Sound(t)
}
