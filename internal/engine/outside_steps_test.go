package engine_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/workflow"
)

func TestFailStep_HasThePolicyOfTheEngine(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	b.setOutside(t, workflow.StepICP)
	flow := b.Flow(t, workflow.ICPPending)
	who := b.worker("one")
	in := engine.FailStepInput{WorkflowID: flow.ID, Failure: workflow.FailureRateLimited, RetryAfterSeconds: 60}
	for attempt := range 3 {
		items := b.claim(t, who, 1)
		if len(items) != 1 || items[0].Run.Attempt != attempt+1 {
			t.Fatalf("attempt %d: got %+v", attempt+1, items)
		}
		in.Token = items[0].Run.Token
		for _, replayed := range []bool{false, true} {
			failed, err := b.Engine.FailStep(ctx, who, in)
			if err != nil || failed.Replayed != replayed || failed.Workflow.State != workflow.ICPFailed {
				t.Fatalf("got %+v, %v, want a failure, replayed %t", failed, err, replayed)
			}
		}
		if early := b.claim(t, who, 1); len(early) != 0 {
			t.Errorf("before the wait ends: got %+v, want nothing", early)
		}
		b.Clock.Advance(time.Minute)
		if n, err := b.Engine.SweepRuns(ctx); n != 0 || err != nil {
			t.Errorf("sweep: got %d, %v, want 0", n, err)
		}
	}
	if after := b.claim(t, who, 1); len(after) != 0 {
		t.Errorf("after the last attempt: got %+v, want nothing", after)
	}
	// A person begins a new run, which waits for a claim.
	retried, err := b.Engine.RetryStep(ctx, b.Who, engine.RetryStepInput{WorkflowID: flow.ID})
	if err != nil {
		t.Fatal(err)
	}
	steps, err := b.Engine.AvailableWork(ctx, who, nil)
	if diff := cmp.Diff([]workflow.StepKey{workflow.StepICP}, steps); diff != "" || err != nil {
		t.Errorf("available (-want +got):\n%s%v", diff, err)
	}
	items := b.claim(t, who, 1)
	if len(items) != 1 || items[0].Run.Token != retried.Workflow.Version || items[0].Run.Worker != "one" {
		t.Errorf("the run of a person: got %+v, want it", items)
	}
	for field, bad := range map[string]engine.FailStepInput{
		"failureCode": {Failure: workflow.FailureLeaseExpired},
		"retryAfter":  {Failure: workflow.FailureTimeout, RetryAfterSeconds: -1},
	} {
		bad.WorkflowID, bad.Token = flow.ID, items[0].Run.Token
		_, err := b.Engine.FailStep(ctx, who, bad)
		if fault.KindOf(err) != fault.InvalidInput || fault.FieldOf(err)[0] != field {
			t.Errorf("%s: got %v, want INVALID_INPUT", field, err)
		}
	}
	b.Sound(t)
}

func TestSetOutsideSteps_MovesWorkBetweenPrograms(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	flow := b.Flow(t, workflow.Created)
	if _, err := b.Engine.GenerateICP(ctx, b.Who, engine.GenerateICPInput{WorkflowID: flow.ID}); err != nil {
		t.Fatal(err)
	}
	b.setOutside(t, workflow.StepICP)
	taken, err := b.Engine.Take(ctx, b.As("worker:1"), flow.ID)
	if err != nil || taken.Run != nil {
		t.Errorf("a worker of the engine: got %+v, %v, want nothing", taken, err)
	}
	b.Clock.Advance(time.Minute)
	if n, err := b.Engine.SweepRuns(ctx); n != 0 || err != nil {
		t.Errorf("sweep: got %d, %v, want 0", n, err)
	}
	activities, err := b.Engine.Activities(ctx, b.Who, []workflow.Workflow{taken.Workflow})
	if got := activities[flow.ID].Code; err != nil || got != engine.WaitingOutside {
		t.Errorf("activity: got %s, %v", got, err)
	}
	b.setOutside(t)
	if n, err := b.Engine.SweepRuns(ctx); n != 1 || err != nil {
		t.Errorf("sweep: got %d, %v, want the workflow", n, err)
	}
	b.Take(t, flow.ID, "worker:1")
	_, err = b.Engine.SetOutsideSteps(ctx, b.Who, engine.SetOutsideStepsInput{
		Steps: []workflow.StepKey{workflow.StepSeedReview},
	})
	if fault.KindOf(err) != fault.InvalidInput {
		t.Errorf("a step for people: got %v, want INVALID_INPUT", err)
	}
	steps, err := b.Engine.OutsideSteps(ctx, b.Who)
	if err != nil || steps.Version != 1 || len(steps.Steps) != 0 {
		t.Errorf("setting: got %+v, %v, want the second version", steps, err)
	}
	b.Sound(t)
}
