package engine_test

import (
	"context"
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

// settle is a settlement at a cost that the provider reported.
func settle(call cost.Call, billed cost.Pico) engine.SettleInput {
	return engine.SettleInput{CallID: call.ID, Model: "m", Cost: &billed}
}

// booked returns the kinds and the settled amounts of an account's entries after the holds.
func (b bundle) booked(t *testing.T, account uuid.UUID) (kinds []cost.EntryKind, amounts []cost.Pico) {
	t.Helper()
	for _, e := range b.ledger(t, account) {
		if e.Kind != cost.EntryOpen && e.Kind != cost.EntryReserve {
			kinds, amounts = append(kinds, e.Kind), append(amounts, e.Delta.Settled)
		}
	}
	return kinds, amounts
}

// assume lets a call's provider stay silent until its hold is taken for its cost.
func (b bundle) assume(t *testing.T, call cost.Call) {
	t.Helper()
	ctx := context.Background()
	if err := b.Engine.MarkUnknown(ctx, b.Who, call.ID, workflow.FailureTimeout); err != nil {
		t.Fatal(err)
	}
	b.Clock.Advance(24 * time.Hour)
	if n, err := b.Engine.SweepCalls(ctx, silent); n != 1 || err != nil {
		t.Fatalf("sweep: got %d, %v, want 1 call", n, err)
	}
}

// silent is a provider that has no figure.
func silent(context.Context, string, string) (*engine.SettleInput, error) { return nil, nil }

func TestSettle_EachCallHasOneOutcome(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	// The verbs, on a call that holds a cent.
	once := func(billed cost.Pico) func(*testing.T, bundle, cost.Call) error {
		return func(_ *testing.T, b bundle, c cost.Call) error {
			_, err := b.Engine.Settle(ctx, b.Who, settle(c, billed))
			return err
		}
	}
	late := func(billed cost.Pico) func(*testing.T, bundle, cost.Call) error {
		return func(_ *testing.T, b bundle, c cost.Call) error {
			_, err := b.Engine.SettleLate(ctx, b.Who, settle(c, billed))
			return err
		}
	}
	release := func(_ *testing.T, b bundle, c cost.Call) error {
		_, err := b.Engine.Release(ctx, b.Who, engine.ReleaseInput{CallID: c.ID})
		return err
	}
	markUnknown := func(_ *testing.T, b bundle, c cost.Call) error {
		return b.Engine.MarkUnknown(ctx, b.Who, c.ID, workflow.FailureTimeout)
	}
	assume := func(t *testing.T, b bundle, c cost.Call) error { b.assume(t, c); return nil }
	for name, c := range map[string]struct {
		first, then func(*testing.T, bundle, cost.Call) error
		refused     fault.Kind // of then
		state       cost.CallState
		kinds       []cost.EntryKind
		amounts     []cost.Pico
	}{
		"SettledTheSameAgain": {
			once(cent / 2), once(cent / 2), "", cost.CallSettled, []cost.EntryKind{cost.EntrySettle}, []cost.Pico{cent / 2},
		},
		"SettledOtherwise": {
			once(cent / 2), once(cent / 3), fault.IdempotencyMismatch,
			cost.CallSettled,
			[]cost.EntryKind{cost.EntrySettle},
			[]cost.Pico{cent / 2},
		},
		"SettledThenReleased": {
			once(cent / 2), release, fault.Conflict,
			cost.CallSettled,
			[]cost.EntryKind{cost.EntrySettle},
			[]cost.Pico{cent / 2},
		},
		"SettledThenMarkedUnknown": {
			once(cent / 2), markUnknown, "", cost.CallSettled, []cost.EntryKind{cost.EntrySettle}, []cost.Pico{cent / 2},
		},
		"SettledThenTheProviderSaysTheSame": {
			once(cent / 2), late(cent / 2), "", cost.CallSettled, []cost.EntryKind{cost.EntrySettle}, []cost.Pico{cent / 2},
		},
		"SettledThenTheProviderSaysMore": {
			once(cent / 2), late(2 * cent), "", cost.CallSettled,
			[]cost.EntryKind{cost.EntrySettle, cost.EntryAdjust},
			[]cost.Pico{cent / 2, 2*cent - cent/2},
		},
		"SettledThenTheProviderSaysLess": {
			once(cent / 2), late(0), "", cost.CallSettled,
			[]cost.EntryKind{cost.EntrySettle, cost.EntryAdjust},
			[]cost.Pico{cent / 2, -cent / 2},
		},
		"ReleasedAgain": {
			release, release, "", cost.CallReleased, []cost.EntryKind{cost.EntryRelease}, []cost.Pico{0},
		},
		"ReleasedThenSettled": {
			release, once(cent), fault.Conflict, cost.CallReleased, []cost.EntryKind{cost.EntryRelease}, []cost.Pico{0},
		},
		"ReleasedThenTheProviderCharges": {
			release, late(cent), "", cost.CallReleased,
			[]cost.EntryKind{cost.EntryRelease, cost.EntryAdjust},
			[]cost.Pico{0, cent},
		},
		"MarkedUnknownThenSettled": {
			markUnknown, once(cent / 2), "", cost.CallSettled, []cost.EntryKind{cost.EntrySettle}, []cost.Pico{cent / 2},
		},
		"MarkedUnknownThenReleased": {
			markUnknown, release, "", cost.CallReleased, []cost.EntryKind{cost.EntryRelease}, []cost.Pico{0},
		},
		"AssumedThenSettled": {
			assume, once(cent / 4), "", cost.CallAssumed,
			[]cost.EntryKind{cost.EntryAssume, cost.EntryAdjust},
			[]cost.Pico{cent, cent/4 - cent},
		},
		"AssumedThenSettledAtTheHold": {
			assume, once(cent), "", cost.CallAssumed,
			[]cost.EntryKind{cost.EntryAssume, cost.EntryAdjust},
			[]cost.Pico{cent, 0}, // The entry keeps what the settlement says beside the cost.
		},
		"AssumedThenReleased": {
			assume, release, fault.Conflict, cost.CallAssumed, []cost.EntryKind{cost.EntryAssume}, []cost.Pico{cent},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.Clock.Set(time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC)) // No month ends while a provider is silent.
			flow := b.Flow(t, workflow.ICPPending)
			call := b.Reserve(t, flow, cent)
			if err := c.first(t, b, call); err != nil {
				t.Fatal(err)
			}
			if err := c.then(t, b, call); fault.KindOf(err) != c.refused {
				t.Errorf("then: got %v, want %q", err, c.refused)
			}
			var sum cost.Pico
			for _, a := range c.amounts {
				sum += a
			}
			b.paid(t, flow.ID, sum, 0)
			for _, account := range []uuid.UUID{flow.ID, b.month(t).ID} {
				kinds, amounts := b.booked(t, account)
				if diff := cmp.Diff(c.kinds, kinds) + cmp.Diff(c.amounts, amounts); diff != "" {
					t.Errorf("entries (-want +got):\n%s", diff)
				}
			}
			got, err := b.Engine.Call(ctx, b.Who, call.ID)
			if err != nil || got.State != c.state {
				t.Errorf("the call: got %s, %v, want %s", got.State, err, c.state)
			}
			b.Sound(t)
		})
	}
}

