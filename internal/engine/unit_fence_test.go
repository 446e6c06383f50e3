package engine_test

import (
	"context"
	"testing"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// A sweeper ends an attempt while a write of the attempt waits for its lock: the write is refused, although it began
// when the attempt was live.
func TestUnitFence_RefusesAWriteThatHasWaited(t *testing.T) {
	t.Parallel()
	worker := "worker:1"
	for name, write := range map[string]func(context.Context, units, workflow.Unit, cost.Call) error{
		"Reserve": func(ctx context.Context, u units, unit workflow.Unit, _ cost.Call) error {
			amount := cost.Dollar / 100
			_, err := u.Engine.Reserve(ctx, u.As(worker), engine.ReserveInput{
				WorkflowID: u.flow.ID, Unit: unit.Run().Unit, Amount: &amount, IdempotencyKey: "second",
			})
			return err
		},
		"Dispatch": func(ctx context.Context, u units, _ workflow.Unit, call cost.Call) error {
			return u.Engine.Dispatch(ctx, u.As(worker), call.ID, "provider")
		},
		"KeepPart": func(ctx context.Context, u units, unit workflow.Unit, _ cost.Call) error {
			return u.Engine.KeepPart(ctx, u.As(worker), engine.KeepPartInput{
				Run: unit.Run(), Visit: u.visit, Part: engine.Part{Key: "a", Content: []byte(`{}`), Provider: "provider"},
			})
		},
		"Finish": func(ctx context.Context, u units, unit workflow.Unit, _ cost.Call) error {
			return u.Engine.FinishUnit(ctx, u.As(worker), engine.FinishUnitInput{Unit: unit})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := park(t, newUnitFixture(t), 1)
			unit, amount := u.claim(t, u.As(worker), 0), cost.Dollar/100
			call, err := u.Engine.Reserve(t.Context(), u.As(worker), engine.ReserveInput{
				WorkflowID: u.flow.ID, Unit: unit.Run().Unit, Amount: &amount, IdempotencyKey: "first",
			})
			if err != nil {
				t.Fatal(err)
			}
			written := make(chan error, 1)
			err = u.DB.Store().InTx(t.Context(), func(tx *postgres.Store) error {
				if _, _, err := tx.LockWorkflow(t.Context(), u.Who, u.flow.ID); err != nil {
					return err
				}
				go func() { written <- write(t.Context(), u, *unit, call.Call) }()
				testdb.AwaitBlocked(t, u.DB, 1)
				failed, kind, err := unit.Fail(workflow.UnitFailure{Code: workflow.FailureLeaseExpired}, testdb.Now())
				if err != nil {
					return err
				}
				_, err = tx.MoveUnit(t.Context(), u.Who, postgres.UnitMove{Before: *unit, After: failed, Kind: kind})
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := <-written; fault.KindOf(err) != fault.LostRun {
				t.Errorf("got %v, want LOST_RUN", err)
			}
			u.Sound(t)
		})
	}
}
