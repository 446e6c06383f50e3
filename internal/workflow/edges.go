package workflow

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/infin8content/engine/internal/fault"
)

// GraphVersion is the version of the table below, in the journal and in legal_transitions. A workflow keeps the version
// that it was created with. A changed table needs a new version.
const GraphVersion = 1

// EdgeKind is the reason of a transition along an edge.
type EdgeKind string

// The kinds of edge.
const (
	Create  EdgeKind = "CREATE"  // the first row of a workflow's journal, version 0; no edge of the graph
	Advance EdgeKind = "ADVANCE" // the work goes on
	Fail    EdgeKind = "FAIL"    // a run ended without a result
	Retry   EdgeKind = "RETRY"   // a failed step is run again
	Cancel  EdgeKind = "CANCEL"  // a person ends the workflow
	Reset   EdgeKind = "RESET"   // a person sends the work back
)

// Edge is one outgoing edge of a state.
type Edge struct {
	To   State
	Kind EdgeKind
}

// LegalTransition is one edge of the graph with both ends: a row of legal_transitions.
type LegalTransition struct {
	From, To State
	Kind     EdgeKind
}

// edges is the graph. Every state is a key, and a state without edges is terminal.
var edges = map[State][]Edge{
	Created: {{ICPPending, Advance}, {Cancelled, Cancel}},

	ICPPending:    {{ICPProcessing, Advance}, {Cancelled, Cancel}},
	ICPProcessing: {{ICPCompleted, Advance}, {ICPFailed, Fail}, {Cancelled, Cancel}},
	ICPCompleted: {
		{CompetitorPending, Advance},
		{Cancelled, Cancel},
		{ICPPending, Reset},
	},
	ICPFailed: {{ICPProcessing, Retry}, {Cancelled, Cancel}},

	CompetitorPending:    {{CompetitorProcessing, Advance}, {Cancelled, Cancel}},
	CompetitorProcessing: {{CompetitorCompleted, Advance}, {CompetitorFailed, Fail}, {Cancelled, Cancel}},
	CompetitorCompleted: {
		{SeedReviewPending, Advance},
		{Cancelled, Cancel},
		{ICPPending, Reset},
		{CompetitorPending, Reset},
	},
	CompetitorFailed: {
		{CompetitorProcessing, Retry},
		{Cancelled, Cancel},
		{ICPPending, Reset},
	},

	SeedReviewPending: {
		{SeedReviewCompleted, Advance},
		{Cancelled, Cancel},
		{ICPPending, Reset},
		{CompetitorPending, Reset},
	},
	SeedReviewCompleted: {
		{ClusteringPending, Advance},
		{Cancelled, Cancel},
		{ICPPending, Reset},
		{CompetitorPending, Reset},
		{SeedReviewPending, Reset},
	},

	ClusteringPending:    {{ClusteringProcessing, Advance}, {Cancelled, Cancel}},
	ClusteringProcessing: {{ClusteringCompleted, Advance}, {ClusteringFailed, Fail}, {Cancelled, Cancel}},
	ClusteringCompleted: {
		{ValidationPending, Advance},
		{Cancelled, Cancel},
		{ICPPending, Reset},
		{CompetitorPending, Reset},
		{SeedReviewPending, Reset},
		{ClusteringPending, Reset},
	},
	ClusteringFailed: {
		{ClusteringProcessing, Retry},
		{Cancelled, Cancel},
		{ICPPending, Reset},
		{CompetitorPending, Reset},
		{SeedReviewPending, Reset},
	},

	ValidationPending:    {{ValidationProcessing, Advance}, {Cancelled, Cancel}},
	ValidationProcessing: {{ValidationCompleted, Advance}, {ValidationFailed, Fail}, {Cancelled, Cancel}},
	ValidationCompleted: {
		{ArticlePending, Advance},
		{Cancelled, Cancel},
		{ICPPending, Reset},
		{CompetitorPending, Reset},
		{SeedReviewPending, Reset},
		{ClusteringPending, Reset},
		{ValidationPending, Reset},
	},
	ValidationFailed: {
		{ValidationProcessing, Retry},
		{Cancelled, Cancel},
		{ICPPending, Reset},
		{CompetitorPending, Reset},
		{SeedReviewPending, Reset},
		{ClusteringPending, Reset},
	},

	ArticlePending:    {{ArticleProcessing, Advance}, {Cancelled, Cancel}},
	ArticleProcessing: {{ArticleCompleted, Advance}, {ArticleFailed, Fail}, {Cancelled, Cancel}},
	ArticleCompleted: {
		{PublishPending, Advance},
		{Cancelled, Cancel},
		{ICPPending, Reset},
		{CompetitorPending, Reset},
		{SeedReviewPending, Reset},
		{ClusteringPending, Reset},
		{ValidationPending, Reset},
		{ArticlePending, Reset},
	},
	ArticleFailed: {
		{ArticleProcessing, Retry},
		{Cancelled, Cancel},
		{ICPPending, Reset},
		{CompetitorPending, Reset},
		{SeedReviewPending, Reset},
		{ClusteringPending, Reset},
		{ValidationPending, Reset},
	},

	PublishPending:    {{PublishProcessing, Advance}, {Cancelled, Cancel}},
	PublishProcessing: {{PublishCompleted, Advance}, {PublishFailed, Fail}, {Cancelled, Cancel}},
	PublishCompleted: {
		{Completed, Advance},
		{Cancelled, Cancel},
		{ICPPending, Reset},
		{CompetitorPending, Reset},
		{SeedReviewPending, Reset},
		{ClusteringPending, Reset},
		{ValidationPending, Reset},
		{ArticlePending, Reset},
		{PublishPending, Reset},
	},
	PublishFailed: {
		{PublishProcessing, Retry},
		{Cancelled, Cancel},
		{ICPPending, Reset},
		{CompetitorPending, Reset},
		{SeedReviewPending, Reset},
		{ClusteringPending, Reset},
		{ValidationPending, Reset},
		{ArticlePending, Reset},
	},

	Completed: {},
	Cancelled: {},
}

