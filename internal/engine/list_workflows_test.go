package engine_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// everyActivity makes workflows in all states, one that will be tried again, and one that waits for its next worker.
func everyActivity(t *testing.T, b bundle) {
	t.Helper()
	ctx := context.Background()
	for _, state := range workflow.States() {
		testdb.Workflow(t, b.DB, b.Who, testdb.WorkflowOpts{State: state})
	}
	again := testdb.Workflow(t, b.DB, b.Who, testdb.WorkflowOpts{State: workflow.ICPFailed})
	if _, err := b.Engine.RetryStep(ctx, b.Who, engine.RetryStepInput{WorkflowID: again.ID}); err != nil {
		t.Fatal(err)
	}
	worker := caller.Caller{Actor: "worker:one", OrganizationID: b.Who.OrganizationID, Role: caller.Operator}
	failed := testdb.Workflow(t, b.DB, worker, testdb.WorkflowOpts{State: workflow.ICPPending})
	taken, err := b.Engine.Take(ctx, worker, failed.ID)
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.Engine.FailRun(ctx, worker, engine.FailRunInput{Run: *taken.Run, Failure: workflow.FailureTimeout})
	if err != nil {
		t.Fatal(err)
	}
	human := workflow.GateHuman
	_, err = b.Engine.SetGates(ctx, b.Who, engine.SetGatesInput{Seeds: &human, Plan: &human, Publish: &human})
	if err != nil {
		t.Fatal(err)
	}
}

// The filter by activity chooses the workflows that show the activity.
func TestWorkflows_ByActivityAreThoseThatShowIt(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	everyActivity(t, b)
	all, err := b.Engine.Workflows(ctx, b.Who, engine.ListInput{First: engine.MaxPage})
	if err != nil {
		t.Fatal(err)
	}
	shown, err := b.Engine.Activities(ctx, b.Who, all)
	if err != nil {
		t.Fatal(err)
	}
	codes := []engine.ActivityCode{
		engine.NotStarted, engine.WaitingForWorker, engine.WaitingOutside, engine.AwaitingReview, engine.Running,
		engine.RetryScheduled, engine.Failed, engine.StepFinished, engine.Finished, engine.WasCancelled,
		engine.AwaitingPlanApproval, engine.AwaitingPublishApproval,
	}
	sets := [][]engine.ActivityCode{{engine.Failed, engine.AwaitingReview}, {engine.Failed, engine.RetryScheduled}, codes}
	for _, code := range codes {
		sets = append(sets, []engine.ActivityCode{code})
	}
	for _, set := range sets {
		var want []uuid.UUID
		for _, flow := range all {
			if slices.Contains(set, shown[flow.ID].Code) {
				want = append(want, flow.ID)
			}
		}
		filter := engine.Filter{Activities: set}
		got, err := b.Engine.Workflows(ctx, b.Who, engine.ListInput{Filter: filter, First: engine.MaxPage})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, idsOf(got)); diff != "" || len(want) == 0 {
			t.Errorf("%v, %d of them (-want +got):\n%s", set, len(want), diff)
		}
		if n, err := b.Engine.CountWorkflows(ctx, b.Who, filter); err != nil || n != len(want) {
			t.Errorf("%v: counted %d, %v, want %d", set, n, err, len(want))
		}
	}
}

func idsOf(flows []workflow.Workflow) []uuid.UUID {
	ids := make([]uuid.UUID, len(flows))
	for i, flow := range flows {
		ids[i] = flow.ID
	}
	return ids
}

func TestWorkflows_BySpendAndByTheirLastMove(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	var flows []uuid.UUID
	for _, cents := range []cost.Pico{2, 0, 3, 1} {
		flow := testdb.Workflow(t, b.DB, b.Who, testdb.WorkflowOpts{})
		flows = append(flows, flow.ID)
		if cents == 0 {
			continue
		}
		amount := cents * cent
		_, err := b.Engine.Record(ctx, b.Who, engine.RecordInput{
			WorkflowID:     flow.ID,
			Model:          "perplexity/sonar",
			Cost:           &amount,
			IdempotencyKey: flow.Name,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	bySpend := func(in engine.ListInput) (ids []uuid.UUID, last engine.WorkflowCursor) {
		t.Helper()
		in.OrderBy = engine.BySpend
		rows, err := b.Engine.WorkflowsBySpend(ctx, b.Who, in)
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range rows {
			ids = append(ids, row.Workflow.ID)
			last = engine.WorkflowCursor{Settled: row.Settled, ID: row.Workflow.ID}
		}
		return ids, last
	}
	want := []uuid.UUID{flows[1], flows[3], flows[0], flows[2]}
	for _, descending := range []bool{false, true} {
		first, last := bySpend(engine.ListInput{First: 3, Descending: descending})
		rest, _ := bySpend(engine.ListInput{First: 3, Descending: descending, After: &last})
		if diff := cmp.Diff(want, slices.Concat(first, rest)); diff != "" {
			t.Errorf("descending %t (-want +got):\n%s", descending, diff)
		}
		slices.Reverse(want)
	}
	dear, _ := bySpend(engine.ListInput{Filter: engine.Filter{SpendAtLeast: 2 * cent}, First: 10})
	if diff := cmp.Diff([]uuid.UUID{flows[0], flows[2]}, dear); diff != "" {
		t.Errorf("at least two cents (-want +got):\n%s", diff)
	}
	long := time.Now().Add(-time.Hour)
	if n, err := b.Engine.CountWorkflows(ctx, b.Who, engine.Filter{UpdatedBefore: &long}); err != nil || n != 0 {
		t.Errorf("not moved for an hour: got %d, %v, want none", n, err)
	}
	soon := time.Now().Add(time.Hour)
	if n, err := b.Engine.CountWorkflows(ctx, b.Who, engine.Filter{UpdatedBefore: &soon}); err != nil || n != len(flows) {
		t.Errorf("not moved since an hour from now: got %d, %v, want all", n, err)
	}
}

// A filter and a stored name have the same spelling.
func TestListWorkflows_FindsANameInAnySpelling(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	for _, name := range []string{"Zo\u00eb \u2764\ufe0f", "other"} {
		if _, err := b.Engine.Create(ctx, b.Who, engine.CreateInput{
			Name: name, Company: workflow.Company{Name: "Example", URL: "https://example.com"},
		}); err != nil {
			t.Fatal(err)
		}
	}
	for _, text := range []string{"zoe\u0308", "\u2764", "\u2764\ufe0f", "\u00eb\u00a0\u2764", " Zo\u00eb  \u2764 "} {
		n, err := b.Engine.CountWorkflows(ctx, b.Who, engine.Filter{NameContains: text})
		if err != nil || n != 1 {
			t.Errorf("%q: got %d, %v, want 1", text, n, err)
		}
	}
	// A text of which nothing is left must not choose every workflow.
	for _, text := range []string{" ", "\ufe0f"} {
		_, err := b.Engine.CountByState(ctx, b.Who, engine.Filter{NameContains: text})
		if fault.KindOf(err) != fault.InvalidInput {
			t.Errorf("%q: got %v, want INVALID_INPUT", text, err)
		}
	}
}
