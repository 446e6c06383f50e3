package graph_test

import (
	"fmt"
	"testing"

	"github.com/infin8content/engine/graph/graphtest"
)

// A report of 100 workflows takes as many statements as one of a single workflow, with the workflow of each group.
func TestUsage_WorkflowsOfManyGroupsTakeAsManyStatementsAsOne(t *testing.T) {
	t.Parallel()
	b, statements := counting(t)
	b.Workflows(t, 100)
	var counts []int64
	for _, first := range []int{1, 100} {
		operation := fmt.Sprintf(`{ organization {
			usage(range: { from: "2026-02-01", to: "2026-03-01" }, groupBy: [WORKFLOW], first: %d) {
			groups { calls workflowId workflow { id name spend { held } activity { sentence } } } } } }`, first)
		b.Ask(t, operation, nil) // The first round connects and prepares.
		before := statements.n.Load()
		body := b.Ask(t, operation, nil)
		counts = append(counts, statements.n.Load()-before)
		groups := graphtest.Get(t, body, "data", "organization", "usage", "groups").([]any)
		if len(groups) != first {
			t.Fatalf("got %d groups, want %d", len(groups), first)
		}
		for _, group := range groups {
			id := group.(map[string]any)["workflowId"]
			if flow := group.(map[string]any)["workflow"].(map[string]any); flow["id"] != id || flow["name"] == "" {
				t.Fatalf("got %v, want the workflow of the group", group)
			}
		}
	}
	if counts[0] != counts[1] || counts[1] > 10 {
		t.Errorf("got %d statements for 1 group and %d for 100, want the same and at most 10", counts[0], counts[1])
	}
}
