package workflow

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Mermaid draws the graph as a Mermaid state diagram. Each step is a box with its states; ADVANCE from step to step and
// CANCEL are arrows between boxes. The targets of RESET are text in their states, since as arrows they would hide the
// rest. The picture depends on the table alone.
func Mermaid() string {
	var b strings.Builder
	b.WriteString("stateDiagram-v2\n  direction LR\n")
	fmt.Fprintf(&b, "  [*] --> %s : %s\n", Created, Create)
	for _, step := range steps {
		fmt.Fprintf(&b, "  state %q as %s {\n", title(step), step.Key)
		fmt.Fprintf(&b, "    [*] --> %s\n", step.Pending)
		for _, state := range step.States() {
			for _, edge := range edges[state] {
				if inside(step, edge) {
					fmt.Fprintf(&b, "    %s --> %s : %s\n", state, edge.To, edge.Kind)
				}
			}
		}
		fmt.Fprintf(&b, "    %s --> [*]\n", step.Completed)
		for _, state := range step.States() {
			if targets := resets(state); targets != "" {
				// The first description is the name, since a second one would replace it.
				fmt.Fprintf(&b, "    %s : %s\n    %s : %s\n", state, state, state, targets)
			}
		}
		b.WriteString("  }\n")
	}
	for _, arrow := range between() {
		fmt.Fprintf(&b, "  %s --> %s : %s\n", arrow.from, arrow.to, arrow.kind)
	}
	for _, state := range order {
		if state.IsTerminal() {
			fmt.Fprintf(&b, "  %s --> [*]\n", state)
		}
	}
	return b.String()
}

// DOT draws the same picture for Graphviz.
func DOT() string {
	var b strings.Builder
	b.WriteString("digraph workflow {\n  rankdir=LR; compound=true;\n  node [shape=box, style=rounded];\n")
	for _, step := range steps {
		fmt.Fprintf(&b, "  subgraph cluster_%s {\n    label=%q;\n", step.Key, title(step))
		for _, state := range step.States() {
			label := string(state)
			if targets := resets(state); targets != "" {
				label += "\n" + targets
			}
			fmt.Fprintf(&b, "    %s [label=%q];\n", state, label)
		}
		for _, state := range step.States() {
			for _, edge := range edges[state] {
				if inside(step, edge) {
					fmt.Fprintf(&b, "    %s -> %s [label=%q%s];\n", state, edge.To, edge.Kind, stroke(edge.Kind))
				}
			}
		}
		b.WriteString("  }\n")
	}
	for _, arrow := range between() {
		attributes := fmt.Sprintf("label=%q%s", arrow.kind, stroke(arrow.kind))
		if arrow.kind == Cancel && arrow.from != string(Created) {
			attributes += ", ltail=cluster_" + arrow.from
		}
		fmt.Fprintf(&b, "  %s -> %s [%s];\n", arrow.leaves, arrow.enters, attributes)
	}
	for _, state := range order {
		if state.IsTerminal() {
			fmt.Fprintf(&b, "  %s [peripheries=2];\n", state)
		}
	}
	b.WriteString("}\n")
	return b.String()
}

func title(step Step) string {
	return fmt.Sprintf("%d · %s (%s)", step.Number, step.Label, strings.ToLower(string(step.Kind)))
}

// inside reports whether an edge is drawn within the box of the step.
func inside(step Step, edge Edge) bool {
	return edge.Kind != Cancel && edge.Kind != Reset && slices.Contains(step.States(), edge.To)
}

// resets names the steps that a person may send the work back to; "" for none.
func resets(state State) string {
	var numbers []string
	for _, edge := range edges[state] {
		if edge.Kind == Reset {
			numbers = append(numbers, strconv.Itoa(edge.To.Step().Number))
		}
	}
	switch len(numbers) {
	case 0:
		return ""
	case 1:
		return fmt.Sprintf("%s to step %s", Reset, numbers[0])
	default:
		return fmt.Sprintf("%s to steps %s", Reset, strings.Join(numbers, ", "))
	}
}

// arrow is an arrow between boxes. A box is a step, or a state without a step. Both ends are also given as states.
type arrow struct {
	from, to       string
	leaves, enters State
	kind           EdgeKind
}

// between returns the arrows between boxes, each once for any number of states in a box.
func between() []arrow {
	var arrows []arrow
	seen := map[string]bool{}
	for _, t := range Edges() {
		from, to := box(t.From), box(t.To)
		name := fmt.Sprint(from, to, t.Kind)
		if t.Kind == Reset || from == to || seen[name] {
			continue
		}
		seen[name] = true
		arrows = append(arrows, arrow{
			from:   from,
			to:     to,
			leaves: t.From,
			enters: t.To,
			kind:   t.Kind,
		})
	}
	return arrows
}

func box(state State) string {
	if slices.Contains(global, state) {
		return string(state)
	}
	return string(state.Step().Key)
}

func stroke(kind EdgeKind) string {
	switch kind {
	case Cancel:
		return `, style=dashed, color=gray, fontcolor=gray`
	case Fail, Retry:
		return `, color=firebrick, fontcolor=firebrick`
	default:
		return ""
	}
}
