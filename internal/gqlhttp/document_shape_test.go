package gqlhttp

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/infin8content/engine/graph"
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

// doubling has 4 + 2n selections, and 2ⁿ ways through them.
func doubling(n int) string {
	var text strings.Builder
	text.WriteString("{ workflowGraph { ...F0 } }")
	for i := range n {
		fmt.Fprintf(&text, " fragment F%d on WorkflowGraph { ...F%d ...F%d }", i, i+1, i+1)
	}
	fmt.Fprintf(&text, " fragment F%d on WorkflowGraph { version steps { key } }", n)
	return text.String()
}

func TestEachSelectionIsLookedAtOnce(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 10, 100} {
		document := parsed(t, doubling(n))
		s := &survey{
			definitions: map[string]*ast.FragmentDefinition{}, extents: map[string]extent{}, names: map[string]int{},
		}
		for _, fragment := range document.Fragments {
			s.definitions[fragment.Name] = fragment
		}
		s.set(document.Operations[0].SelectionSet)
		if want := 5 + 2*n; s.steps != want {
			t.Errorf("%d fragments: got %d steps, want %d", n, s.steps, want)
		}
	}
}

func TestATextInAnOperationIsReadAsItWasSentOrNotAtAll(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]fault.Kind{
		`{ a(b: "\ud83d\ude00") }`: "", `{ a(b: "\u{1F600} \\ud83d") }`: "", `{ a(b: "\ufffd") }`: "",
		`{ a(b: """\ud83d""") } # \ud83d`: "", "{ a(b: \"\ufffd\") }": "", `{ a(b: "\u{d83d}") }`: "", // The parser's.
		`{ a(b: "\ud83d") }`: fault.InvalidInput, `{ a(b: "\ude00\ud83d") }`: fault.InvalidInput,
		`query ($b: ID = "\uDE00x") { a(b: $b) }`: fault.InvalidInput,
	} {
		if _, err := readTokens(text, defaults.Tokens); fault.KindOf(err) != want {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}

func TestWhatIsWrittenIsMeasured(t *testing.T) {
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
		s := &survey{
			definitions: map[string]*ast.FragmentDefinition{}, extents: map[string]extent{}, names: map[string]int{},
		}
		for _, fragment := range document.Fragments {
			s.definitions[fragment.Name] = fragment
		}
		if got := s.set(document.Operations[0].SelectionSet); got != want {
			t.Errorf("%s: got %+v, want %+v", text, got, want)
		}
	}
}

func TestEachLimitHasTwoSides(t *testing.T) {
	t.Parallel()
	fields := func(n int) string { return strings.Repeat("f ", n) }
	aliases := func(n int) string {
		var text strings.Builder
		for i := range n {
			fmt.Fprintf(&text, "a%d: f ", i)
		}
		return text.String()
	}
	deep := func(n int) string { return strings.Repeat("{ f ", n) + strings.Repeat("} ", n) }
	comments := func(n int) string { return "{ f " + strings.Repeat("#\n", n) + "}  " + "#" }
	names := func(n int) string { return "{ " + strings.Repeat("x", n) + " }" }
	for kind, text := range map[fault.Kind][2]string{
		fault.TooManyTokens:     {comments(1996), comments(1997)},
		fault.TooDeep:           {deep(12), deep(13)},
		fault.TooManyAliases:    {"{ g { " + aliases(30) + "} }", "{ g { " + aliases(31) + "} }"},
		fault.TooManyRootFields: {"{ " + fields(20) + "}", "{ " + fields(21) + "}"},
		fault.TooCostly:         {"{ g { " + fields(447) + "} }", "{ g { " + fields(448) + "} }"},
		fault.InvalidInput:      {names(maxNameBytes), names(maxNameBytes + 1)},
	} {
		for i, want := range []fault.Kind{"", kind} {
			_, err := readTokens(text[i], defaults.Tokens)
			if err == nil {
				err = measure(parsed(t, text[i]), defaults)
			}
			if got := fault.KindOf(err); got != want {
				t.Errorf("%s, side %d: got %s %v, want %s", kind, i, got, err, want)
			}
		}
	}
}

