package workflow_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/workflow"
)

// The rules of the graph in words, written apart from the table: by the parts of a state's name.

var stepNames = []string{"ICP", "COMPETITOR", "SEED_REVIEW", "CLUSTERING", "VALIDATION", "ARTICLE", "PUBLISH"}

// parts splits "ICP_FAILED" into 1 and "FAILED"; the global states have the number 0.
func parts(state string) (number int, phase string) {
	for i, name := range stepNames {
		if rest, ok := strings.CutPrefix(state, name+"_"); ok {
			return i + 1, rest
		}
	}
	return 0, state
}

// allStateNames builds the 29 names from the names of the steps.
func allStateNames() []string {
	names := []string{"CREATED"}
	for _, step := range stepNames {
		phases := []string{"PENDING", "PROCESSING", "COMPLETED", "FAILED"}
		if step == "SEED_REVIEW" {
			phases = []string{"PENDING", "COMPLETED"}
		}
		for _, phase := range phases {
			names = append(names, step+"_"+phase)
		}
	}
	return append(names, "COMPLETED", "CANCELLED")
}

// ruled returns the kind of the edge that the rules demand between two states, or "".
func ruled(from, to string) workflow.EdgeKind {
	n, phase := parts(from)
	k, next := parts(to)
	const human = 3
	switch {
	case n == 0 && phase != "CREATED":
		return "" // terminal
	case to == "CANCELLED":
		return workflow.Cancel
	case from == "CREATED" && to == "ICP_PENDING",
		n == k && n != human && phase == "PENDING" && next == "PROCESSING",
		n == k && n != human && phase == "PROCESSING" && next == "COMPLETED",
		n == k && n == human && phase == "PENDING" && next == "COMPLETED",
		n > 0 && k == n+1 && phase == "COMPLETED" && next == "PENDING",
		from == "PUBLISH_COMPLETED" && to == "COMPLETED":
		return workflow.Advance
	case n == k && phase == "PROCESSING" && next == "FAILED":
		return workflow.Fail
	case n == k && phase == "FAILED" && next == "PROCESSING":
		return workflow.Retry
	case n > 0 && k > 0 && next == "PENDING" && phase == "COMPLETED" && k <= n,
		n > 0 && k > 0 && next == "PENDING" && (phase == "FAILED" || from == "SEED_REVIEW_PENDING") && k < n:
		return workflow.Reset
	}
	return ""
}

func TestCheckEdge_ForEveryPairOfStates(t *testing.T) {
	t.Parallel()
	names := allStateNames()
	pairs, byKind := 0, map[workflow.EdgeKind]int{}
	for _, from := range names {
		for _, to := range names {
			pairs++
			want := ruled(from, to)
			got, err := workflow.CheckEdge(workflow.State(from), workflow.State(to))
			if got != want || (err == nil) != (want != "") {
				t.Errorf("CheckEdge(%s, %s): got %q, %v, want %q", from, to, got, err, want)
			}
			if want != "" {
				byKind[want]++
				continue
			}
			kind := fault.IllegalTransition
			if from == "COMPLETED" || from == "CANCELLED" {
				kind = fault.TerminalState
			}
			if got := fault.KindOf(err); got != kind {
				t.Errorf("CheckEdge(%s, %s): got an error of kind %s, want %s", from, to, got, kind)
			}
		}
	}
	if pairs != 841 {
		t.Errorf("pairs: got %d, want 841", pairs)
	}
	want := map[workflow.EdgeKind]int{"ADVANCE": 21, "FAIL": 6, "RETRY": 6, "CANCEL": 27, "RESET": 49}
	if diff := cmp.Diff(want, byKind); diff != "" {
		t.Errorf("edges by kind (-want +got):\n%s", diff)
	}
}

func TestEdges_ListsEachEdgeOnceInOrder(t *testing.T) {
	t.Parallel()
	all := workflow.Edges()
	if len(all) != 109 {
		t.Errorf("edges: got %d, want 109", len(all))
	}
	seen, states, last := map[string]bool{}, workflow.States(), 0
	for _, edge := range all {
		name := fmt.Sprint(edge.From, edge.To)
		if seen[name] {
			t.Errorf("%s → %s is listed twice", edge.From, edge.To)
		}
		seen[name] = true
		position := slices.Index(states, edge.From)
		if position < last {
			t.Errorf("%s comes after a later state", edge.From)
		}
		last = position
		if kind, err := workflow.CheckEdge(edge.From, edge.To); err != nil || kind != edge.Kind {
			t.Errorf("CheckEdge(%s, %s): got %q, %v, want %q", edge.From, edge.To, kind, err, edge.Kind)
		}
	}
}

func TestIllegalTransition_NamesTheAllowedStates(t *testing.T) {
	t.Parallel()
	_, err := workflow.CheckEdge(workflow.ICPFailed, workflow.ICPCompleted)
	var illegal *workflow.IllegalTransitionError
	if !errors.As(err, &illegal) {
		t.Fatalf("error: got %v, want *IllegalTransitionError", err)
	}
	want := []workflow.State{workflow.ICPProcessing, workflow.Cancelled}
	if diff := cmp.Diff(want, illegal.Allowed()); diff != "" {
		t.Errorf("allowed (-want +got):\n%s", diff)
	}
	const sentence = `A workflow cannot go from "ICP_FAILED" to "ICP_COMPLETED"; from there it may go to ` +
		`"ICP_PROCESSING", "CANCELLED".`
	if got := err.Error(); got != sentence {
		t.Errorf("message: got %q, want %q", got, sentence)
	}
}

func TestTerminalStates_HaveNoEdges(t *testing.T) {
	t.Parallel()
	for _, from := range []workflow.State{workflow.Completed, workflow.Cancelled} {
		_, err := workflow.CheckEdge(from, workflow.ICPPending)
		var terminal *workflow.TerminalStateError
		if !errors.As(err, &terminal) || terminal.State != from {
			t.Errorf("from %s: got %v, want *TerminalStateError", from, err)
		}
		if want := "The workflow is " + strings.ToLower(string(from)) + ": nothing leaves this state."; err.Error() != want {
			t.Errorf("message: got %q, want %q", err, want)
		}
	}
}

func TestCheckEdge_RefusesUnknownText(t *testing.T) {
	t.Parallel()
	for _, pair := range [][2]workflow.State{
		{"", workflow.Created},
		{"", ""},
		{"icp_pending", workflow.ICPProcessing},
		{workflow.Created, ""},
		{workflow.Created, "ICP_PENDING "},
		{workflow.SeedReviewPending, "SEED_REVIEW_PROCESSING"},
		{"SEED_REVIEW_FAILED", workflow.Cancelled},
	} {
		_, err := workflow.CheckEdge(pair[0], pair[1])
		if got := fault.KindOf(err); got != fault.IllegalTransition {
			t.Errorf("CheckEdge(%q, %q): got %s, want %s", pair[0], pair[1], got, fault.IllegalTransition)
		}
		if err != nil && err.Error() == "" {
			t.Errorf("CheckEdge(%q, %q): got no sentence", pair[0], pair[1])
		}
	}
}
