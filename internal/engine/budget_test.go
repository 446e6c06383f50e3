package engine_test

import (
	"context"
	"errors"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

func TestReserve_AHundredAtOnceFillTheLimit(t *testing.T) {
	t.Parallel()
	ctx, amount := context.Background(), 3*cent

	t.Run("OfOneWorkflow", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		servers, flow := b.servers(t), b.Flow(t, workflow.ICPProcessing)
		errs := testdb.Together(100, func(i int) error {
			_, err := servers[i%2].Reserve(ctx, b.Who, engine.ReserveInput{WorkflowID: flow.ID, Amount: &amount})
			return err
		})
		if diff := cmp.Diff(map[fault.Kind]int{"": 33, fault.BudgetHeld: 67}, kinds(errs)); diff != "" {
			t.Errorf("outcomes (-want +got):\n%s", diff)
		}
		refusals(t, errs, cost.AccountWorkflow, cost.Balance{Held: 99 * cent, Limit: cost.Limit(cost.Dollar)})
		b.paid(t, flow.ID, 0, 99*cent)
		if n := b.Count(t, `SELECT count(*) FROM ai_calls`); n != 33 {
			t.Errorf("calls: got %d, want 33", n)
		}
		b.Sound(t)
	})
	t.Run("OfAMonthAcrossTenWorkflows", func(t *testing.T) {
		t.Parallel()
		b := setupWith(t, func(o *engine.Options) { o.MonthLimit = cost.Dollar })
		servers := b.servers(t)
		var flows [10]workflow.Workflow
		for i := range flows {
			flows[i] = b.Flow(t, workflow.ICPProcessing)
		}
		errs := testdb.Together(100, func(i int) error {
			_, err := servers[i%2].Reserve(ctx, b.Who, engine.ReserveInput{WorkflowID: flows[i%10].ID, Amount: &amount})
			return err
		})
		if diff := cmp.Diff(map[fault.Kind]int{"": 33, fault.BudgetHeld: 67}, kinds(errs)); diff != "" {
			t.Errorf("outcomes (-want +got):\n%s", diff)
		}
		refusals(t, errs, cost.AccountMonth, cost.Balance{Held: 99 * cent, Limit: cost.Limit(cost.Dollar)})
		entries := 0
		for _, flow := range flows {
			entries += len(b.ledger(t, flow.ID)) - 1
		}
		held := b.Count(t, `SELECT sum(held_pico)::bigint FROM usage_accounts WHERE kind = 'WORKFLOW'`)
		if entries != 33 || held != int(99*cent) || b.Count(t, `SELECT count(*) FROM ai_calls`) != 33 {
			t.Errorf("refused calls have left a trace: %d entries and %d held in the workflows' accounts", entries, held)
		}
		b.Sound(t)
	})
}

// refusals checks the error of every refused caller.
func refusals(t *testing.T, errs []error, account cost.AccountKind, balance cost.Balance) {
	t.Helper()
	for _, err := range errs {
		if err == nil {
			continue
		}
		var refused *cost.RefusedError
		if !errors.As(err, &refused) {
			t.Errorf("got %v, want a refusal", err)
			continue
		}
		// A refused caller reads the account a moment later, and nothing here gives money back.
		want := cost.Refusal{Account: account, Balance: balance, Needed: 3 * cent, Retryable: true}
		if diff := cmp.Diff(want, refused.Refusal); diff != "" {
			t.Errorf("refusal (-want +got):\n%s", diff)
		}
	}
}

