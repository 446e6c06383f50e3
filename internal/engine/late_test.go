package engine_test

import (
	"context"
	"errors"
	"testing"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/workflow"
)

func TestAPriceTableDoesNotCorrectWhatTheProviderSaid(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	flow := b.flow(t, workflow.ICPPending)
	run := b.take(t, flow.ID, "worker:1")
	call := b.call(t, run, cent)
	b.clock.advance(31 * 1e9)
	if _, err := b.engine.SweepRuns(ctx); err != nil {
		t.Fatal(err)
	}
	told := cent / 2 // which a sweeper has heard from the provider
	if _, err := b.engine.SettleLate(ctx, b.who, settle(call, told)); err != nil {
		t.Fatal(err)
	}
	unpriced := settle(call, 0)
	unpriced.Model, unpriced.Cost = "perplexity/sonar", nil
	unpriced.Usage = cost.Usage{PromptTokens: 10, CompletionTokens: 10}
	var lost *engine.LostRunError
	_, err := b.engine.Finish(ctx, b.as("worker:1"), engine.FinishInput{
		Run: run, Result: content("the dead"), Settle: &unpriced,
	})
	if !errors.As(err, &lost) {
		t.Fatalf("finish: got %v, want a lost run", err)
	}
	b.paid(t, flow.ID, told, 0)
	b.sound(t)
}
