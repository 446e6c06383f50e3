package workflow

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Proof has everything that a server compares before it starts. Table sets the fields of this package; the caller sets
// the rest.
type Proof struct {
	States    []State
	Steps     []Step
	Edges     map[State][]Edge
	Executors []StepKey         // the steps that this program can execute
	Outside   []StepKey         // the steps declared to be driven by another program
	Enum      []string          // the values of the GraphQL enum
	Rows      []LegalTransition // the rows of legal_transitions of GraphVersion
	Live      []LiveGraph       // the positions of the live workflows
}

// LiveGraph is the graph version and state of at least one live workflow.
type LiveGraph struct {
	GraphVersion int
	State        State
}

// ProofError lists every fault of a graph.
type ProofError struct{ Faults []string }

// Error has one line for each fault.
func (e *ProofError) Error() string {
	return "The workflow graph has faults:\n- " + strings.Join(e.Faults, "\n- ")
}

// Table returns the states, steps and edges of this package. Executors, Outside, Enum, Rows and Live are empty. Check
// needs all of them except Live.
func Table() Proof {
	table := make(map[State][]Edge, len(edges))
	for state, ways := range edges {
		table[state] = slices.Clone(ways)
	}
	return Proof{States: States(), Steps: Steps(), Edges: table}
}

// Check returns nil when the graph is sound and all its copies agree with it. Otherwise it returns *ProofError with
// every fault, in the same order each time.
func (p Proof) Check() error {
	faults := slices.Concat(
		p.stateFaults(), p.numberFaults(), p.shapeFaults(), p.edgeFaults(),
		p.initialFaults(), p.reachFaults(), p.terminalFaults(), p.cancelFaults(),
		p.executorFaults(), p.enumFaults(), p.rowFaults(), p.liveFaults(),
	)
	if len(faults) == 0 {
		return nil
	}
	return &ProofError{Faults: faults}
}

// faultList collects sentences.
type faultList []string

func (l *faultList) add(format string, args ...any) { *l = append(*l, fmt.Sprintf(format, args...)) }

// global are the states that belong to no step; terminal are those without an outgoing edge.
var (
	global   = []State{Created, Completed, Cancelled}
	terminal = []State{Completed, Cancelled}
)

// stateFaults checks that each state is listed once and belongs to exactly one step or is global.
func (p Proof) stateFaults() (l faultList) {
	claims := map[State][]string{}
	for _, step := range p.Steps {
		for _, state := range step.States() {
			claims[state] = append(claims[state], string(step.Key))
		}
	}
	for _, state := range global {
		if !slices.Contains(p.States, state) {
			l.add("The global state %s is missing.", state)
		}
		claims[state] = append(claims[state], "none, because it is global")
	}
	listed := map[State]bool{}
	for _, state := range p.States {
		if listed[state] {
			l.add("The state %s is listed twice.", state)
			continue
		}
		listed[state] = true
		switch owners := claims[state]; len(owners) {
		case 0:
			l.add("The state %s belongs to no step and is not global.", state)
		case 1:
		default:
			l.add("The state %s belongs to more than one step: %s.", state, strings.Join(owners, ", "))
		}
	}
	for _, state := range sorted(claims) {
		if !listed[state] && !slices.Contains(global, state) {
			l.add("The step %s owns %s, which is not a state.", claims[state][0], state)
		}
	}
	return l
}

// numberFaults checks that the steps are numbered from 1 without a gap, and no key occurs twice.
func (p Proof) numberFaults() (l faultList) {
	seen := map[StepKey]bool{}
	for i, step := range p.Steps {
		if step.Number != i+1 {
			l.add("The step %s has the number %d where %d is next.", step.Key, step.Number, i+1)
		}
		if seen[step.Key] {
			l.add("The step %s is listed twice.", step.Key)
		}
		seen[step.Key] = true
	}
	return l
}

// shapeFaults checks that an automatic step has all four states, a human one only the two that it needs.
func (p Proof) shapeFaults() (l faultList) {
	for _, step := range p.Steps {
		outer := step.Pending != "" && step.Completed != ""
		switch step.Kind {
		case Automatic:
			if !outer || step.Processing == "" || step.Failed == "" {
				l.add("The automatic step %s has %d states, not all four.", step.Key, len(step.States()))
			}
		case Human:
			if !outer || step.Processing != "" || step.Failed != "" {
				l.add("The human step %s must have a pending and a completed state and no other.", step.Key)
			}
		default:
			l.add("The step %s has the unknown kind %q.", step.Key, step.Kind)
		}
	}
	return l
}