func TestSettle_UsesTheProvidersCostBeforeThePriceTable(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	flow, billed, negative := b.Flow(t, workflow.ICPPending), cent/7, cost.Pico(-1)
	usage := cost.Usage{PromptTokens: 1000, CompletionTokens: 500}
	list := cost.Pico(1000*150_000 + 500*600_000)
	for _, c := range []struct {
		name       string
		in         engine.SettleInput
		refused    fault.Kind
		cost, list *cost.Pico
	}{
		{"reported", engine.SettleInput{Model: "openai/gpt-4o-mini", Usage: usage, Cost: &billed}, "", &billed, &list},
		{"from the list", engine.SettleInput{Model: "openai/gpt-4o-mini", Usage: usage}, "", &list, &list},
		{"not in the list", engine.SettleInput{Model: "x/y", Usage: usage, Cost: &billed}, "", &billed, nil},
		{"without a known price", engine.SettleInput{Model: "x/y", Usage: usage}, fault.PriceUnknown, nil, nil},
		{"below zero", engine.SettleInput{Model: "x/y", Cost: &negative}, fault.InvalidInput, nil, nil},
		{"no model", engine.SettleInput{Cost: &billed}, fault.InvalidInput, nil, nil},
		{"a blank model", engine.SettleInput{Model: " \t", Cost: &billed}, fault.InvalidInput, nil, nil},
		{
			"a blank beside the generation",
			engine.SettleInput{Model: "x/y", Cost: &billed, GenerationID: "gen-1 "},
			fault.InvalidInput, nil, nil,
		},
		{
			"all of the prompt cached",
			engine.SettleInput{Model: "x/y", Usage: cost.Usage{PromptTokens: 10, CachedTokens: 10}, Cost: &billed},
			"", &billed, nil,
		},
		{
			"more cached than sent",
			engine.SettleInput{Model: "x/y", Usage: cost.Usage{PromptTokens: 10, CachedTokens: 11}, Cost: &billed},
			fault.InvalidInput, nil, nil,
		},
		{
			"more reasoning than answer",
			engine.SettleInput{Model: "x/y", Usage: cost.Usage{CompletionTokens: 1, ReasoningTokens: 2}, Cost: &billed},
			fault.InvalidInput, nil, nil,
		},
		{
			"negative tokens",
			engine.SettleInput{Model: "x/y", Usage: cost.Usage{PromptTokens: -1}, Cost: &billed},
			fault.InvalidInput, nil, nil,
		},
		{
			"negative answer",
			engine.SettleInput{Model: "x/y", Usage: cost.Usage{CompletionTokens: -1}, Cost: &billed},
			fault.InvalidInput, nil, nil,
		},
	} {
		call := b.Reserve(t, flow, cent)
		c.in.CallID = call.ID
		got, err := b.Engine.Settle(ctx, b.Who, c.in)
		if fault.KindOf(err) != c.refused {
			t.Errorf("%s: got %v, want %q", c.name, err, c.refused)
		}
		if c.refused != "" {
			got.Call, err = b.Engine.Call(ctx, b.Who, call.ID)
			if err != nil || got.Call.State != cost.CallReserved {
				t.Errorf("%s: got %s, %v, want it as it was", c.name, got.Call.State, err)
			}
		}
		if diff := cmp.Diff(c.cost, got.Call.Cost) + cmp.Diff(c.list, got.Call.ListCost); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
	b.Sound(t)
}

func TestSettle_OneOfConcurrentOutcomesWins(t *testing.T) {
	t.Parallel()
	ctx := context.Background()

	t.Run("FiftySettlementsOfOneAccount", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		servers, flow := b.servers(t), b.Flow(t, workflow.ICPPending)
		var calls [50]cost.Call
		for i := range calls {
			calls[i] = b.Reserve(t, flow, cent)
		}
		for _, err := range testdb.Together(len(calls), func(i int) error {
			_, err := servers[i%2].Settle(ctx, b.Who, settle(calls[i], cent+cost.Pico(i%2))) // Every other one is dearer.
			return err
		}) {
			if err != nil {
				t.Error(err)
			}
		}
		spent := 50*cent + 25
		b.balances(t, flow.ID, cost.Balance{Settled: spent, Limit: cost.Limit(cost.Dollar), Stopped: true},
			cost.Balance{Settled: spent, Limit: cost.Limit(25 * cost.Dollar)})
		b.Sound(t)
	})
	t.Run("OneCallSettledAndReleasedAtOnce", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		servers, flow := b.servers(t), b.Flow(t, workflow.ICPPending)
		for range 20 {
			call := b.Reserve(t, flow, cent)
			errs := testdb.Together(10, func(i int) (err error) {
				switch i % 3 {
				case 0:
					_, err = servers[i%2].Settle(ctx, b.Who, settle(call, 0))
				case 1:
					_, err = servers[i%2].Release(ctx, b.Who, engine.ReleaseInput{CallID: call.ID})
				default:
					err = servers[i%2].MarkUnknown(ctx, b.Who, call.ID, workflow.FailureTimeout)
				}
				return err
			})
			// Four settle, three release, and three mark it unknown, which has no effect once there is an outcome.
			if k := kinds(errs); k[fault.Conflict] != 3 && k[fault.Conflict] != 4 || k[""]+k[fault.Conflict] != 10 {
				t.Errorf("got %v, want the others refused, since the call has ended", errs)
			}
		}
		b.paid(t, flow.ID, 0, 0)
		b.Sound(t)
	})
}

