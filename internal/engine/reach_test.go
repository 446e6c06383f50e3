package engine_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// A worker reaches the workflows of its runs, and no other one.
func TestReach_AWorkerSeesOnlyItsRuns(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	b.setOutside(t, workflow.StepICP)
	other := b.Flow(t, workflow.ICPPending)
	b.claim(t, b.worker("other"), 1)
	mine := b.Flow(t, workflow.ICPPending)
	who := b.worker("one")
	run := b.claim(t, who, 1)[0].Run
	stranger := b.Reserve(t, other, cent)
	list := func() (ids []uuid.UUID) {
		t.Helper()
		flows, err := b.Engine.Workflows(ctx, who, engine.ListInput{First: 10})
		if err != nil {
			t.Fatal(err)
		}
		for _, flow := range flows {
			ids = append(ids, flow.ID)
		}
		if n, err := b.Engine.CountWorkflows(ctx, who, engine.Filter{}); err != nil || n != len(flows) {
			t.Errorf("count: got %d, %v, want %d", n, err, len(flows))
		}
		return ids
	}
	if diff := cmp.Diff([]uuid.UUID{mine.ID}, list()); diff != "" {
		t.Errorf("list (-want +got):\n%s", diff)
	}
	before := testdb.Contents(t, b.DB, b.Who.OrganizationID)
	amount, token := cent, run.Token
	for name, err := range map[string]error{
		"workflow":   second(b.Engine.Workflow(ctx, who, other.ID)),
		"transition": second(b.Engine.TransitionAt(ctx, who, other.ID, 0)),
		"entry":      second(b.Engine.EntryAt(ctx, who, other.ID, 0)),
		"call":       second(b.Engine.Call(ctx, who, stranger.ID)),
		"reserve": second(b.Engine.Reserve(ctx, who, engine.ReserveInput{
			WorkflowID: other.ID, Amount: &amount, Fence: &token,
		})),
		"settle":  second(b.Engine.Settle(ctx, who, settle(stranger, cent))),
		"release": second(b.Engine.Release(ctx, who, engine.ReleaseInput{CallID: stranger.ID})),
		"complete": second(b.Engine.CompleteStep(ctx, who, engine.CompleteStepInput{
			WorkflowID: other.ID, Token: run.Token, Result: profile(),
		})),
		"limit": b.Engine.Within(ctx, who, engine.SetWorkflowLimitInput{WorkflowID: other.ID}),
		"renew": b.Engine.Within(ctx, who, engine.RenewLeaseInput{WorkflowID: other.ID}),
	} {
		if fault.KindOf(err) != fault.NotFound {
			t.Errorf("%s of another run's workflow: got %v, want NOT_FOUND", name, err)
		}
	}
	if diff := cmp.Diff(before, testdb.Contents(t, b.DB, b.Who.OrganizationID)); diff != "" {
		t.Errorf("rows have changed (-before +after):\n%s", diff)
	}
	_, err := b.Engine.Reserve(ctx, who, engine.ReserveInput{WorkflowID: mine.ID, Amount: &amount})
	if fault.KindOf(err) != fault.InvalidInput || fault.FieldOf(err)[0] != "token" {
		t.Errorf("a reservation without a token: got %v, want INVALID_INPUT", err)
	}
	_, err = b.Engine.Reserve(ctx, who, engine.ReserveInput{
		WorkflowID: mine.ID, Step: workflow.StepArticle, Amount: &amount, Fence: &token,
	})
	if fault.KindOf(err) != fault.InvalidInput || fault.FieldOf(err)[0] != "step" {
		t.Errorf("a reservation for another step than the run's: got %v, want INVALID_INPUT", err)
	}
	// A reservation that an earlier program made for another step is still replayed.
	kept := engine.ReserveInput{
		WorkflowID: mine.ID, Step: workflow.StepICP, Amount: &amount, Fence: &token, IdempotencyKey: "first",
	}
	first, err := b.Engine.Reserve(ctx, who, kept)
	if err != nil {
		t.Fatal(err)
	}
	kept.Step, kept.IdempotencyKey = workflow.StepArticle, ""
	b.plantKey(t, "reserveUsage", kept)
	kept.IdempotencyKey = "old"
	again, err := b.Engine.Reserve(ctx, who, kept)
	if err != nil || !again.Replayed || again.Call.ID != first.Call.ID {
		t.Errorf("a replay with another step: got %+v, %v, want the call", again, err)
	}
	late, err := b.Engine.Reserve(ctx, who, engine.ReserveInput{WorkflowID: mine.ID, Amount: &amount, Fence: &token})
	if err != nil {
		t.Fatal(err)
	}
	b.Clock.Advance(time.Minute)
	if _, err := b.Engine.SweepRuns(ctx); err != nil {
		t.Fatal(err)
	}
	_, err = b.Engine.Reserve(ctx, who, engine.ReserveInput{WorkflowID: mine.ID, Amount: &amount, Fence: &token})
	if fault.KindOf(err) != fault.LostRun {
		t.Errorf("a reservation for a lost run: got %v, want LOST_RUN", err)
	}
	if _, err := b.Engine.Settle(ctx, who, settle(late.Call, cent)); err != nil {
		t.Errorf("a late call of its own: %v", err)
	}
	if got := list(); len(got) != 0 {
		t.Errorf("list after the run: got %v, want nothing", got)
	}
	b.Sound(t)
}

