package workflow_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/infin8content/engine/internal/workflow"
)

// answers are all that is computed from a state, written by hand. Open is the number of the last step that can be
// opened.
type answers struct {
	Step     int
	Status   workflow.Status
	Progress int
	Open     int
}

var byHand = map[workflow.State]answers{
	"CREATED": {1, "CREATED", 0, 1},

	"ICP_PENDING":    {1, "PENDING", 0, 1},
	"ICP_PROCESSING": {1, "PROCESSING", 0, 1},
	"ICP_COMPLETED":  {1, "STEP_COMPLETED", 14, 2},
	"ICP_FAILED":     {1, "FAILED", 0, 1},

	"COMPETITOR_PENDING":    {2, "PENDING", 14, 2},
	"COMPETITOR_PROCESSING": {2, "PROCESSING", 14, 2},
	"COMPETITOR_COMPLETED":  {2, "STEP_COMPLETED", 28, 3},
	"COMPETITOR_FAILED":     {2, "FAILED", 14, 2},

	"SEED_REVIEW_PENDING":   {3, "AWAITING_REVIEW", 28, 3},
	"SEED_REVIEW_COMPLETED": {3, "STEP_COMPLETED", 42, 4},

	"CLUSTERING_PENDING":    {4, "PENDING", 42, 4},
	"CLUSTERING_PROCESSING": {4, "PROCESSING", 42, 4},
	"CLUSTERING_COMPLETED":  {4, "STEP_COMPLETED", 57, 5},
	"CLUSTERING_FAILED":     {4, "FAILED", 42, 4},

	"VALIDATION_PENDING":    {5, "PENDING", 57, 5},
	"VALIDATION_PROCESSING": {5, "PROCESSING", 57, 5},
	"VALIDATION_COMPLETED":  {5, "STEP_COMPLETED", 71, 6},
	"VALIDATION_FAILED":     {5, "FAILED", 57, 5},

	"ARTICLE_PENDING":    {6, "PENDING", 71, 6},
	"ARTICLE_PROCESSING": {6, "PROCESSING", 71, 6},
	"ARTICLE_COMPLETED":  {6, "STEP_COMPLETED", 85, 7},
	"ARTICLE_FAILED":     {6, "FAILED", 71, 6},

	"PUBLISH_PENDING":    {7, "PENDING", 85, 7},
	"PUBLISH_PROCESSING": {7, "PROCESSING", 85, 7},
	"PUBLISH_COMPLETED":  {7, "STEP_COMPLETED", 100, 7},
	"PUBLISH_FAILED":     {7, "FAILED", 85, 7},

	"COMPLETED": {7, "COMPLETED", 100, 7},
	"CANCELLED": {0, "CANCELLED", 0, 0},
}

func TestState_ComputesAllFieldsForEveryState(t *testing.T) {
	t.Parallel()
	got := map[workflow.State]answers{}
	for _, state := range workflow.States() {
		flow := workflow.Workflow{State: state}
		answer := answers{Status: flow.Status(), Progress: flow.Progress()}
		if step := flow.Step(); step != nil {
			answer.Step = step.Number
		}
		for _, step := range workflow.Steps() {
			if flow.CanAccessStep(step.Key) {
				if step.Number != answer.Open+1 {
					t.Errorf("%s: step %d can be opened, but not the one before", state, step.Number)
				}
				answer.Open = step.Number
			}
		}
		got[state] = answer

		next := []workflow.State{} // never nil: a list of the API
		for _, to := range allStateNames() {
			if ruled(string(state), to) != "" {
				next = append(next, workflow.State(to))
			}
		}
		if diff := cmp.Diff(next, flow.NextStates(), ignoreOrder); diff != "" {
			t.Errorf("next states of %s (-want +got):\n%s", state, diff)
		}
		if got, want := flow.IsTerminal(), len(next) == 0; got != want {
			t.Errorf("%s is terminal: got %t, want %t", state, got, want)
		}
	}
	if diff := cmp.Diff(byHand, got); diff != "" {
		t.Errorf("answers (-want +got):\n%s", diff)
	}
}

func TestStates_AreTheTwentyNineOfTheGraph(t *testing.T) {
	t.Parallel()
	var names []string
	for _, state := range workflow.States() {
		names = append(names, string(state))
		if !state.Known() {
			t.Errorf("%s: got unknown, want known", state)
		}
	}
	if len(names) != 29 {
		t.Errorf("states: got %d, want 29", len(names))
	}
	if diff := cmp.Diff(allStateNames(), names); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
}

func TestStatuses_AreEachUsedByAState(t *testing.T) {
	t.Parallel()
	used := map[workflow.Status]bool{}
	for _, state := range workflow.States() {
		used[state.Status()] = true
	}
	for _, status := range workflow.Statuses() {
		if !used[status] {
			t.Errorf("no state has the status %s", status)
		}
		delete(used, status)
	}
	if len(used) > 0 {
		t.Errorf("statuses that are not listed: %v", used)
	}
}

func TestState_ComputesAllFieldsForUnknownText(t *testing.T) {
	t.Parallel()
	for _, state := range []workflow.State{"", "icp_pending", "SEED_REVIEW_PROCESSING"} {
		if state.Known() || state.IsTerminal() || state.Step() != nil || state.Status() != "" ||
			state.Progress() != 0 || len(state.NextStates()) != 0 || state.CanAccessStep(workflow.StepICP) {
			t.Errorf("%q: got an answer of a state, want none", state)
		}
	}
	if workflow.Completed.CanAccessStep("") || workflow.Completed.CanAccessStep("REVIEW") {
		t.Error("an unknown step can be opened, want not")
	}
}

func TestAccessors_ReturnCopies(t *testing.T) {
	t.Parallel()
	workflow.States()[0] = "X"
	workflow.Steps()[0].Key = "X"
	workflow.Edges()[0].To = "X"
	workflow.Created.Step().Key = "X"
	workflow.Created.NextStates()[0] = "X"
	workflow.Table().Edges[workflow.Created][0].To = "X"
	workflow.ResetTargets(workflow.StepICP)[0] = "X"
	if err := sound().Check(); err != nil {
		t.Errorf("the graph was changed from outside: %v", err)
	}
}
