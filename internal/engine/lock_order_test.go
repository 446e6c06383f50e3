package engine_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// Everything at once on a few workflows: no two transactions may wait for each other, nothing may fail but by the
// rules, and the books must be right at the end. The order in which rows are locked is what this is about.
func TestLockOrder_AllVerbsAtOnceHaveNoDeadlock(t *testing.T) {
	t.Parallel()
	b, ctx := setupWith(t, func(o *engine.Options) { o.MonthLimit = 2 * cost.Dollar }), context.Background()
	servers := b.servers(t)
	var flows [3]uuid.UUID
	for i := range flows {
		flows[i] = b.Flow(t, workflow.ICPPending).ID
	}
	const workers = 16
	var acts atomic.Int64
	end := time.Now().Add(1500 * time.Millisecond)
	errs := testdb.Together(workers, func(i int) error {
		w := lockOrderWorker{
			engine: servers[i%2], who: b.As(fmt.Sprintf("worker:%d", i)), random: rand.New(rand.NewPCG(1, uint64(i))),
		}
		for round := 0; time.Now().Before(end); round++ {
			if i == 0 {
				b.Clock.Advance(5 * time.Second)
			}
			acts.Add(1)
			if err := w.act(ctx, flows[w.random.IntN(len(flows))]); unexpected(err) {
				return fmt.Errorf("worker %d, round %d: %w", i, round, err)
			}
		}
		return nil
	})
	for _, err := range errs {
		if err != nil {
			t.Error(err)
		}
	}
	t.Logf("%d acts have left %v", acts.Load(), b.rows(t))
	b.Sound(t)
}

// unexpected reports errors that are neither success nor one of the refusals that two who want the same must expect.
func unexpected(err error) bool {
	switch fault.KindOf(err) {
	case "", fault.StaleState, fault.LostRun, fault.BudgetHeld, fault.BudgetExhausted,
		fault.Conflict, fault.IdempotencyMismatch,
		fault.IllegalTransition:
		return false
	}
	return true
}

// lockOrderWorker does one thing after the other, whatever the others do.
type lockOrderWorker struct {
	engine *engine.Engine
	who    caller.Caller
	random *rand.Rand
	run    *workflow.Run
	calls  []uuid.UUID
}

func (w *lockOrderWorker) act(ctx context.Context, flow uuid.UUID) error {
	key := ""
	if w.random.IntN(2) == 0 {
		key = fmt.Sprint(w.random.IntN(1000))
	}
	switch w.random.IntN(11) {
	case 0, 1, 2:
		return w.reserve(ctx, flow, key)
	case 3, 4:
		return w.end(ctx, key)
	case 5:
		return w.work(ctx, flow)
	case 6:
		_, err := w.engine.SweepRuns(ctx)
		return err
	case 7:
		billed := cent / 5
		_, err := w.engine.SweepCalls(ctx, func(context.Context, string, string) (*engine.SettleInput, error) {
			return &engine.SettleInput{Model: "m", Cost: &billed}, nil
		})
		return err
	case 8, 9:
		return w.govern(ctx, flow, key)
	}
	return w.restart(ctx, flow, key)
}

// govern does what people do with money: they set limits, record what was spent elsewhere, and correct.
func (w *lockOrderWorker) govern(ctx context.Context, flow uuid.UUID, key string) (err error) {
	limit, billed := cost.Dollar+cost.Pico(w.random.IntN(100))*cent, cent/10
	switch w.random.IntN(4) {
	case 0:
		_, err = w.engine.SetWorkflowLimit(ctx, w.who, engine.SetWorkflowLimitInput{
			WorkflowID: flow, Limit: cost.Limit(limit), IdempotencyKey: key,
		})
	case 1:
		_, err = w.engine.SetMonthlyLimit(ctx, w.who, engine.SetMonthlyLimitInput{
			Limit: cost.Limit(3 * limit), IdempotencyKey: key,
		})
	case 2:
		var charged engine.Charged
		charged, err = w.engine.Record(ctx, w.who, engine.RecordInput{
			WorkflowID: flow, Model: "m", Cost: &billed, IdempotencyKey: key,
		})
		if err == nil {
			w.calls = append(w.calls, charged.Call.ID)
		}
	default:
		_, err = w.engine.Adjust(ctx, w.who, engine.AdjustInput{
			AccountID: flow, Sequence: int64(1 + w.random.IntN(50)), Cost: billed, Reason: "lock order", IdempotencyKey: key,
		})
		if k := fault.KindOf(err); k == fault.NotFound || k == fault.InvalidInput { // No such entry, or no outcome.
			return nil
		}
	}
	return err
}

