package postgres_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// These tests take a guard away and see what it was good for: that the other tests would notice, and which guard stands
// behind it.

// sabotage runs the program's own statements with one piece of them replaced. A piece that is not there is a failure:
// the statement has changed, and this test proves nothing any more.
type sabotage struct {
	dbsqlc.DBTX
	guard, instead string
}

func (s sabotage) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	if !strings.Contains(sql, s.guard) {
		return noGuard{errors.New("the statement has no guard " + s.guard)}
	}
	return s.DBTX.QueryRow(ctx, strings.Replace(sql, s.guard, s.instead, 1), args...)
}

func (s sabotage) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	if !strings.Contains(sql, s.guard) {
		return nil, errors.New("the statement has no guard " + s.guard)
	}
	return s.DBTX.Query(ctx, strings.Replace(sql, s.guard, s.instead, 1), args...)
}

type noGuard struct{ error }

func (n noGuard) Scan(...any) error { return n.error }

// drop removes constraints behind the tables' back.
func drop(t *testing.T, db *testdb.DB, constraints ...string) {
	t.Helper()
	for _, c := range constraints {
		table, name, _ := strings.Cut(c, ".")
		if _, err := db.Owner.Exec(context.Background(), "ALTER TABLE "+table+" DROP CONSTRAINT "+name); err != nil {
			t.Fatal(err)
		}
	}
}

// count answers a question with a number.
func count(t *testing.T, b bundle, sql string, args ...any) (n int) {
	t.Helper()
	if err := b.db.Super.QueryRow(context.Background(), sql, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// counted says how often each refusal occurred; "" counts the successes.
func counted(errs []error) map[string]int {
	counts := map[string]int{}
	for _, err := range errs {
		counts[refusal(err)]++
	}
	return counts
}

func TestGuardMutation_WithoutTheStateAnEdgeIsTakenTwice(t *testing.T) {
	t.Parallel()
	const (
		rows       = `SELECT count(*) FROM workflow_transitions WHERE workflow_id = $1 AND to_state = 'ICP_PENDING'`
		stateGuard = "AND w.state = $"
	)
	// race has twenty callers ask for one edge by the statement without its guard.
	race := func(b bundle, flow uuid.UUID) []error {
		q := dbsqlc.New(sabotage{b.named, stateGuard, "OR w.state = $"})
		return testdb.Together(20, func(int) error {
			_, err := q.WorkflowMove(context.Background(), dbsqlc.WorkflowMoveParams{
				OrganizationID: b.who.OrganizationID, ID: flow, FromState: workflow.Created, ToState: workflow.ICPPending,
				Kind: workflow.Advance, Actor: "a", At: testdb.Now(),
			})
			return err
		})
	}

	t.Run("TheJournalsForeignKeysStandBehindIt", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		flow := testdb.Workflow(t, b.db, b.who, testdb.WorkflowOpts{})
		errs := race(b, flow.ID)
		if won := counted(errs)[""]; won != 1 || count(t, b, rows, flow.ID) != 1 {
			t.Errorf("got %d winners, %v, want 1", won, counted(errs))
		}
	})
	t.Run("WithoutThemTheJournalHasManyRows", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		drop(t, b.db, "workflow_transitions.workflow_transitions_edge", "workflow_transitions.workflow_transitions_unbroken")
		flow := testdb.Workflow(t, b.db, b.who, testdb.WorkflowOpts{})
		errs := race(b, flow.ID)
		if count(t, b, rows, flow.ID) < 2 {
			t.Errorf("the check of the race would not notice that the guards are gone: %v", counted(errs))
		}
	})
}