func TestReserve_AdmitsUpToTheLimit(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	pico := func(p cost.Pico) *cost.Pico { return &p }
	flow, over, running := b.Flow(t, workflow.ICPPending), b.Flow(t, workflow.Completed), b.Flow(t, workflow.ICPProcessing)
	lost := running.Version - 1
	estimate := func(model string) *cost.Estimate {
		return &cost.Estimate{Models: []string{model}, PromptBytes: 1, MaxCompletionTokens: 1}
	}
	for _, c := range []struct {
		name string
		in   engine.ReserveInput
		want fault.Kind
	}{
		{"one too many", engine.ReserveInput{WorkflowID: flow.ID, Amount: pico(cost.Dollar + 1)}, fault.BudgetExhausted},
		{"the largest number", engine.ReserveInput{WorkflowID: flow.ID, Amount: pico(math.MaxInt64)}, fault.BudgetExhausted},
		{"below zero", engine.ReserveInput{WorkflowID: flow.ID, Amount: pico(-1)}, fault.InvalidInput},
		{"neither", engine.ReserveInput{WorkflowID: flow.ID}, fault.InvalidInput},
		{"both", engine.ReserveInput{
			WorkflowID: flow.ID, Amount: pico(1), Estimate: estimate("perplexity/sonar"),
		}, fault.InvalidInput},
		{"no such model", engine.ReserveInput{WorkflowID: flow.ID, Estimate: estimate("unknown/model")}, fault.PriceUnknown},
		{"no such workflow", engine.ReserveInput{WorkflowID: uuid.New(), Amount: pico(1)}, fault.NotFound},
		{"over", engine.ReserveInput{WorkflowID: over.ID, Amount: pico(1)}, fault.TerminalState},
		{"lost", engine.ReserveInput{WorkflowID: running.ID, RunToken: &lost, Amount: pico(1)}, fault.LostRun},
	} {
		if _, err := b.Engine.Reserve(ctx, b.Who, c.in); fault.KindOf(err) != c.want {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
	b.paid(t, flow.ID, 0, 0)
	for _, c := range []struct {
		amount cost.Pico
		want   fault.Kind
	}{
		{cost.Dollar - 1, ""},
		{2, fault.BudgetHeld},
		{1, ""},
		{0, ""}, // Nothing always fits while nothing is overdrawn.
		{1, fault.BudgetHeld},
		{cost.Dollar + 1, fault.BudgetExhausted},
	} {
		_, err := b.Engine.Reserve(ctx, b.Who, engine.ReserveInput{WorkflowID: flow.ID, Amount: &c.amount})
		if fault.KindOf(err) != c.want {
			t.Errorf("%s: got %v, want %q", c.amount, err, c.want)
		}
	}
	b.paid(t, flow.ID, 0, cost.Dollar)
	b.Sound(t)
}

func TestReserve_HidesOtherOrganizations(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	flow := b.Flow(t, workflow.ICPPending)
	call, other, amount := b.Reserve(t, flow, cent), b.Stranger(t), cent
	before := b.rows(t)
	for name, do := range map[string]func() error{
		"reserve": func() error {
			_, err := b.Engine.Reserve(ctx, other, engine.ReserveInput{WorkflowID: flow.ID, Amount: &amount})
			return err
		},
		"settle": func() error {
			_, err := b.Engine.Settle(ctx, other, engine.SettleInput{CallID: call.ID, Cost: &amount})
			return err
		},
		"release":  func() error { _, err := b.Engine.Release(ctx, other, engine.ReleaseInput{CallID: call.ID}); return err },
		"dispatch": func() error { return b.Engine.Dispatch(ctx, other, call.ID, "p") },
		"call":     func() error { _, err := b.Engine.Call(ctx, other, call.ID); return err },
		"entry":    func() error { _, err := b.Engine.EntryAt(ctx, other, flow.ID, 0); return err },
	} {
		if err := do(); fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s: got %v, want NOT_FOUND", name, err)
		}
	}
	if diff := cmp.Diff(before, b.rows(t)); diff != "" {
		t.Errorf("something was written:\n%s", diff)
	}
	b.paid(t, flow.ID, 0, cent)
}

func TestSettle_BooksAnOverageAndStopsHolds(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	flow := b.Flow(t, workflow.ICPPending)
	dear, cheap := b.Reserve(t, flow, cent), b.Reserve(t, flow, cent)
	billed := 300 * cent // Three times the limit of the workflow.
	got, err := b.Engine.Settle(ctx, b.Who, engine.SettleInput{CallID: dear.ID, Model: "m", Cost: &billed})
	if err != nil || !got.Call.Overage || *got.Call.Cost != billed {
		t.Fatalf("got %+v, %v, want an overage of $3 in full", got.Call, err)
	}
	stopped := cost.Balance{Settled: billed, Held: cent, Limit: cost.Limit(cost.Dollar), Stopped: true}
	b.balances(t, flow.ID, stopped, cost.Balance{Settled: billed, Held: cent, Limit: cost.Limit(25 * cost.Dollar)})
	for _, id := range []uuid.UUID{flow.ID, b.month(t).ID} {
		entries := b.ledger(t, id)
		if last := entries[len(entries)-1]; !last.Overage || last.Delta.Settled != billed {
			t.Errorf("the entry: got %+v, want an overage of $3", last)
		}
	}
	nothing := cost.Pico(0)
	_, err = b.Engine.Reserve(ctx, b.Who, engine.ReserveInput{WorkflowID: flow.ID, Amount: &nothing})
	var refused *cost.RefusedError
	if !errors.As(err, &refused) || refused.Kind() != fault.BudgetExhausted || !refused.Balance.Stopped {
		t.Errorf("a hold after the overage: got %v, want it refused because the account is stopped", err)
	}
	// What is in flight can still end, and what costs no more than its hold flags nothing.
	half := cent / 2
	if got, err := b.Engine.Settle(ctx, b.Who, engine.SettleInput{
		CallID: cheap.ID, Model: "m", Cost: &half,
	}); err != nil || got.Call.Overage {
		t.Errorf("the other call: got %+v, %v, want it settled", got.Call, err)
	}
	// Other workflows of the organization go on.
	b.Reserve(t, b.Flow(t, workflow.ICPPending), cent)
	b.Sound(t)
}

func (b bundle) month(t *testing.T) cost.Account {
	t.Helper()
	organization, err := b.Engine.Organization(context.Background(), b.Who)
	if err != nil {
		t.Fatal(err)
	}
	return organization.Month
}

func TestSettle_ChargesTheMonthOfTheReservation(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		zone string
		// late is a tenth of a second before a month ends in the zone; start and end are that month's.
		late, start, end time.Time
	}{
		{
			"UTC", time.Date(2026, 12, 31, 23, 59, 59, 900_000_000, time.UTC),
			time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC), time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC),
		},
		{ // Nine hours ahead.
			"Asia/Tokyo", time.Date(2026, 2, 28, 14, 59, 59, 900_000_000, time.UTC),
			time.Date(2026, 1, 31, 15, 0, 0, 0, time.UTC), time.Date(2026, 2, 28, 15, 0, 0, 0, time.UTC),
		},
		{ // The clocks change within the month: it begins at five hours behind and ends at four.
			"America/New_York", time.Date(2026, 4, 1, 3, 59, 59, 900_000_000, time.UTC),
			time.Date(2026, 3, 1, 5, 0, 0, 0, time.UTC), time.Date(2026, 4, 1, 4, 0, 0, 0, time.UTC),
		},
	} {
		t.Run(c.zone, func(t *testing.T) {
			t.Parallel()
			b, ctx := setup(t), context.Background()
			b.Clock.Set(c.late.AddDate(0, -3, 0)) // The month that runs then keeps its end.
			if _, err := b.Engine.SetTimeZone(ctx, b.Who, engine.SetTimeZoneInput{TimeZone: c.zone}); err != nil {
				t.Fatal(err)
			}
			b.Clock.Set(c.late)
			flow := b.Flow(t, workflow.ICPPending)
			call := b.Reserve(t, flow, cent)
			before := b.month(t)
			if diff := cmp.Diff(&cost.Period{Start: c.start, End: c.end}, before.Period); diff != "" {
				t.Errorf("the month (-want +got):\n%s", diff)
			}
			b.Clock.Advance(100 * time.Millisecond)
			if next := b.month(t); !next.Period.Start.Equal(c.end) || next.Balance.Held != 0 {
				t.Errorf("the next month: got %+v, want it to begin at %s with nothing held", next, c.end)
			}
			b.Reserve(t, flow, 2*cent)
			billed := cent / 4
			if _, err := b.Engine.Settle(ctx, b.Who, settle(call, billed)); err != nil {
				t.Fatal(err)
			}
			after := b.month(t)
			if after.ID == before.ID || after.Balance.Settled != 0 || after.Balance.Held != 2*cent {
				t.Errorf("the month after: got %+v, want only its own call held", after.Balance)
			}
			last := b.ledger(t, before.ID)[2]
			if want := (cost.Balance{Settled: billed, Limit: cost.Limit(25 * cost.Dollar)}); last.After != want {
				t.Errorf("the month before: got %+v, want %+v", last.After, want)
			}
			b.Sound(t)
		})
	}
}

func TestMonth_IsOpenedOnceByManyCallers(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	servers := b.servers(t)
	var flows [20]workflow.Workflow
	for i := range flows {
		flows[i] = b.Flow(t, workflow.ICPPending)
	}
	amount := cent
	for _, err := range testdb.Together(20, func(i int) error {
		_, err := servers[i%2].Reserve(ctx, b.Who, engine.ReserveInput{WorkflowID: flows[i].ID, Amount: &amount})
		return err
	}) {
		if err != nil {
			t.Error(err)
		}
	}
	if n := b.Count(t, `SELECT count(*) FROM usage_accounts WHERE kind = 'MONTH'`); n != 1 {
		t.Errorf("months: got %d, want 1", n)
	}
	b.Sound(t)
}
