package engine_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/workflow"
)

func TestEngine_FromCreatedToASettledICP(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	made, err := b.Engine.Create(ctx, b.Who, engine.CreateInput{
		Name: "Ünïcode 🚀 名前", Company: workflow.Company{Name: "Example", URL: "https://example.com"},
	})
	if err != nil {
		t.Fatal(err)
	}
	id := made.Workflow.ID
	if _, err := b.Engine.GenerateICP(ctx, b.Who, engine.GenerateICPInput{WorkflowID: id}); err != nil {
		t.Fatal(err)
	}
	taken, err := b.Engine.Take(ctx, b.Who, id)
	run := taken.Run
	if err != nil || run == nil {
		t.Fatalf("take: got %v, %v, want a run", run, err)
	}
	held, err := b.Engine.Reserve(ctx, b.Who, engine.ReserveInput{
		WorkflowID: id, Step: workflow.StepICP, RunToken: &run.Token, Estimate: &cost.Estimate{
			Models: []string{"perplexity/sonar", "openai/gpt-4o-mini"}, PromptBytes: 1000, MaxCompletionTokens: 700,
			WebSearches: 1,
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Engine.Dispatch(ctx, b.Who, held.Call.ID, "sandbox"); err != nil {
		t.Fatal(err)
	}
	if err := b.Engine.Identify(ctx, b.Who, held.Call.ID, "sandbox", "gen-1"); err != nil {
		t.Fatal(err)
	}
	billed := cost.Pico(5_400_000_000)
	moved, err := b.Engine.Finish(ctx, b.Who, engine.FinishInput{
		Run: *run, Result: engine.Result{Content: []byte(`{"valueProposition": "x"}`), Provider: "sandbox", Model: "m"},
		Settle: &engine.SettleInput{
			CallID: held.Call.ID, Model: "perplexity/sonar", Cost: &billed,
			Usage: cost.Usage{PromptTokens: 200, CompletionTokens: 200},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if moved.Workflow.State != workflow.ICPCompleted {
		t.Errorf("state: got %s, want ICP_COMPLETED", moved.Workflow.State)
	}
	organization, err := b.Engine.Organization(ctx, b.Who)
	if err != nil {
		t.Fatal(err)
	}
	want := cost.Balance{Settled: billed, Limit: cost.Limit(25 * cost.Dollar)}
	if diff := cmp.Diff(want, organization.Month.Balance); diff != "" {
		t.Error(diff)
	}
	findings, err := b.Verify(t)
	if err != nil || len(findings) > 0 {
		t.Errorf("verify: got %v, %v, want nothing", findings, err)
	}
}