func TestDispatch_SendsOnceDuringTheRun(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	flow := b.Flow(t, workflow.ICPPending)
	run := b.Take(t, flow.ID, "worker:1")
	amount := cent
	reserve := func() cost.Call {
		charged, err := b.Engine.Reserve(ctx, b.Who, engine.ReserveInput{
			WorkflowID: flow.ID, RunToken: &run.Token, Amount: &amount,
		})
		if err != nil {
			t.Fatal(err)
		}
		return charged.Call
	}
	sent, unsent := reserve(), reserve()
	errs := testdb.Together(10, func(int) error { return b.Engine.Dispatch(ctx, b.Who, sent.ID, "sandbox") })
	if diff := cmp.Diff(map[fault.Kind]int{"": 1, fault.Conflict: 9}, kinds(errs)); diff != "" {
		t.Errorf("ten dispatches (-want +got):\n%s", diff)
	}
	for _, id := range []string{"gen-1", "gen-2"} { // The first name stays.
		if err := b.Engine.Identify(ctx, b.Who, sent.ID, "sandbox", id); err != nil {
			t.Error(err)
		}
	}
	if got, err := b.Engine.Call(ctx, b.Who, sent.ID); err != nil || got.GenerationID != "gen-1" {
		t.Errorf("generation: got %s, %v, want gen-1", got.GenerationID, err)
	}
	if _, err := b.Engine.Cancel(ctx, b.Who, engine.CancelInput{WorkflowID: flow.ID}); err != nil {
		t.Fatal(err)
	}
	if err := b.Engine.Dispatch(ctx, b.Who, unsent.ID, "sandbox"); fault.KindOf(err) != fault.LostRun {
		t.Errorf("a dispatch after the end: got %v, want it refused as lost", err)
	}
	b.Sound(t)
}