// A key for one workflow reaches that one, whatever its role.
func TestReach_AKeyForOneWorkflowReachesNoOther(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	mine, other := b.Flow(t, workflow.Created), b.Flow(t, workflow.Created)
	made, err := b.Engine.CreateAPIKey(ctx, b.Who, engine.CreateAPIKeyInput{
		Name: "one job", Role: caller.Admin, ExpiresAt: b.Clock.Now().Add(time.Hour), Workflow: &mine.ID,
	})
	if err != nil || made.Key.WorkflowID != mine.ID {
		t.Fatalf("create: got %+v, %v", made, err)
	}
	who, _, err := b.Engine.APIKeyCaller(ctx, made.Text)
	if err != nil || who.WorkflowID != mine.ID {
		t.Fatalf("caller: got %+v, %v, want one workflow", who, err)
	}
	flows, err := b.Engine.Workflows(ctx, who, engine.ListInput{First: 10})
	if err != nil || len(flows) != 1 || flows[0].ID != mine.ID {
		t.Errorf("list: got %+v, %v, want one", flows, err)
	}
	if _, err := b.Engine.Workflow(ctx, who, other.ID); fault.KindOf(err) != fault.NotFound {
		t.Errorf("another workflow: got %v, want NOT_FOUND", err)
	}
	for want, input := range map[fault.Kind]any{
		fault.NotFound:  engine.CancelInput{WorkflowID: other.ID},
		fault.Forbidden: engine.SetMonthlyLimitInput{},
		"":              engine.CancelInput{WorkflowID: mine.ID},
	} {
		if err := b.Engine.Within(ctx, who, input); fault.KindOf(err) != want {
			t.Errorf("%T: got %v, want %s", input, err, want)
		}
	}
	missing := uuid.New()
	_, err = b.Engine.CreateAPIKey(ctx, b.Who, engine.CreateAPIKeyInput{
		Name: "no job", Role: caller.Viewer, ExpiresAt: b.Clock.Now().Add(time.Hour), Workflow: &missing,
	})
	if fault.KindOf(err) != fault.NotFound || fault.FieldOf(err)[0] != "workflowId" {
		t.Errorf("a key for no workflow: got %v, want NOT_FOUND", err)
	}
	b.Sound(t)
}

// second returns the error of an answer.
func second[T any](_ T, err error) error { return err }
