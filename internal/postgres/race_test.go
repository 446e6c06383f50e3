package postgres_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// A statement that waited for another transaction sees that one's rows only in the row it waited for: everything else
// is read as of its own beginning. What a statement books must not come from anywhere else.
func TestBook_ReadsTheBookingThatItWaitedFor(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	flow, month := testdb.Workflow(t, b.db, b.who, testdb.WorkflowOpts{}), b.month(t)
	first := b.reserve(t, flow, month, cost.Dollar/10)
	second := b.reserve(t, flow, month, cost.Dollar/10)
	// The first settlement stops the account, since it costs more than its hold; the second waits for it.
	done := make(chan error, 1)
	err := b.store.InTx(ctx, func(tx *postgres.Store) error {
		settled, _, err := tx.SettleCall(ctx, b.who, first.ID, postgres.Bill{Cost: cost.Dollar / 5, At: testdb.Now()})
		if err != nil {
			return err
		}
		_, err = tx.Book(ctx, b.who, postgres.Booking{
			Kind: cost.EntrySettle, Call: settled, Delta: cost.Delta{Settled: cost.Dollar / 5, Held: -settled.Hold},
			Overage: settled.Overage, At: testdb.Now(),
		})
		if err != nil {
			return err
		}
		go func() { done <- b.settle(ctx, second, cost.Dollar/20) }()
		testdb.AwaitBlocked(t, b.db, 1)
		return nil
	})
	if err := errors.Join(err, <-done); err != nil {
		t.Fatal(err)
	}
	entry, found, err := b.store.EntryAt(ctx, b.who, flow.ID, 4)
	if err != nil || !found {
		t.Fatalf("the second settlement's entry: found %t, %v", found, err)
	}
	if !entry.Before.Stopped || !entry.After.Stopped {
		t.Errorf("stopped: got %t before and %t after, want true", entry.Before.Stopped, entry.After.Stopped)
	}
}

// A hold that has room on the budget of an article only after what it waited for is not refused by a constraint, and is
// added to what was left.
func TestReserveCalls_AddsToTheBudgetThatItWaitedFor(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	flow := testdb.Workflow(t, b.db, b.who, testdb.WorkflowOpts{})
	b.month(t)
	article := testdb.Article(t, b.db, b.who, flow.ID, cost.Dollar)
	reserve := func(hold cost.Pico) (postgres.Call, error) {
		at := testdb.Now()
		made, err := b.store.ReserveCalls(ctx, []postgres.NewCall{{
			OrganizationID: b.who.OrganizationID, ID: uuid.New(), WorkflowID: flow.ID, Step: workflow.StepICP, Hold: hold,
			At: at, CheckAt: at.Add(time.Hour), Actor: b.who.Actor, ArticleID: &article,
		}}, 0)
		if err != nil || !made[0].Held {
			return postgres.Call{}, errors.Join(err, errors.New("not held"))
		}
		return made[0].Call, nil
	}
	first, err := reserve(7 * cost.Dollar / 10)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	err = b.store.InTx(ctx, func(tx *postgres.Store) error {
		released, _, err := tx.ReleaseCall(ctx, b.who, first.ID, nil, workflow.FailureTimeout, testdb.Now())
		if err != nil {
			return err
		}
		_, err = tx.Book(ctx, b.who, postgres.Booking{
			Kind: cost.EntryRelease, Call: released, Delta: cost.Delta{Held: -released.Hold}, At: testdb.Now(),
		})
		if err != nil {
			return err
		}
		go func() {
			_, err := reserve(cost.Dollar / 2)
			done <- err
		}()
		testdb.AwaitBlocked(t, b.db, 1)
		return nil
	})
	if err := errors.Join(err, <-done); err != nil {
		t.Fatal(err)
	}
	budgets, err := b.store.ArticleBudgets(ctx, b.who, []uuid.UUID{article})
	if err != nil || budgets[article].Held != cost.Dollar/2 {
		t.Errorf("got %s held, %v, want %s", budgets[article].Held, err, cost.Dollar/2)
	}
}

// A transition that names no version may wait while the workflow leaves its state and comes back to it. It must not end
// another run than the one it saw, and no run may be left open behind the workflow.
func TestTransition_AfterAWaitLeavesNoRunOpen(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	flow := testdb.Workflow(t, b.db, b.who, testdb.WorkflowOpts{State: workflow.ICPProcessing})
	type answer struct {
		won bool
		err error
	}
	done := make(chan answer, 1)
	err := b.store.InTx(ctx, func(tx *postgres.Store) error {
		at := testdb.Now()
		if _, _, err := tx.Workflow(ctx, b.who, flow.ID); err != nil { // This names the organization.
			return err
		}
		if _, err := tx.Tx().Exec(ctx, `UPDATE intent_workflows SET wake_at = $2 WHERE id = $1`, flow.ID, at); err != nil {
			return err
		}
		go func() {
			_, _, won, err := b.store.Transition(ctx, b.who, postgres.Move{
				WorkflowID: flow.ID, From: workflow.ICPProcessing, To: workflow.Cancelled, Kind: workflow.Cancel, At: at,
			})
			done <- answer{won, err}
		}()
		testdb.AwaitBlocked(t, b.db, 1)
		testdb.Move(t, tx, b.who, testdb.Move(t, tx, b.who, flow, workflow.ICPFailed), workflow.ICPProcessing)
		return nil
	})
	late := <-done
	if err := errors.Join(err, late.err); err != nil {
		t.Fatal(err)
	}
	if late.won {
		t.Error("a transition ended a run that had not begun when it was asked for")
	}
	open, err := openRuns(ctx, b)
	if err != nil || open != 0 {
		t.Errorf("runs left open behind their workflows: got %d, %v, want 0", open, err)
	}
}

// openRuns counts the runs that have not ended although their workflow has moved on.
func openRuns(ctx context.Context, b bundle) (int, error) {
	rows, _ := b.named.Query(ctx, `SELECT count(*) FROM workflow_runs AS r
		JOIN intent_workflows AS w ON w.organization_id = r.organization_id AND w.id = r.workflow_id
		WHERE r.ended_version IS NULL AND w.version <> r.token`)
	return pgx.CollectExactlyOneRow(rows, pgx.RowTo[int])
}