// edgeFaults checks that edges join states of the graph, each pair at most once, with a kind that an edge may have.
func (p Proof) edgeFaults() (l faultList) {
	for _, state := range p.States {
		if _, row := p.Edges[state]; !row {
			l.add("The state %s has no row in the table of edges.", state)
		}
	}
	for _, from := range sorted(p.Edges) {
		if !slices.Contains(p.States, from) {
			l.add("The table of edges has a row for %s, which is not a state.", from)
		}
		seen := map[State]bool{}
		for _, edge := range p.Edges[from] {
			if !slices.Contains(p.States, edge.To) {
				l.add("The edge %s → %s leads to what is not a state.", from, edge.To)
			}
			if seen[edge.To] {
				l.add("The edge %s → %s is listed twice.", from, edge.To)
			}
			if !edge.Kind.ofGraph() {
				l.add("The edge %s → %s has the unknown kind %q.", from, edge.To, edge.Kind)
			}
			seen[edge.To] = true
		}
	}
	return l
}

// initialFaults checks that CREATED is the only state without an incoming edge.
func (p Proof) initialFaults() (l faultList) {
	entered := map[State]bool{}
	for _, ways := range p.Edges {
		for _, edge := range ways {
			entered[edge.To] = true
		}
	}
	var initial []State
	for _, state := range p.States {
		if !entered[state] && !slices.Contains(initial, state) {
			initial = append(initial, state)
		}
	}
	if !slices.Equal(initial, []State{Created}) {
		l.add("The states that no edge enters must be CREATED alone; they are %s.", list(initial))
	}
	return l
}

// reachFaults checks that every state is reachable from CREATED, and every state that is not terminal reaches
// COMPLETED.
func (p Proof) reachFaults() (l faultList) {
	ahead, behind := map[State][]State{}, map[State][]State{}
	for from, ways := range p.Edges {
		for _, edge := range ways {
			ahead[from] = append(ahead[from], edge.To)
			behind[edge.To] = append(behind[edge.To], from)
		}
	}
	reachable, finishing := closure(Created, ahead), closure(Completed, behind)
	for _, state := range p.States {
		if !reachable[state] {
			l.add("The state %s cannot be reached from %s.", state, Created)
		}
		if !finishing[state] && !slices.Contains(terminal, state) {
			l.add("The state %s does not reach %s.", state, Completed)
		}
	}
	return l
}

// terminalFaults checks that no edge leaves COMPLETED or CANCELLED.
func (p Proof) terminalFaults() (l faultList) {
	for _, state := range terminal {
		for _, edge := range p.Edges[state] {
			l.add("The edge %s → %s leaves a terminal state.", state, edge.To)
		}
	}
	return l
}

// cancelFaults checks that every state that is not terminal has a CANCEL edge, and CANCEL edges lead to CANCELLED
// alone.
func (p Proof) cancelFaults() (l faultList) {
	for _, state := range p.States {
		if !slices.Contains(terminal, state) && !slices.Contains(p.Edges[state], Edge{To: Cancelled, Kind: Cancel}) {
			l.add("The state %s cannot be cancelled: it has no CANCEL edge to %s.", state, Cancelled)
		}
		for _, edge := range p.Edges[state] {
			if (edge.Kind == Cancel) != (edge.To == Cancelled) {
				l.add("The edge %s → %s has the kind %s: CANCEL, and nothing else, leads to %s.",
					state, edge.To, edge.Kind, Cancelled)
			}
		}
	}
	return l
}

// closure returns start and every state that can be reached from it.
func closure(start State, next map[State][]State) map[State]bool {
	reached := map[State]bool{start: true}
	for open := []State{start}; len(open) > 0; {
		state := open[0]
		open = open[1:]
		for _, other := range next[state] {
			if !reached[other] {
				reached[other] = true
				open = append(open, other)
			}
		}
	}
	return reached
}

func sorted[V any](m map[State]V) []State { return slices.Sorted(maps.Keys(m)) }

func list[T ~string](names []T) string {
	if len(names) == 0 {
		return "none"
	}
	texts := make([]string, len(names))
	for i, name := range names {
		texts[i] = string(name)
	}
	return strings.Join(texts, ", ")
}
