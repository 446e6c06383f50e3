package steps_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/llm/sandbox"
	"github.com/infin8content/engine/internal/workflow"
)

// onward takes a workflow from any state to its article plan: it runs what is pending and approves the keywords.
func (b *bundle) onward(t *testing.T) {
	t.Helper()
	ctx := context.Background()
	for range 20 {
		flow, err := b.engine.Workflow(ctx, b.who, b.flow.ID)
		if err != nil {
			t.Fatal(err)
		}
		switch flow.State {
		case workflow.ValidationCompleted:
			return
		case workflow.SeedReviewPending:
			var ids []uuid.UUID
			for _, k := range b.keywords(t)[:6] {
				ids = append(ids, k.ID)
			}
			decided, err := b.engine.DecideKeywords(ctx, b.who, engine.DecideKeywordsInput{
				WorkflowID: flow.ID, IDs: ids, Choice: content.ChoiceSelected,
			})
			if err != nil {
				t.Fatal(err)
			}
			_, err = b.engine.ApproveSeeds(ctx, b.who, engine.ApproveSeedsInput{
				WorkflowID: flow.ID, ExpectedVersion: flow.Version, SelectionDigest: decided.Selection.Digest[:],
			})
			if err != nil {
				t.Fatal(err)
			}
		default:
			b.next(t)
		}
	}
	t.Fatal("the workflow does not reach its article plan")
}

// From each state that a workflow can rest in, a RESET to each earlier step leads to a plan again, and the results of
// the step and of all later ones stop being current.
func TestReset_ToEveryStepFromEveryRestingState(t *testing.T) {
	t.Parallel()
	rest := map[workflow.State]func(*bundle){
		workflow.SeedReviewPending: func(b *bundle) { b.next(t); b.next(t) },
		workflow.ClusteringFailed: func(b *bundle) {
			b.approveSeeds(t, 6)
			b.sandbox.Next(sandbox.Status(401, ""))
			b.next(t)
		},
		workflow.ValidationFailed: func(b *bundle) {
			b.approveSeeds(t, 6)
			b.next(t)
			b.sandbox.Next(sandbox.Status(401, ""))
			b.next(t)
		},
		workflow.ValidationCompleted: func(b *bundle) { b.toPlan(t) },
	}
	for state, reach := range rest {
		for _, step := range workflow.Steps() {
			kind, err := workflow.CheckEdge(state, step.Pending)
			if err != nil || kind != workflow.Reset {
				continue
			}
			t.Run(string(state)+"To"+string(step.Key), func(t *testing.T) {
				t.Parallel()
				b := setup(t, options{drives: fourSteps()})
				reach(&b)
				_, err := b.engine.Transition(context.Background(), b.who, engine.TransitionInput{
					WorkflowID: b.flow.ID, From: state, To: step.Pending, Reason: "Once more.",
				})
				if err != nil {
					t.Fatal(err)
				}
				if step.Number <= 4 && len(b.clustering(t).Keywords) > 0 || len(b.plan(t).Items) > 0 ||
					step.Number <= 2 && len(b.keywords(t)) > 0 {
					t.Errorf("after a reset to %s there are still results of it or of later steps", step.Key)
				}
				b.later.Store(int64(time.Minute))
				b.onward(t)
				if len(b.plan(t).Items) == 0 {
					t.Error("the second plan is empty")
				}
				b.audit(t)
			})
		}
	}
}
