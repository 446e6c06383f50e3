package workflow_test

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/infin8content/engine/internal/workflow"
)

var (
	mermaidBox   = regexp.MustCompile(`^state ".*" as ([A-Z_]+) \{$`)
	mermaidArrow = regexp.MustCompile(`^([A-Z_]+) --> ([A-Z_]+) : ([A-Z]+)$`)
	mermaidReset = regexp.MustCompile(`^([A-Z_]+) : RESET to steps? ([0-9, ]+)$`)
	dotArrow     = regexp.MustCompile(`^([A-Z_]+) -> ([A-Z_]+) \[label="([A-Z]+)"(.*)\];$`)
	dotReset     = regexp.MustCompile(`^([A-Z_]+) \[label="[A-Z_]+\\nRESET to steps? ([0-9, ]+)"\];$`)
	dotTail      = regexp.MustCompile(`ltail=cluster_([A-Z_]+)`)
)

// drawn collects the edges that a picture says, one line at a time.
type drawn struct{ edges []workflow.LegalTransition }

func (d *drawn) add(from, to workflow.State, kind string) {
	d.edges = append(d.edges, workflow.LegalTransition{From: from, To: to, Kind: workflow.EdgeKind(kind)})
}

// resets adds the edges that are written as numbers of steps.
func (d *drawn) resets(from, numbers string) {
	for number := range strings.SplitSeq(numbers, ", ") {
		n, _ := strconv.Atoi(number)
		d.add(workflow.State(from), workflow.Steps()[n-1].Pending, "RESET")
	}
}

// fromBox adds an arrow that leaves a box: ADVANCE from its completed state, CANCEL from all of them.
func (d *drawn) fromBox(box workflow.Step, to workflow.State, kind string) {
	for _, state := range box.States() {
		if kind == "CANCEL" || state == box.Completed {
			d.add(state, to, kind)
		}
	}
}

func TestMermaid_HasEveryEdgeAndNoOther(t *testing.T) {
	t.Parallel()
	var got drawn
	boxes := 0
	for line := range strings.Lines(workflow.Mermaid()) {
		line = strings.TrimSpace(line)
		if mermaidBox.MatchString(line) {
			boxes++
		} else if m := mermaidReset.FindStringSubmatch(line); m != nil {
			got.resets(m[1], m[2])
		} else if m := mermaidArrow.FindStringSubmatch(line); m != nil {
			to := workflow.State(m[2])
			if step, box := workflow.StepOf(workflow.StepKey(m[2])); box {
				to = step.Pending
			}
			if step, box := workflow.StepOf(workflow.StepKey(m[1])); box {
				got.fromBox(step, to, m[3])
			} else {
				got.add(workflow.State(m[1]), to, m[3])
			}
		}
	}
	if boxes != 7 {
		t.Errorf("boxes: got %d, want 7", boxes)
	}
	compareEdges(t, got.edges)
}

func TestDOT_HasEveryEdgeAndNoOther(t *testing.T) {
	t.Parallel()
	var got drawn
	for line := range strings.Lines(workflow.DOT()) {
		line = strings.TrimSpace(line)
		if m := dotReset.FindStringSubmatch(line); m != nil {
			got.resets(m[1], m[2])
		} else if m := dotArrow.FindStringSubmatch(line); m != nil {
			if tail := dotTail.FindStringSubmatch(m[4]); tail != nil {
				step, _ := workflow.StepOf(workflow.StepKey(tail[1]))
				got.fromBox(step, workflow.State(m[2]), m[3])
			} else {
				got.add(workflow.State(m[1]), workflow.State(m[2]), m[3])
			}
		}
	}
	compareEdges(t, got.edges)
}

func compareEdges(t *testing.T, got []workflow.LegalTransition) {
	t.Helper()
	anyOrder := cmpopts.SortSlices(func(a, b workflow.LegalTransition) bool { return fmt.Sprint(a) < fmt.Sprint(b) })
	if diff := cmp.Diff(workflow.Edges(), got, anyOrder); diff != "" {
		t.Errorf("edges (-want +got):\n%s", diff)
	}
}

func TestPicture_HasFewArrowsAndBalancedBraces(t *testing.T) {
	t.Parallel()
	for name, picture := range map[string]struct{ text, arrow string }{
		"Mermaid": {workflow.Mermaid(), "-->"},
		"DOT":     {workflow.DOT(), "->"},
	} {
		if got := strings.Count(picture.text, picture.arrow); got > 60 {
			t.Errorf("%s: got %d arrows, want at most 60", name, got)
		}
		if opened, closed := strings.Count(picture.text, "{"), strings.Count(picture.text, "}"); opened != closed {
			t.Errorf("%s: got %d opening and %d closing braces", name, opened, closed)
		}
		for _, state := range workflow.States() {
			if !strings.Contains(picture.text, string(state)) {
				t.Errorf("%s: lacks %s", name, state)
			}
		}
	}
}
