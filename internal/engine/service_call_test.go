package engine_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

const labs = "service/dataforseo/labs"

// serviceEstimate is a request to a service with a limit of 50 items.
func serviceEstimate() *cost.Estimate { return &cost.Estimate{Models: []string{labs}, Items: 50} }

func TestServiceCall(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	const (
		hold   = 15_000_000_000 // $0.01 + 50 · $0.0001
		billed = 13_700_000_000 // $0.01 + 37 · $0.0001
	)
	t.Run("IsHeldAndBookedExactly", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		flow := b.Flow(t, workflow.ICPPending)
		held, err := b.Engine.Reserve(ctx, b.Who, engine.ReserveInput{WorkflowID: flow.ID, Estimate: serviceEstimate()})
		if err != nil || held.Call.Hold != hold || held.Call.MaxItems != 50 {
			t.Fatalf("got a hold of %s for %d items, %v, want $0.0150 for 50", held.Call.Hold, held.Call.MaxItems, err)
		}
		provider := cost.Pico(billed)
		done, err := b.Engine.Settle(ctx, b.Who, engine.SettleInput{
			CallID:   held.Call.ID,
			Model:    labs,
			Usage:    cost.Usage{Items: 37},
			Cost:     &provider,
			Provider: "dataforseo",
		})
		if err != nil {
			t.Fatal(err)
		}
		call := done.Call
		if call.Cost == nil || *call.Cost != billed || call.ListCost == nil || *call.ListCost != billed ||
			call.Usage.Items != 37 || call.Overage {
			t.Errorf("got %+v, want a cost and a list cost of $0.0137 for 37 items", call)
		}
		for _, account := range []uuid.UUID{flow.ID, b.month(t).ID} {
			kinds, amounts := b.booked(t, account)
			if diff := cmp.Diff([]cost.EntryKind{cost.EntrySettle}, kinds); diff != "" {
				t.Errorf("entries of %s (-want +got):\n%s", account, diff)
			}
			if diff := cmp.Diff([]cost.Pico{billed}, amounts); diff != "" {
				t.Errorf("amounts of %s (-want +got):\n%s", account, diff)
			}
		}
		b.paid(t, flow.ID, billed, 0)
		b.Sound(t)
	})
	t.Run("TheTablePricesItWithoutAReportedCost", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		flow := b.Flow(t, workflow.ICPPending)
		done, err := b.Engine.Record(ctx, b.Who, engine.RecordInput{
			WorkflowID: flow.ID, Model: labs, Usage: cost.Usage{Items: 37},
		})
		if err != nil || *done.Call.Cost != billed {
			t.Errorf("got %+v, %v, want a cost of $0.0137", done.Call, err)
		}
		b.Sound(t)
	})
	t.Run("MoreItemsThanReservedAreAnOverage", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		flow := b.Flow(t, workflow.ICPPending)
		held, err := b.Engine.Reserve(ctx, b.Who, engine.ReserveInput{WorkflowID: flow.ID, Estimate: serviceEstimate()})
		if err != nil {
			t.Fatal(err)
		}
		done, err := b.Engine.Settle(ctx, b.Who, engine.SettleInput{
			CallID: held.Call.ID, Model: labs, Usage: cost.Usage{Items: 51},
		})
		if err != nil || !done.Call.Overage {
			t.Errorf("got %+v, %v, want an overage", done.Call, err)
		}
		b.Sound(t)
	})
	t.Run("ReportedItemsHaveABound", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		flow := b.Flow(t, workflow.ICPPending)
		for _, items := range []int64{-1, cost.MaxTokens + 1} {
			_, err := b.Engine.Record(ctx, b.Who, engine.RecordInput{
				WorkflowID: flow.ID, Model: labs, Usage: cost.Usage{Items: items},
			})
			if fault.KindOf(err) != fault.InvalidInput {
				t.Errorf("%d items: got %v, want INVALID_INPUT", items, err)
			}
		}
	})
	t.Run("AssumedAndSettledNamesTheItems", func(t *testing.T) {
		t.Parallel()
		b := setup(t)
		flow := b.Flow(t, workflow.ICPPending)
		held, err := b.Engine.Reserve(ctx, b.Who, engine.ReserveInput{WorkflowID: flow.ID, Estimate: serviceEstimate()})
		if err != nil {
			t.Fatal(err)
		}
		b.assume(t, held.Call)
		late := engine.SettleInput{CallID: held.Call.ID, Model: labs, Usage: cost.Usage{Items: 37}}
		for _, replayed := range []bool{false, true} {
			done, err := b.Engine.Settle(ctx, b.Who, late)
			if err != nil || done.Replayed != replayed {
				t.Errorf("got %+v, %v, want replayed: %v", done, err, replayed)
			}
		}
		late.Usage.Items = 36
		if _, err := b.Engine.Settle(ctx, b.Who, late); fault.KindOf(err) != fault.IdempotencyMismatch {
			t.Errorf("other items: got %v, want IDEMPOTENCY_MISMATCH", err)
		}
	})
}

func TestTwentyParallelPaidCallsAtTheCap(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	b := setup(t)
	servers, flow := b.servers(t), b.Flow(t, workflow.ICPProcessing)
	limit := cost.Limit(100_000_000_000) // $0.10 for calls of $0.015 to a service and about $0.011 to a model
	b.limit(t, flow, limit)
	estimates := []*cost.Estimate{serviceEstimate(), {
		Models:              []string{"perplexity/sonar"},
		PromptBytes:         5_000,
		MaxCompletionTokens: 1_000,
		WebSearches:         1,
	}}
	errs := testdb.Together(20, func(i int) error {
		held, err := servers[i%2].Reserve(ctx, b.Who, engine.ReserveInput{WorkflowID: flow.ID, Estimate: estimates[i%4/2]})
		if err != nil {
			return err
		}
		_, err = servers[(i+1)%2].Settle(ctx, b.Who, engine.SettleInput{
			CallID: held.Call.ID,
			Model:  held.Call.Models[0],
			Cost:   &held.Call.Hold, // The dearest answer that the hold allows.
		})
		return err
	})
	admitted := 0
	for _, err := range errs {
		if err == nil {
			admitted++
		} else if kind := fault.KindOf(err); kind != fault.BudgetHeld && kind != fault.BudgetExhausted {
			t.Errorf("got %v, want a refusal of the budget", err)
		}
	}
	account := b.ledger(t, flow.ID)
	balance := account[len(account)-1].After
	if balance.Settled > cost.Pico(limit) || balance.Held != 0 {
		t.Errorf("got %+v, want at most %s settled and nothing held", balance, cost.Pico(limit))
	}
	if least := balance.Settled + 15_000_000_000; least <= cost.Pico(limit) {
		t.Errorf("%d calls for %s, and one more would have fit", admitted, balance.Settled)
	}
	for _, e := range account {
		if e.Overage || e.Kind != cost.EntryOpen && e.After.Settled+e.After.Held > cost.Pico(limit) {
			t.Errorf("entry %+v goes beyond the cap", e)
		}
	}
	b.Sound(t)
}
