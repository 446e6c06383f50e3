package workflow

import (
	"fmt"
	"slices"
)

// executorFaults checks that each automatic step either has an executor or is declared to be driven from outside, and
// that no other step has either.
func (p Proof) executorFaults() (l faultList) {
	automatic := map[StepKey]bool{}
	for _, step := range p.Steps {
		if step.Kind != Automatic {
			continue
		}
		automatic[step.Key] = true
		inside, outside := slices.Contains(p.Executors, step.Key), slices.Contains(p.Outside, step.Key)
		switch {
		case !inside && !outside:
			l.add("The automatic step %s has no executor and is not declared to be driven from outside.", step.Key)
		case inside && outside:
			l.add("The step %s has an executor and is declared to be driven from outside.", step.Key)
		}
	}
	for _, key := range p.Executors {
		if !automatic[key] {
			l.add("There is an executor for %q, which is not an automatic step.", key)
		}
	}
	for _, key := range p.Outside {
		if !automatic[key] {
			l.add("%q is declared to be driven from outside, but it is not an automatic step.", key)
		}
	}
	return l
}

// enumFaults checks that the GraphQL enum has exactly the states of the table.
func (p Proof) enumFaults() (l faultList) {
	names := make([]string, len(p.States))
	for i, state := range p.States {
		names[i] = string(state)
	}
	l.compare("The GraphQL enum", names, p.Enum)
	return l
}

// rowFaults checks that legal_transitions has exactly the edges of the table, with their kinds.
func (p Proof) rowFaults() (l faultList) {
	// Rows of the table for unknown states are compared too; edgeFaults reports those.
	l.compare("The table legal_transitions", describe(flatten(sorted(p.Edges), p.Edges)), describe(p.Rows))
	return l
}

// liveFaults checks that every live workflow has a graph version and a state of this program.
func (p Proof) liveFaults() (l faultList) {
	for _, live := range p.Live {
		if live.GraphVersion != GraphVersion {
			l.add("A live workflow in the state %s has the graph version %d, which this program does not have.",
				live.State, live.GraphVersion)
		} else if !slices.Contains(p.States, live.State) {
			l.add("A live workflow stands on %q, which is not a state.", live.State)
		}
	}
	return l
}

// compare adds one line for all missing elements of the copy, and one for all additional or repeated ones.
func (l *faultList) compare(copyName string, original, repeated []string) {
	missing, extra := beyond(original, repeated), beyond(repeated, original)
	if len(missing) > 0 {
		l.add("%s lacks: %s.", copyName, list(missing))
	}
	if len(extra) > 0 {
		l.add("%s has what the program has not: %s.", copyName, list(extra))
	}
}

// beyond returns the difference a − b of two multisets.
func beyond(a, b []string) []string {
	left := make(map[string]int, len(b))
	for _, element := range b {
		left[element]++
	}
	var more []string
	for _, element := range a {
		if left[element]--; left[element] < 0 {
			more = append(more, element)
		}
	}
	return more
}

func describe(transitions []LegalTransition) []string {
	texts := make([]string, len(transitions))
	for i, t := range transitions {
		texts[i] = fmt.Sprintf("%s → %s (%s)", t.From, t.To, t.Kind)
	}
	return texts
}
