package gqlhttp

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/infin8content/engine/graph"
	"github.com/infin8content/engine/internal/fault"
)

// complexityOf returns the complexity of a valid operation.
func complexityOf(t *testing.T, text, name string, variables map[string]any) int {
	t.Helper()
	schema := graph.NewSchema(nil).Schema()
	document, errs := parse(suggesting, schema, text, defaults)
	if len(errs) > 0 {
		t.Fatalf("%s: %v", text, errs)
	}
	c := complexityCounter{
		schema:    schema,
		sizes:     introspectionSizes(schema),
		variables: variables,
		page:      defaults.Page,
	}
	return c.count(document.Operations.ForName(name))
}

func TestComplexity_IsTheNumberOfObjects(t *testing.T) {
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
		if got := complexityOf(t, test.text, "", variables); got != test.want {
			t.Errorf("%s: got %d, want %d", test.text, got, test.want)
		}
	}
	if got := complexityOf(t, doubling(100), "", nil); got != maxCount {
		t.Errorf("doubling: got %d, want %d", got, maxCount)
	}
}

func TestComplexity_OfThePlaygroundAndTheDemoIsWithinTheLimit(t *testing.T) {
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
			if got := complexityOf(t, string(text), operation.Name, variables); got > defaults.Complexity {
				t.Errorf("%s %s has the complexity %d", path, operation.Name, got)
			}
		}
	}
}

func TestComplexity_LimitsThePage(t *testing.T) {
	t.Parallel()
	schema := graph.NewSchema(nil).Schema()
	document, errs := parse(suggesting, schema, `{ workflows(first: 11) { nodes { id } } }`, defaults)
	if len(errs) > 0 {
		t.Fatal(errs)
	}
	for page, want := range map[int]fault.Kind{10: fault.InvalidInput, 11: ""} {
		c := complexityCounter{schema: schema, page: page}
		complexity := c.count(document.Operations[0])
		if got := fault.KindOf(c.check(complexity, defaults.Complexity)); got != want {
			t.Errorf("a page of 11 where %d are allowed: got %s, want %s", page, got, want)
		}
	}
}
