package steps_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/llm/sandbox"
	"github.com/infin8content/engine/internal/steps"
	"github.com/infin8content/engine/internal/workflow"
)

// next takes the pending step and makes one attempt at it.
func (b *bundle) next(t *testing.T) workflow.Workflow {
	t.Helper()
	ctx := context.Background()
	run := b.take(t)
	flow, err := b.engine.Workflow(ctx, b.who, b.flow.ID)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.executors[run.Step].Run(ctx, b.who, flow, run); err != nil {
		t.Fatalf("run the step %s: %v", run.Step, err)
	}
	if flow, err = b.engine.Workflow(ctx, b.who, b.flow.ID); err != nil {
		t.Fatal(err)
	}
	return flow
}

func (b *bundle) keywords(t *testing.T) []content.SeedKeyword {
	t.Helper()
	found, err := b.engine.Keywords(context.Background(), b.who, []uuid.UUID{b.flow.ID})
	if err != nil {
		t.Fatal(err)
	}
	return found[b.flow.ID]
}

// twoSteps are driven by workers in the tests of the competitor analysis.
func twoSteps() []workflow.StepKey {
	return []workflow.StepKey{workflow.StepICP, workflow.StepCompetitor}
}

func TestCompetitor(t *testing.T) {
	t.Parallel()
	t.Run("EndsInTheSeedReviewWithScoredKeywords", func(t *testing.T) {
		t.Parallel()
		b := setup(t, options{drives: twoSteps()})
		b.next(t)
		if flow := b.next(t); flow.State != workflow.SeedReviewPending {
			t.Fatalf("got %s, want %s", flow.State, workflow.SeedReviewPending)
		}
		keywords := b.keywords(t)
		if len(keywords) < 20 {
			t.Fatalf("got %d keywords, want 20 or more", len(keywords))
		}
		for i, k := range keywords {
			if !k.IsSynthetic || k.Source != content.SourceModel || k.Volume != nil || k.Choice != "" {
				t.Errorf("got %+v, want a synthetic keyword of a model, of unknown volume and without a choice", k)
			}
			if i > 0 && k.Score > keywords[i-1].Score {
				t.Errorf("keyword %d has a higher score than the one before it", i)
			}
		}
		b.audit(t)
	})
	t.Run("AsksNothingTwice", func(t *testing.T) {
		t.Parallel()
		b := setup(t, options{drives: twoSteps()})
		b.next(t)
		b.sandbox.Next(sandbox.UnreadableJSON())
		if flow := b.next(t); flow.State != workflow.CompetitorFailed {
			t.Fatalf("got %s, want %s", flow.State, workflow.CompetitorFailed)
		}
		asked := len(b.sandbox.Charges())
		b.later.Store(int64(time.Minute))
		if flow := b.next(t); flow.State != workflow.SeedReviewPending {
			t.Fatalf("got %s, want %s", flow.State, workflow.SeedReviewPending)
		}
		if got := len(b.sandbox.Charges()); got != asked+1 {
			t.Errorf("the provider charged %d answers for the second attempt, want 1", got-asked)
		}
		b.audit(t)
	})
	t.Run("AsksAgainAfterAReservationThatWasNeverSent", func(t *testing.T) {
		t.Parallel()
		b, ctx := setup(t, options{drives: twoSteps()}), context.Background()
		b.next(t)
		dead := b.take(t)
		visit, err := b.engine.OpenVisit(ctx, b.who, dead)
		if err != nil {
			t.Fatal(err)
		}
		amount := cost.Dollar / 100
		_, err = b.engine.Reserve(ctx, b.who, engine.ReserveInput{ // The worker is killed after it.
			WorkflowID:     b.flow.ID,
			Step:           dead.Step,
			RunToken:       &dead.Token,
			Amount:         &amount,
			Visit:          &visit.Number,
			Part:           "phrases/0",
			IdempotencyKey: "part/0",
		})
		if err != nil {
			t.Fatal(err)
		}
		b.later.Store(int64(40 * time.Second)) // The lease is over, and the sweeper has not released the call yet.
		if _, err := b.engine.SweepRuns(ctx); err != nil {
			t.Fatal(err)
		}
		if flow := b.next(t); flow.State != workflow.SeedReviewPending {
			t.Errorf("got %s, want %s", flow.State, workflow.SeedReviewPending)
		}
	})
	t.Run("KeepsAPaidAnswerOverAFailure", func(t *testing.T) {
		t.Parallel()
		b, ctx := setup(t, options{drives: twoSteps()}), context.Background()
		b.next(t)
		run := b.take(t)
		flow, err := b.engine.Workflow(ctx, b.who, b.flow.ID)
		if err != nil {
			t.Fatal(err)
		}
		lost, cancel := context.WithCancelCause(ctx)
		cancel(steps.ErrShutdown) // The server stops before the step has begun.
		if err := b.executors[run.Step].Run(lost, b.who, flow, run); err != nil {
			t.Fatal(err)
		}
		if flow := b.next(t); flow.State != workflow.SeedReviewPending {
			t.Fatalf("got %s, want %s", flow.State, workflow.SeedReviewPending)
		}
		charged := len(b.sandbox.Charges())
		if charged != 2 {
			t.Errorf("the provider charged %d answers, want one for each step", charged)
		}
		b.audit(t)
	})
	t.Run("CarriesChoicesOverAReset", func(t *testing.T) {
		t.Parallel()
		b, ctx := setup(t, options{drives: twoSteps()}), context.Background()
		b.next(t)
		b.next(t)
		picked := b.keywords(t)[3]
		_, err := b.engine.DecideKeywords(ctx, b.who, engine.DecideKeywordsInput{
			WorkflowID: b.flow.ID, IDs: []uuid.UUID{picked.ID}, Choice: content.ChoiceSelected,
		})
		if err != nil {
			t.Fatal(err)
		}
		_, err = b.engine.RejectSeeds(ctx, b.who, engine.RejectGateInput{
			WorkflowID: b.flow.ID, ResetTo: workflow.StepCompetitor, Feedback: "More about pricing.",
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := b.keywords(t); len(got) != 0 {
			t.Errorf("got %d current keywords after the reset, want none", len(got))
		}
		b.next(t)
		for _, k := range b.keywords(t) {
			want := content.Choice("")
			if k.Normalised == picked.Normalised {
				want = content.ChoiceSelected
			}
			if k.Choice != want || want != "" && k.Origin != content.OriginCarried {
				t.Errorf("%q: got the choice %q (%s), want %q, carried", k.Text, k.Choice, k.Origin, want)
			}
		}
	})
}
