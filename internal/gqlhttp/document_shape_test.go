package gqlhttp

import (
	"fmt"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/infin8content/engine/internal/fault"
)

var defaults = Limits{}.withDefaults()

func parsed(t *testing.T, text string) *ast.QueryDocument {
	t.Helper()
	document, err := parser.ParseQuery(&ast.Source{Input: text})
	if err != nil {
		t.Fatal(err)
	}
	return document
}

// doubling returns a query with 4 + 2n selections, and 2ⁿ paths through them.
func doubling(n int) string {
	var text strings.Builder
	text.WriteString("{ workflowGraph { ...F0 } }")
	for i := range n {
		fmt.Fprintf(&text, " fragment F%d on WorkflowGraph { ...F%d ...F%d }", i, i+1, i+1)
	}
	fmt.Fprintf(&text, " fragment F%d on WorkflowGraph { version steps { key } }", n)
	return text.String()
}

func TestDocumentShape_VisitsEachSelectionOnce(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 10, 100} {
		document := parsed(t, doubling(n))
		s := &documentShape{
			definitions: map[string]*ast.FragmentDefinition{}, extents: map[string]extent{}, names: map[string]int{},
		}
		for _, fragment := range document.Fragments {
			s.definitions[fragment.Name] = fragment
		}
		s.selection(document.Operations[0].SelectionSet)
		if want := 5 + 2*n; s.steps != want {
			t.Errorf("%d fragments: got %d steps, want %d", n, s.steps, want)
		}
	}
}

func TestReadTokens_ReadsTextAsItWasSentOrNotAtAll(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]fault.Kind{
		`{ a(b: "\ud83d\ude00") }`: "", `{ a(b: "\u{1F600} \\ud83d") }`: "", `{ a(b: "\ufffd") }`: "",
		`{ a(b: """\ud83d""") } # \ud83d`: "", "{ a(b: \"\ufffd\") }": "",
		`{ a(b: "\u{d83d}") }`: "", // The parser refuses it.
		`{ a(b: "\ud83d") }`:   fault.InvalidInput, `{ a(b: "\ude00\ud83d") }`: fault.InvalidInput,
		`query ($b: ID = "\uDE00x") { a(b: $b) }`: fault.InvalidInput,
	} {
		if _, err := readTokens(text, defaults.Tokens); fault.KindOf(err) != want {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}

func TestDocumentShape_MeasuresEverySelection(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]extent{
		`{ a }`:                                        {depth: 1, fields: 1},
		`{ a { b { c } } d }`:                          {depth: 3, fields: 2},
		`{ x: a { y: b a: a } }`:                       {depth: 2, fields: 1, aliases: 2},
		`{ ... { a ... on T { b { c } } } }`:           {depth: 2, fields: 2, inline: 2},
		`{ ...F ...F } fragment F on T { x: a { b } }`: {depth: 2, fields: 2, aliases: 2},
		`{ a { ...F } } fragment F on T { b { ...G } } fragment G on T { ... {c} }`: {depth: 3, fields: 1},
		`{ ...F } fragment F on T { a { ...F } }`:                                   {depth: 1, fields: 1},
		`{ ...Absent }`: {},
		`{ __schema { types { fields { x: name } } } a { b } }`: {depth: 2, fields: 2, aliases: 1},
	} {
		document := parsed(t, text)
		s := &documentShape{
			definitions: map[string]*ast.FragmentDefinition{}, extents: map[string]extent{}, names: map[string]int{},
		}
		for _, fragment := range document.Fragments {
			s.definitions[fragment.Name] = fragment
		}
		if got := s.selection(document.Operations[0].SelectionSet); got != want {
			t.Errorf("%s: got %+v, want %+v", text, got, want)
		}
	}
}