// costIn returns the cost of a valid operation.
func costIn(t *testing.T, text, name string, variables map[string]any) int {
	t.Helper()
	schema := graph.NewSchema(nil).Schema()
	document, faults := check(schema, text, defaults)
	if len(faults) > 0 {
		t.Fatalf("%s: %v", text, faults)
	}
	c := counter{schema: schema, sizes: schemaSizes(schema), variables: variables, page: defaults.Page}
	return c.costOf(document.Operations.ForName(name))
}

func TestTheCostIsTheNumberOfObjects(t *testing.T) {
	t.Parallel()
	variables := map[string]any{"n": int64(7), "none": nil}
	for _, test := range []struct {
		want int
		text string
	}{
		{1, `{ __typename }`},
		{1, `{ viewer { actor } }`},
		{3, `{ viewer { organization { month { start } } } }`},
		{1, `{ workflows { totalCount } }`},
		{1 + 20 + 1, `{ workflows { nodes { id } pageInfo { endCursor } } }`},
		{1 + 50*2, `{ workflows(first: 50) { nodes { id step { key } } } }`},
		{1 + 50*2 + 50, `{ workflows(first: 50) { edges { node { id } } nodes { id } } }`},
		{1 + 7, `query($n: Int) { workflows(first: $n) { nodes { id } } }`},
		{1 + 20, `query($none: Int) { workflows(first: $none) { nodes { id } } }`},
		{1 + 3, `query($other: Int = 3) { workflows(first: $other) { nodes { id } } }`},
		{1 + 5*2, `{ workflows(first: 5) { ...C } }
			fragment C on WorkflowConnection { nodes { ...W } } fragment W on Workflow { spend { held } }`},
		{
			1 + 10*(1+1+3*2),
			`{ workflows(first: 10) { nodes { transitions(first: 3) { nodes { id workflow { id } } } } } }`,
		},
		{1 + 10 + 10, `{ workflowGraph { edges { from } steps { key } } }`},
		{1 + 1, `{ workflows(first: -5) { nodes { id } } }`},
		{1 + 100, `{ workflows(first: 1000000) { nodes { id } } }`},
		{1 + 10 + 1, `mutation { cancelWorkflow(input: {workflowId: 1}) { workflow { id } } }`},
		{1 + 10 + 10, `mutation { cancelWorkflow(input: {workflowId: 1}) { userErrors { code } } }`},
	} {
		if got := costIn(t, test.text, "", variables); got != test.want {
			t.Errorf("%s: got %d, want %d", test.text, got, test.want)
		}
	}
	if got := costIn(t, doubling(100), "", nil); got != countless {
		t.Errorf("doubling: got %d, want %d", got, countless)
	}
}

func TestTheOperationsOfThePlaygroundAndTheDemoAreWithinTheLimits(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob("../web/playground/examples/*.graphql")
	if err != nil || len(paths) == 0 {
		t.Fatal(err)
	}
	for _, path := range append(paths, "../cli/demo.graphql") {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, operation := range parsed(t, string(text)).Operations {
			variables := map[string]any{"first": int64(100)}
			if got := costIn(t, string(text), operation.Name, variables); got > defaults.Cost {
				t.Errorf("%s %s costs %d", path, operation.Name, got)
			}
		}
	}
}

func TestASmallerPageIsALimitToo(t *testing.T) {
	t.Parallel()
	schema := graph.NewSchema(nil).Schema()
	document, faults := check(schema, `{ workflows(first: 11) { nodes { id } } }`, defaults)
	if len(faults) > 0 {
		t.Fatal(faults)
	}
	for page, want := range map[int]fault.Kind{10: fault.InvalidInput, 11: ""} {
		c := counter{schema: schema, page: page}
		cost := c.costOf(document.Operations[0])
		if got := fault.KindOf(c.check(cost, defaults.Cost)); got != want {
			t.Errorf("a page of 11 where %d are allowed: got %s, want %s", page, got, want)
		}
	}
}
