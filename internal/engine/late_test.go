package engine_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/workflow"
)

func TestSettleLate_KeepsTheProvidersCost(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	flow := b.Flow(t, workflow.ICPPending)
	run := b.Take(t, flow.ID, "worker:1")
	call := b.Call(t, run, cent)
	b.Clock.Advance(31 * time.Second)
	if _, err := b.Engine.SweepRuns(ctx); err != nil {
		t.Fatal(err)
	}
	told := cent / 2 // as a sweeper has read it from the provider
	if _, err := b.Engine.SettleLate(ctx, b.Who, settle(call, told)); err != nil {
		t.Fatal(err)
	}
	unpriced := settle(call, 0)
	unpriced.Model, unpriced.Cost = "perplexity/sonar", nil
	unpriced.Usage = cost.Usage{PromptTokens: 10, CompletionTokens: 10}
	var lost *engine.LostRunError
	_, err := b.Engine.Finish(ctx, b.As("worker:1"), engine.FinishInput{
		Run: run, Result: resultOf("the dead"), Settle: &unpriced,
	})
	if !errors.As(err, &lost) {
		t.Fatalf("finish: got %v, want a lost run", err)
	}
	b.paid(t, flow.ID, told, 0)
	b.Sound(t)
}

func TestSettle_RefusesAnImpossibleCost(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	flow := b.Flow(t, workflow.Created)
	call, ended := b.Reserve(t, flow, cent), b.Reserve(t, flow, cent)
	if _, err := b.Engine.Settle(ctx, b.Who, settle(ended, cent)); err != nil {
		t.Fatal(err)
	}
	last := b.lastOf(t, flow.ID)
	told := func(amount cost.Pico) map[string]func() error {
		return map[string]func() error{
			"settled": func() error {
				_, err := b.Engine.Settle(ctx, b.Who, settle(call, amount))
				return err
			},
			"recorded": func() error {
				_, err := b.Engine.Record(ctx, b.Who, engine.RecordInput{
					WorkflowID: flow.ID, Model: "m", Cost: &amount,
				})
				return err
			},
			"corrected": func() error {
				_, err := b.Engine.Adjust(ctx, b.Who, engine.AdjustInput{
					AccountID: last.AccountID, Sequence: last.Sequence, Cost: amount, Reason: "a slip of the pen",
				})
				return err
			},
		}
	}
	before := b.rows(t)
	for how, tell := range told(cost.MaxCallCost + 1) {
		if err := tell(); fault.KindOf(err) != fault.InvalidInput {
			t.Errorf("%s: got %v, want INVALID_INPUT", how, err)
		}
	}
	if diff := cmp.Diff(before, b.rows(t)); diff != "" {
		t.Errorf("a refused cost has written (-before +after):\n%s", diff)
	}
	for how, tell := range told(cost.MaxCallCost) {
		if err := tell(); err != nil {
			t.Errorf("%s at the bound: got %v, want it booked", how, err)
		}
	}
	b.Sound(t)
}
