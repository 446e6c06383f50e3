package gqlhttp

import (
	"strings"
	"testing"

	"github.com/infin8content/engine/graph"
)

func TestWeights_MakeDearArgumentsDear(t *testing.T) {
	t.Parallel()
	schema := graph.NewSchema(nil).Schema()
	variables := map[string]any{
		"f": map[string]any{"nameContains": "zz", "activity": []any{"RUNNING"}, "createdBy": nil},
		"o": map[string]any{"field": "SPEND", "direction": "DESC"},
		"t": "zz",
	}
	const declared = `query ($f: WorkflowFilter, $o: WorkflowOrder) `
	for operation, want := range map[string]int{
		`{ workflows(first: 1) { nodes { id } } }`:                                                2,
		`{ workflows(first: 1, filter: {nameContains: "zz"}) { nodes { id } } }`:                  102,
		`{ workflows(first: 1, filter: {nameContains: null}) { nodes { id } } }`:                  2,
		`{ workflows(first: 1, filter: {states: [CREATED]}) { nodes { id } } }`:                   2,
		`{ workflows(first: 1, orderBy: {field: SPEND}) { nodes { id } totalCount } }`:            122,
		declared + `{ workflows(first: 1, filter: $f, orderBy: $o) { nodes { id } } }`:            302,
		`query ($t: String) { workflows(first: 1, filter: {nameContains: $t}) { nodes { id } } }`: 102,
	} {
		document, errs := parse(suggesting, schema, operation, defaults)
		if len(errs) > 0 {
			t.Fatalf("%s: %v", operation, errs)
		}
		c := complexityCounter{
			schema:    schema,
			sizes:     introspectionSizes(schema),
			variables: variables,
			page:      defaults.Page,
			weights:   graph.Weights(),
		}
		if got := c.count(document.Operations[0]); got != want {
			t.Errorf("%s: got a complexity of %d, want %d", operation, got, want)
		}
	}
}

func TestWeights_NameFieldsOfTheSchema(t *testing.T) {
	t.Parallel()
	schema := graph.NewSchema(nil).Schema()
	for name := range graph.Weights() {
		of, field, _ := strings.Cut(name, ".")
		definition := schema.Types[of]
		if definition == nil || definition.Fields.ForName(field) == nil && definition.EnumValues.ForName(field) == nil {
			t.Errorf("%s is not in the schema", name)
		}
	}
}
