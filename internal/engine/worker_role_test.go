package engine_test

import (
	"context"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// worker returns a caller of the organization with the role WORKER.
func (b bundle) worker(actor string) caller.Caller {
	who := b.As(actor)
	who.Role = caller.Worker
	return who
}

// Of all edges of the graph, a worker may take those from a pending to a processing state and the ends of its own runs.
func TestTransition_AWorkerTakesOnlyItsEdges(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	one, other := b.worker("one"), b.worker("other")
	permitted := 0
	for _, from := range workflow.States() {
		for _, to := range workflow.States() {
			if _, err := workflow.CheckEdge(from, to); err != nil {
				continue
			}
			starts := strings.HasSuffix(string(from), "_PENDING") && strings.HasSuffix(string(to), "_PROCESSING")
			ends := strings.HasSuffix(string(from), "_PROCESSING") && (to == from.Step().Completed || to == from.Step().Failed)
			if starts || ends {
				permitted++
				continue
			}
			flow := b.Flow(t, from)
			before := testdb.Contents(t, b.DB, b.Who.OrganizationID)
			_, err := b.Engine.Transition(ctx, one, engine.TransitionInput{WorkflowID: flow.ID, From: from, To: to})
			if fault.KindOf(err) != fault.NotFound {
				t.Errorf("%s to %s out of reach: got %v, want NOT_FOUND", from, to, err)
			}
			bound := one
			bound.WorkflowID = flow.ID
			_, err = b.Engine.Transition(ctx, bound, engine.TransitionInput{WorkflowID: flow.ID, From: from, To: to})
			if fault.KindOf(err) != fault.Forbidden || !strings.Contains(err.Error(), "OPERATE") {
				t.Errorf("%s to %s: got %v, want FORBIDDEN", from, to, err)
			}
			if diff := cmp.Diff(before, testdb.Contents(t, b.DB, b.Who.OrganizationID)); diff != "" {
				t.Errorf("%s to %s has changed rows (-before +after):\n%s", from, to, diff)
			}
		}
	}
	if permitted != 3*6 {
		t.Errorf("got %d edges for a worker, want three of each automatic step", permitted)
	}

	flow := b.Flow(t, workflow.ICPPending)
	one.WorkflowID, other.WorkflowID = flow.ID, flow.ID
	begun, err := b.Engine.Transition(ctx, one, engine.TransitionInput{
		WorkflowID: flow.ID, From: workflow.ICPPending, To: workflow.ICPProcessing,
	})
	if err != nil {
		t.Fatal(err)
	}
	token, wrong := begun.Workflow.Version, begun.Workflow.Version-1
	for _, to := range []workflow.State{workflow.ICPCompleted, workflow.ICPFailed} {
		end := engine.TransitionInput{WorkflowID: flow.ID, From: workflow.ICPProcessing, To: to}
		for _, version := range []*int{nil, &token} {
			end.Version = version
			if _, err := b.Engine.Transition(ctx, other, end); fault.KindOf(err) != fault.Forbidden {
				t.Errorf("the end %s of another worker's run: got %v, want FORBIDDEN", to, err)
			}
		}
		end.Version = &wrong
		for _, who := range []caller.Caller{one, other} {
			if _, err := b.Engine.Transition(ctx, who, end); fault.KindOf(err) != fault.StaleState {
				t.Errorf("the end %s with a wrong token: got %v, want STALE_STATE", to, err)
			}
		}
	}
	end := engine.TransitionInput{
		WorkflowID: flow.ID, From: workflow.ICPProcessing, To: workflow.ICPCompleted, IdempotencyKey: "once",
	}
	for _, replayed := range []bool{false, true} {
		if made, err := b.Engine.Transition(ctx, one, end); err != nil || made.Replayed != replayed {
			t.Errorf("the end of its own run: got %+v, %v, want replayed %t", made, err, replayed)
		}
	}
	end.IdempotencyKey = ""
	if _, err := b.Engine.Transition(ctx, one, end); fault.KindOf(err) != fault.StaleState {
		t.Errorf("a second end: got %v, want STALE_STATE", err)
	}
	stranger := b.Stranger(t)
	stranger.Role = caller.Worker
	if _, err := b.Engine.Transition(ctx, stranger, end); fault.KindOf(err) != fault.NotFound {
		t.Errorf("a worker of another organization: got %v, want NOT_FOUND", err)
	}
	b.Sound(t)
}

// A role that only reads has no edge at all.
func TestTransition_AReaderTakesNoEdge(t *testing.T) {
	t.Parallel()
	b := setup(t)
	flow := b.Flow(t, workflow.ICPPending)
	for _, role := range []caller.Role{caller.Viewer, caller.Auditor, caller.Finance} {
		who := b.As("reader")
		who.Role = role
		_, err := b.Engine.Transition(context.Background(), who, engine.TransitionInput{
			WorkflowID: flow.ID, From: workflow.ICPPending, To: workflow.ICPProcessing,
		})
		if fault.KindOf(err) != fault.Forbidden {
			t.Errorf("%q: got %v, want FORBIDDEN", role, err)
		}
	}
}

func TestCall_AWorkerSeesAndEndsOnlyItsOwn(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	one, other := b.worker("one"), b.worker("other")
	b.setOutside(t, workflow.StepICP)
	flow := b.Flow(t, workflow.ICPPending)
	amount, token := cent, b.claim(t, one, 1)[0].Run.Token
	reserve := func(who caller.Caller) engine.Charged {
		t.Helper()
		charged, err := b.Engine.Reserve(ctx, who, engine.ReserveInput{
			WorkflowID: flow.ID, Amount: &amount, Fence: &token,
		})
		if err != nil {
			t.Fatal(err)
		}
		return charged
	}
	settled, released := reserve(one).Call, reserve(one).Call
	before := testdb.Contents(t, b.DB, b.Who.OrganizationID)
	for _, call := range []cost.Call{settled, released} {
		_, read := b.Engine.Call(ctx, other, call.ID)
		_, settle := b.Engine.Settle(ctx, other, settle(call, cent))
		_, release := b.Engine.Release(ctx, other, engine.ReleaseInput{CallID: call.ID})
		for verb, err := range map[string]error{"read": read, "settle": settle, "release": release} {
			if fault.KindOf(err) != fault.NotFound {
				t.Errorf("%s another actor's call: got %v, want NOT_FOUND", verb, err)
			}
		}
	}
	if diff := cmp.Diff(before, testdb.Contents(t, b.DB, b.Who.OrganizationID)); diff != "" {
		t.Errorf("rows have changed (-before +after):\n%s", diff)
	}
	if _, err := b.Engine.Call(ctx, one, settled.ID); err != nil {
		t.Errorf("its own call: %v", err)
	}
	if _, err := b.Engine.Settle(ctx, one, settle(settled, cent)); err != nil {
		t.Errorf("settle its own call: %v", err)
	}
	if _, err := b.Engine.Release(ctx, one, engine.ReleaseInput{CallID: released.ID}); err != nil {
		t.Errorf("release its own call: %v", err)
	}
	if _, err := b.Engine.Settle(ctx, b.Who, settle(reserve(one).Call, cent)); err != nil {
		t.Errorf("an administrator settles the call of a worker: %v", err)
	}
	b.Sound(t)
}

// A filter by actor would show a viewer the author of a workflow.
func TestWorkflows_AFilterByActorNeedsThePermission(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	b.Flow(t, workflow.ICPPending)
	for _, role := range caller.Roles() {
		who := b.As("reader")
		who.Role = role
		filter := engine.Filter{CreatedBy: b.Who.Actor}
		_, list := b.Engine.Workflows(ctx, who, engine.ListInput{Filter: filter, First: 1})
		_, count := b.Engine.CountWorkflows(ctx, who, filter)
		for _, err := range []error{list, count} {
			if got := fault.KindOf(err) == fault.Forbidden; got == role.Has(caller.Actors) {
				t.Errorf("%s: got %v", role, err)
			}
		}
	}
}
