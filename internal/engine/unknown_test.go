package engine_test

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// After a day without an answer, sweepers of several servers come at once: each call is assumed once. What the provider
// says after that, also several times at once, is one adjustment in the month that admitted the call.
func TestSweepCalls_BooksAnAssumptionAndItsCorrectionOnce(t *testing.T) {
	t.Parallel()
	const calls = 15
	b, ctx := setup(t), context.Background()
	b.at(t, "2026-01-31T23:00:00Z")
	flow, servers := b.Flow(t, workflow.Created), b.servers(t)
	january := time.Date(2026, 1, 15, 0, 0, 0, 0, time.UTC)
	var made []uuid.UUID
	for range calls {
		call := b.Reserve(t, flow, 3*cent)
		if err := b.Engine.MarkUnknown(ctx, b.Who, call.ID, workflow.FailureTimeout); err != nil {
			t.Fatal(err)
		}
		made = append(made, call.ID)
	}
	b.Clock.Advance(25 * time.Hour)
	for _, err := range testdb.Together(4, func(i int) error {
		for {
			if n, err := servers[i%2].SweepCalls(ctx, silent); n == 0 || err != nil {
				return err
			}
		}
	}) {
		if err != nil {
			t.Error(err)
		}
	}
	check := func(kind cost.EntryKind, settled cost.Pico) {
		t.Helper()
		kinds, _ := b.booked(t, flow.ID)
		n := 0
		for _, k := range kinds {
			if k == kind {
				n++
			}
		}
		if n != calls {
			t.Errorf("got %d entries of kind %s, want %d", n, kind, calls)
		}
		now := b.Clock.Now()
		b.Clock.Set(january)
		b.paid(t, flow.ID, settled, 0)
		b.Clock.Set(now)
		if got := b.month(t).Balance.Settled; got != 0 {
			t.Errorf("February: got %s, want nothing", got)
		}
	}
	check(cost.EntryAssume, calls*3*cent)

	b.Clock.Advance(48 * time.Hour)
	for _, err := range testdb.Together(4*calls, func(i int) error {
		billed := cent
		_, err := servers[i%2].SettleLate(ctx, b.Who, engine.SettleInput{CallID: made[i%calls], Model: "m", Cost: &billed})
		return err
	}) {
		if err != nil {
			t.Error(err)
		}
	}
	check(cost.EntryAdjust, calls*cent)
	b.Sound(t)
}

// held returns what is held on the account of a workflow.
func (b bundle) held(t *testing.T, flow uuid.UUID) cost.Pico {
	t.Helper()
	accounts, err := b.Engine.Accounts(context.Background(), b.Who, []uuid.UUID{flow})
	if err != nil {
		t.Error(err)
	}
	return accounts[flow].Balance.Held
}

// Holds are far above the costs of calls. The rest is released, so twenty calls pass a limit with room for five at a
// time, and none is refused with BUDGET_EXHAUSTED.
func TestReserve_TwentyCallsPassALimitOfFive(t *testing.T) {
	t.Parallel()
	const calls = 20
	b, ctx := setup(t), context.Background()
	flow, servers := b.Flow(t, workflow.Created), b.servers(t)
	var inFlight, most atomic.Int64
	crowded := make(chan struct{}) // The first refusal: five are in flight, and another one came.
	var once sync.Once
	for i, err := range testdb.Together(calls, func(i int) error {
		hold, billed := 20*cent, cent/5
		for {
			charged, err := servers[i%2].Reserve(ctx, b.Who, engine.ReserveInput{WorkflowID: flow.ID, Amount: &hold})
			if fault.KindOf(err) == fault.BudgetHeld {
				once.Do(func() {
					// No call ends before, so this is what was admitted. The count of this test may be behind.
					if held := b.held(t, flow.ID); held != cost.Dollar {
						t.Errorf("at the first refusal: got $%s held, want $1", held)
					}
					close(crowded)
				})
				runtime.Gosched()
				continue
			}
			if err != nil {
				return err
			}
			now := inFlight.Add(1)
			for was := most.Load(); now > was && !most.CompareAndSwap(was, now); was = most.Load() {
			}
			<-crowded
			inFlight.Add(-1)
			_, err = servers[i%2].Settle(ctx, b.Who, engine.SettleInput{CallID: charged.Call.ID, Model: "m", Cost: &billed})
			return err
		}
	}) {
		if err != nil {
			t.Errorf("call %d: got %v, want it to go through", i, err)
		}
	}
	if most.Load() > 5 {
		t.Errorf("got %d in flight, want 5 at most", most.Load())
	}
	b.paid(t, flow.ID, calls*cent/5, 0)
	b.Sound(t)
}

func TestReserve_FirstCallsOfAMonthCannotOverspend(t *testing.T) {
	t.Parallel()
	const tiny cost.Pico = 1000 // $0.000000001
	for name, limits := range map[string][2]cost.Pico{
		"TheWorkflows": {tiny, 25 * cost.Dollar}, "TheMonths": {cost.Dollar, tiny},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setupWith(t, func(o *engine.Options) { o.WorkflowLimit, o.MonthLimit = limits[0], limits[1] })
			flow := testdb.Workflow(t, b.DB, b.Who, testdb.WorkflowOpts{Limit: limits[0]})
			servers := b.servers(t)
			errs := testdb.Together(8, func(i int) error {
				_, err := servers[i%2].Reserve(context.Background(), b.Who, engine.ReserveInput{
					WorkflowID: flow.ID,
					Estimate:   &cost.Estimate{Models: []string{"openai/gpt-4o-mini"}, PromptBytes: 100, MaxCompletionTokens: 1},
				})
				return err
			})
			if got := kinds(errs); got[fault.BudgetExhausted] != 8 {
				t.Errorf("got %v, want 8 refusals", got)
			}
			if n := b.Count(t, `SELECT count(*) FROM ai_calls`); n != 0 {
				t.Errorf("got %d calls, want none", n)
			}
			b.balances(t, flow.ID, cost.Balance{Limit: cost.Limit(limits[0])}, cost.Balance{Limit: cost.Limit(limits[1])})
			b.Sound(t)
		})
	}
}

// A fault of the database is no word about the workflow: a worker that took it for the loss of its run would drop an
// answer that is paid.
func TestHeartbeat_DatabaseErrorIsNotALostRun(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	run := b.Take(t, b.Flow(t, workflow.ICPPending).ID, "worker:1")
	call := b.Call(t, run, cent)
	for _, constraint := range []string{"no_more CHECK (state <> 'RESERVED')", "no_end CHECK (state <> 'SETTLED')"} {
		if _, err := b.DB.Owner.Exec(ctx, "ALTER TABLE ai_calls ADD CONSTRAINT "+constraint+" NOT VALID"); err != nil {
			t.Fatal(err)
		}
	}
	amount := cent
	_, err := b.Engine.Reserve(ctx, b.Who, engine.ReserveInput{
		WorkflowID: run.WorkflowID, RunToken: &run.Token, Amount: &amount,
	})
	if lost(err) || fault.KindOf(err) != fault.Internal {
		t.Errorf("reserve: got %v, want an internal error", err)
	}
	_, err = b.Engine.Reserve(ctx, b.Who, engine.ReserveInput{WorkflowID: run.WorkflowID, Amount: &amount})
	refusedAs(t, err, fault.Internal)
	_, err = b.Engine.Finish(ctx, b.Who, engine.FinishInput{
		Run: run, Result: resultOf("worker:1"), Settle: ptr(settle(call, cent)),
	})
	if lost(err) || fault.KindOf(err) != fault.Internal {
		t.Errorf("finish: got %v, want an internal error", err)
	}
}