func (w *lockOrderWorker) reserve(ctx context.Context, flow uuid.UUID, key string) error {
	amount := cent / 4
	in := engine.ReserveInput{WorkflowID: flow, Amount: &amount, IdempotencyKey: key}
	if w.run != nil {
		in.WorkflowID, in.RunToken = w.run.WorkflowID, &w.run.Token
	}
	charged, err := w.engine.Reserve(ctx, w.who, in)
	if err == nil {
		w.calls = append(w.calls, charged.Call.ID)
		if err := w.engine.Dispatch(ctx, w.who, charged.Call.ID, "p"); unexpected(err) {
			return err
		}
		return w.engine.Identify(ctx, w.who, charged.Call.ID, "p", "gen")
	}
	w.run = nil // It may be why.
	return err
}

// end settles, releases or doubts a call of the worker's.
func (w *lockOrderWorker) end(ctx context.Context, key string) error {
	if len(w.calls) == 0 {
		return nil
	}
	call := w.calls[w.random.IntN(len(w.calls))]
	billed := cent / cost.Pico(4+w.random.IntN(4)) // Never more than the hold: that would stop the account for good.
	switch w.random.IntN(4) {
	case 0:
		_, err := w.engine.Settle(ctx, w.who, engine.SettleInput{
			CallID: call, Model: "m", Cost: &billed, IdempotencyKey: key,
		})
		return err
	case 1:
		_, err := w.engine.SettleLate(ctx, w.who, engine.SettleInput{CallID: call, Model: "m", Cost: &billed})
		return err
	case 2:
		_, err := w.engine.Release(ctx, w.who, engine.ReleaseInput{CallID: call, IdempotencyKey: key})
		return err
	}
	return w.engine.MarkUnknown(ctx, w.who, call, workflow.FailureTimeout)
}

// work takes a run, or beats or ends the one in hand.
func (w *lockOrderWorker) work(ctx context.Context, flow uuid.UUID) (err error) {
	if w.run == nil {
		taken, err := w.engine.Take(ctx, w.who, flow)
		w.run = taken.Run
		return err
	}
	run := *w.run
	switch w.random.IntN(4) {
	case 0:
		return w.engine.Heartbeat(ctx, w.who, run)
	case 1:
		w.run = nil
		_, err = w.engine.FailRun(ctx, w.who, engine.FailRunInput{Run: run, Failure: workflow.FailureTimeout})
		return err
	}
	w.run = nil
	in := engine.FinishInput{Run: run, Result: resultOf("lock order")}
	if len(w.calls) > 0 {
		billed := cent / 5
		in.Settle = &engine.SettleInput{CallID: w.calls[len(w.calls)-1], Model: "m", Cost: &billed}
	}
	_, err = w.engine.Finish(ctx, w.who, in)
	return err
}

// restart sends a workflow back to the beginning, whatever it takes, so that the test goes on.
func (w *lockOrderWorker) restart(ctx context.Context, flow uuid.UUID, key string) error {
	current, err := w.engine.Workflow(ctx, w.who, flow)
	if err != nil {
		return err
	}
	in := engine.TransitionInput{WorkflowID: flow, From: current.State, IdempotencyKey: key}
	switch current.State {
	case workflow.ICPCompleted:
		in.To = workflow.ICPPending
	case workflow.ICPFailed:
		_, err := w.engine.GenerateICP(ctx, w.who, engine.GenerateICPInput{WorkflowID: flow, IdempotencyKey: key})
		return err
	case workflow.ICPProcessing:
		in.To = workflow.ICPFailed
	default:
		return nil
	}
	_, err = w.engine.Transition(ctx, w.who, in)
	return err
}
