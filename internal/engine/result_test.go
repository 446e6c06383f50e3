package engine_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

func TestICPs_ReturnTheLastResultAfterResets(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	flow := b.Flow(t, workflow.ICPPending)
	run := func(by string) {
		t.Helper()
		_, err := b.Engine.Finish(ctx, b.As("worker:1"), engine.FinishInput{
			Run: b.Take(t, flow.ID, "worker:1"), Result: resultOf(by),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	move := func(states ...workflow.State) {
		t.Helper()
		for _, to := range states {
			_, err := b.Engine.Transition(ctx, b.Who, engine.TransitionInput{
				WorkflowID: flow.ID, From: b.state(t, flow.ID), To: to, Reason: "as the test says",
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	current := func(want string) {
		t.Helper()
		results, err := b.Engine.ICPs(ctx, b.Who, []uuid.UUID{flow.ID, uuid.New()})
		if err != nil {
			t.Fatal(err)
		}
		got := string(results[flow.ID].Content)
		if want != "" {
			want = string(resultOf(want).Content)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("the current result (-want +got):\n%s", diff)
		}
	}

	current("")
	run("first")
	current("first")
	move(workflow.ICPPending)
	current("")
	run("second")
	current("second")
	// A later step goes wrong and is done again: what was found before it stays.
	move(workflow.CompetitorPending, workflow.CompetitorProcessing, workflow.CompetitorCompleted)
	move(workflow.CompetitorPending)
	current("second")
	// A failure of a later step sends the work back to the first.
	move(workflow.CompetitorProcessing, workflow.CompetitorFailed, workflow.ICPPending)
	current("")
	run("third")
	current("third")
	move(workflow.Cancelled)
	current("third")
	if n := b.Count(t, `SELECT count(*) FROM step_results`); n != 3 {
		t.Errorf("results kept: got %d, want all 3", n)
	}
	if results, err := b.Engine.ICPs(ctx, b.Stranger(t), []uuid.UUID{flow.ID}); err != nil || len(results) != 0 {
		t.Errorf("for another organization: got %v, %v, want none", results, err)
	}
	b.Sound(t)
}

// A step of this program's workers is entered in the transaction that finishes the step before.
func TestFinish_EntersTheNextStep(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for name, c := range map[string]struct {
		drives []workflow.StepKey
		want   workflow.State
		jobs   int
	}{
		"DrivenOutside": {[]workflow.StepKey{workflow.StepICP}, workflow.ICPCompleted, 0},
		"DrivenByUs":    {[]workflow.StepKey{workflow.StepICP, workflow.StepCompetitor}, workflow.CompetitorPending, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setupWith(t, func(o *engine.Options) { o.Drives = c.drives })
			flow := b.Flow(t, workflow.ICPPending)
			run := b.Take(t, flow.ID, "worker:1")
			bill := settle(b.Call(t, run, cent), cent/2)
			moved, err := b.Engine.Finish(ctx, b.As("worker:1"), engine.FinishInput{
				Run: run, Result: resultOf("one"), Settle: &bill,
			})
			if err != nil || moved.Workflow.State != c.want || moved.Transition.To != c.want {
				t.Errorf("got %s by a transition to %s, %v, want %s", moved.Workflow.State, moved.Transition.To, err, c.want)
			}
			if got := len(b.Jobs.All()); got != c.jobs {
				t.Errorf("workers asked for: got %d, want %d", got, c.jobs)
			}
			b.paid(t, flow.ID, cent/2, 0)
			b.Sound(t)
		})
	}
}

// What cannot be kept leaves nothing behind: neither the transition nor the settlement.
func TestFinish_RefusesABadResult(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	flow := b.Flow(t, workflow.ICPPending)
	run := b.Take(t, flow.ID, "worker:1")
	bill := settle(b.Call(t, run, cent), cent/2)
	_, err := b.Engine.Finish(ctx, b.As("worker:1"), engine.FinishInput{
		Run: run, Result: engine.Result{Content: []byte(`no JSON`)}, Settle: &bill,
	})
	if err == nil || b.state(t, flow.ID) != workflow.ICPProcessing {
		t.Errorf("got %v in %s, want an error in ICP_PROCESSING", err, b.state(t, flow.ID))
	}
	b.paid(t, flow.ID, 0, cent)
	if _, err := b.Engine.Finish(ctx, b.As("worker:1"), engine.FinishInput{
		Run: run, Result: resultOf("one"), Settle: &bill,
	}); err != nil {
		t.Errorf("the same run again: %v", err)
	}
	b.paid(t, flow.ID, cent/2, 0)
	b.Sound(t)
}

func TestCreate_OneOfTwentyCallersGetsTheName(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	servers := b.servers(t)
	errs := testdb.Together(20, func(i int) error {
		_, err := servers[i%2].Create(ctx, b.Who, engine.CreateInput{
			Name: " Ein Name 🚀 ", Company: workflow.Company{Name: "会社", URL: "https://example.com/ü"},
		})
		return err
	})
	if got := kinds(errs); got[""] != 1 || got["DUPLICATE_NAME"] != 19 {
		t.Errorf("got %v, want 1 created and 19 refused", got)
	}
	if n := b.Count(t, `SELECT count(*) FROM usage_accounts`); n != 1 {
		t.Errorf("accounts: got %d, want 1", n)
	}
	b.Sound(t)
}