// Edges returns all edges, ordered by their first state in the order of the graph, and by the order of the table. The
// caller may change the slice.
func Edges() []LegalTransition { return flatten(order, edges) }

func flatten(states []State, from map[State][]Edge) []LegalTransition {
	var all []LegalTransition
	for _, state := range states {
		for _, edge := range from[state] {
			all = append(all, LegalTransition{From: state, To: edge.To, Kind: edge.Kind})
		}
	}
	return all
}

// CheckEdge returns the kind of the edge between two states. Without such an edge it returns *TerminalStateError when
// from is terminal, and otherwise *IllegalTransitionError, also for unknown text.
func CheckEdge(from, to State) (EdgeKind, error) {
	if from.IsTerminal() {
		return "", &TerminalStateError{State: from}
	}
	for _, edge := range edges[from] {
		if edge.To == to {
			return edge.Kind, nil
		}
	}
	return "", &IllegalTransitionError{From: from, To: to}
}

// IllegalTransitionError says that the graph has no edge between two states.
type IllegalTransitionError struct{ From, To State }

// Error is the sentence for the client.
func (e *IllegalTransitionError) Error() string {
	allowed := e.Allowed()
	if len(allowed) == 0 {
		return fmt.Sprintf("A workflow cannot go from %q to %q.", e.From, e.To)
	}
	names := make([]string, len(allowed))
	for i, state := range allowed {
		names[i] = strconv.Quote(string(state))
	}
	return fmt.Sprintf("A workflow cannot go from %q to %q; from there it may go to %s.",
		e.From, e.To, strings.Join(names, ", "))
}

// Kind is ILLEGAL_TRANSITION.
func (e *IllegalTransitionError) Kind() fault.Kind { return fault.IllegalTransition }

// Allowed returns the states that From leads to, in the order of the table.
func (e *IllegalTransitionError) Allowed() []State { return e.From.NextStates() }

// TerminalStateError says that a state has no outgoing edge.
type TerminalStateError struct{ State State }

// Error is the sentence for the client.
func (e *TerminalStateError) Error() string {
	return fmt.Sprintf("The workflow is %s: nothing leaves this state.", e.State.Words())
}

// Kind is TERMINAL_STATE.
func (e *TerminalStateError) Kind() fault.Kind { return fault.TerminalState }

// kinds are the kinds that an edge of the graph may have.
var kinds = []EdgeKind{Advance, Fail, Retry, Cancel, Reset}

func (k EdgeKind) ofGraph() bool { return slices.Contains(kinds, k) }
