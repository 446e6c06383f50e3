package workflow_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/infin8content/engine/internal/workflow"
)

var ignoreOrder = cmpopts.SortSlices(func(a, b workflow.State) bool { return a < b })

func TestStepOf_FindsStepsByKey(t *testing.T) {
	t.Parallel()
	for i, want := range workflow.Steps() {
		if want.Number != i+1 || string(want.Key) != stepNames[i] {
			t.Errorf("step %d: got %d %s, want %s", i+1, want.Number, want.Key, stepNames[i])
		}
		got, known := workflow.StepOf(want.Key)
		if diff := cmp.Diff(want, got); diff != "" || !known {
			t.Errorf("StepOf(%s): got known %t (-want +got):\n%s", want.Key, known, diff)
		}
	}
	for _, key := range []workflow.StepKey{"", "icp", "SEED"} {
		if step, known := workflow.StepOf(key); known {
			t.Errorf("StepOf(%q): got %v, want none", key, step)
		}
	}
}

func TestStep_OwnsTheStatesOfItsName(t *testing.T) {
	t.Parallel()
	for _, step := range workflow.Steps() {
		count := 4
		if step.Kind == workflow.Human {
			count = 2
		}
		states := step.States()
		if len(states) != count {
			t.Errorf("states of %s: got %v, want %d", step.Key, states, count)
		}
		for _, state := range states {
			if number, _ := parts(string(state)); number != step.Number {
				t.Errorf("%s owns %s, want only states of its name", step.Key, state)
			}
		}
	}
}

func TestResetTargets_ArePendingStatesUpToTheStep(t *testing.T) {
	t.Parallel()
	want := []workflow.State{
		"ICP_PENDING", "COMPETITOR_PENDING", "SEED_REVIEW_PENDING", "CLUSTERING_PENDING",
		"VALIDATION_PENDING", "ARTICLE_PENDING", "PUBLISH_PENDING",
	}
	for _, step := range workflow.Steps() {
		got := workflow.ResetTargets(step.Key)
		if diff := cmp.Diff(want[:step.Number], got); diff != "" {
			t.Errorf("targets of %s (-want +got):\n%s", step.Key, diff)
		}
		// From the completed step the graph resets to exactly these.
		var edges []workflow.State
		for _, edge := range workflow.Edges() {
			if edge.From == step.Completed && edge.Kind == workflow.Reset {
				edges = append(edges, edge.To)
			}
		}
		if !slices.Equal(edges, got) {
			t.Errorf("RESET edges from %s: got %v, want %v", step.Completed, edges, got)
		}
	}
	if got := workflow.ResetTargets("REVIEW"); got != nil {
		t.Errorf("targets of an unknown step: got %v, want none", got)
	}
}
