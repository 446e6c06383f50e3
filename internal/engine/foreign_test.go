package engine_test

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/workflow"
)

// foreign are names and counts that a provider may write beside a cost, and that the database cannot keep.
func foreign() map[string]func(*engine.SettleInput) {
	random, letters := rand.New(rand.NewPCG(1, 2)), make([]byte, 9000)
	for i := range letters {
		letters[i] = 'a' + byte(random.IntN(26))
	}
	huge := string(letters) // Cannot be compressed to what an index takes.
	return map[string]func(*engine.SettleInput){
		"ModelWithNUL":        func(in *engine.SettleInput) { in.Model = "m\x00" },
		"ModelHuge":           func(in *engine.SettleInput) { in.Model = huge },
		"ModelNotInUTF8":      func(in *engine.SettleInput) { in.Model = "m\xff" },
		"ProviderWithNUL":     func(in *engine.SettleInput) { in.Provider = "p\x00" },
		"ProviderNotInUTF8":   func(in *engine.SettleInput) { in.Provider = "p\xff" },
		"GenerationIDWithNUL": func(in *engine.SettleInput) { in.GenerationID = "gen\x00" },
		"GenerationIDHuge":    func(in *engine.SettleInput) { in.GenerationID = huge },
		"TokensAtTheEnd":      func(in *engine.SettleInput) { in.Usage.PromptTokens = math.MaxInt64 },
		"TokensNegative":      func(in *engine.SettleInput) { in.Usage.CompletionTokens = -1 },
	}
}

func TestSettleLate(t *testing.T) {
	t.Parallel()
	for name, change := range foreign() {
		t.Run("BooksTheCostWithA"+name, func(t *testing.T) {
			t.Parallel()
			b, ctx := setup(t), context.Background()
			flow := b.Flow(t, workflow.Created)
			for range 2 { // Two counts at the end of their type have no sum.
				in := settle(b.Reserve(t, flow, cent), cent/2)
				change(&in)
				if _, err := b.Engine.SettleLate(ctx, b.Who, in); err != nil {
					t.Fatal(err)
				}
			}
			b.paid(t, flow.ID, cent, 0)
			b.Sound(t)
		})
	}
}

func TestSettle(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	flow := b.Flow(t, workflow.Created)
	for name, change := range foreign() {
		call := b.Reserve(t, flow, cent)
		in := settle(call, cent/2)
		change(&in)
		if _, err := b.Engine.Settle(ctx, b.Who, in); fault.KindOf(err) != fault.InvalidInput || fault.FieldOf(err) == nil {
			t.Errorf("%s: got the settlement answered by %v, want INVALID_INPUT about a field", name, err)
		}
		_, err := b.Engine.Record(ctx, b.Who, engine.RecordInput{
			WorkflowID:   flow.ID,
			Model:        in.Model,
			Usage:        in.Usage,
			Cost:         in.Cost,
			Provider:     in.Provider,
			GenerationID: in.GenerationID,
		})
		if fault.KindOf(err) != fault.InvalidInput || fault.FieldOf(err) == nil {
			t.Errorf("%s: got the record answered by %v, want INVALID_INPUT about a field", name, err)
		}
		if _, err := b.Engine.Settle(ctx, b.Who, settle(call, cent/2)); err != nil {
			t.Errorf("%s: the corrected settlement got %v", name, err)
		}
	}
	b.Sound(t)
}

func TestFinish(t *testing.T) {
	t.Parallel()
	for name, change := range foreign() {
		t.Run("BooksTheCostWithA"+name, func(t *testing.T) {
			t.Parallel()
			b, ctx := setup(t), context.Background()
			flow := b.Flow(t, workflow.ICPPending)
			run := b.Take(t, flow.ID, "worker:1")
			in := settle(b.Call(t, run, cent), cent/2)
			change(&in)
			result := resultOf("the living")
			result.Model, result.Provider = in.Model, in.Provider
			_, err := b.Engine.Finish(ctx, b.As("worker:1"), engine.FinishInput{Run: run, Result: result, Settle: &in})
			if err != nil {
				t.Fatal(err)
			}
			b.paid(t, flow.ID, cent/2, 0)
			b.Sound(t)
		})
	}
}

func TestIdentify(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	flow := b.Flow(t, workflow.Created)
	call := b.Reserve(t, flow, cent)
	for name, change := range foreign() {
		in := engine.SettleInput{Provider: "sandbox"}
		change(&in)
		if err := b.Engine.Identify(ctx, b.Who, call.ID, in.Provider, in.GenerationID); err != nil {
			t.Errorf("%s: got %v, want what cannot be kept left out", name, err)
		}
	}
	if err := b.Engine.Identify(ctx, b.Who, call.ID, "sandbox", "gen-1"); err != nil {
		t.Fatal(err)
	}
	got, err := b.Engine.Call(ctx, b.Who, call.ID)
	if err != nil || got.GenerationID != "gen-1" || got.Usage != (cost.Usage{}) {
		t.Errorf("got %+v, %v, want the id that can be kept", got, err)
	}
}