func TestGuardMutation_WithoutTheLimitTheAccountOverspends(t *testing.T) {
	t.Parallel()
	const (
		held  = `SELECT held_pico FROM usage_accounts WHERE id = $1`
		limit = "a.limit_pico::numeric - a.settled_pico - a.held_pico AS room"
		hold  = cost.Dollar * 3 / 100
	)
	// race has a hundred calls ask for $0.03 of $1 by the statement without its guard.
	race := func(t *testing.T, b bundle, flow workflow.Workflow) []error {
		b.month(t)
		return testdb.Together(100, func(int) error {
			ctx, at := context.Background(), testdb.Now()
			calls, err := json.Marshal([]map[string]any{{
				"number": 0, "organization_id": b.who.OrganizationID, "id": uuid.New(), "workflow_id": flow.ID,
				"step": workflow.StepICP, "models": []string{}, "prompt_bytes": 0, "max_completion_tokens": 0,
				"web_searches": 0, "hold_pico": hold, "actor": "a", "at": at, "check_at": at,
			}})
			if err != nil {
				return err
			}
			q := dbsqlc.New(sabotage{b.named, limit, "9e18 AS room"})
			_, err = q.CallHoldCreate(ctx, dbsqlc.CallHoldCreateParams{
				Calls: calls, Terminal: []string{}, Reserved: cost.CallReserved, Kind: string(cost.EntryReserve),
			})
			return err
		})
	}

	t.Run("TheTableRefusesTheThirtyFourth", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		flow := testdb.Workflow(t, b.db, b.who, testdb.WorkflowOpts{})
		counts := counted(race(t, b, flow))
		if counts[""] != 33 || counts["ai_usage_ledger_cap"] != 67 {
			t.Errorf("got %v, want 33 admitted and 67 stopped by the cap", counts)
		}
		if got := count(t, b, held, flow.ID); got != int(33*hold) {
			t.Errorf("held: got %d, want %d", got, 33*hold)
		}
	})
	t.Run("WithoutTheCapMoreIsHeldThanTheLimit", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		drop(t, b.db, "ai_usage_ledger.ai_usage_ledger_cap")
		flow := testdb.Workflow(t, b.db, b.who, testdb.WorkflowOpts{})
		if counts := counted(race(t, b, flow)); counts[""] != 100 || count(t, b, held, flow.ID) <= int(cost.Dollar) {
			t.Errorf("the check of the cap would not notice that it is gone: %v", counts)
		}
	})
}

func TestGuardMutation_WithoutTheTokenALostRunFinishes(t *testing.T) {
	t.Parallel()
	// finish is a worker that was declared dead: its run of version 2 failed, and version 4 is another worker's.
	finish := func(t *testing.T, b bundle, db dbsqlc.DBTX) (uuid.UUID, error) {
		t.Helper()
		flow := testdb.Workflow(t, b.db, b.who, testdb.WorkflowOpts{State: workflow.ICPProcessing})
		token := flow.Version
		testdb.Move(t, b.store, b.who, testdb.Move(t, b.store, b.who, flow, workflow.ICPFailed), workflow.ICPProcessing)
		_, err := dbsqlc.New(db).WorkflowTransition(context.Background(), dbsqlc.WorkflowTransitionParams{
			OrganizationID: b.who.OrganizationID, ID: flow.ID, FromState: workflow.ICPProcessing,
			ToState: workflow.ICPCompleted, Kind: workflow.Advance, Version: &token, Actor: "the dead", At: testdb.Now(),
			LeaseExpiresAt: testdb.Now(), Attempt: 1,
		})
		return flow.ID, err
	}
	const finished = `SELECT count(*) FROM workflow_transitions WHERE workflow_id = $1 AND actor = 'the dead'`

	t.Run("WithItNothingIsWritten", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		flow, err := finish(t, b, b.named)
		if !errors.Is(err, pgx.ErrNoRows) || count(t, b, finished, flow) != 0 {
			t.Errorf("got %v, want no rows", err)
		}
	})
	t.Run("WithoutItTheDeadHasTheLastWord", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		flow, err := finish(t, b, sabotage{b.named, "AND w.version = coalesce(", "AND 0 < coalesce("})
		if err != nil || count(t, b, finished, flow) != 1 {
			t.Errorf("the check of the fence would not notice that it is gone: %v", err)
		}
	})
}
