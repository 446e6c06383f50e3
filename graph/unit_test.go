package graph_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/infin8content/engine/graph/graphtest"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/gqlhttp"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

func TestUnits_ArePagesOfTheirStep(t *testing.T) {
	t.Parallel()
	b := graphtest.New(t)
	parked := testdb.Units(t, b.DB, b.Who, testdb.Workflow(t, b.DB, b.Who, testdb.WorkflowOpts{}))
	answer := b.Ask(t, `query($id: ID!) { workflow(id: $id) {
		activity { code sentence }
		units(first: 2) { totalCount pageInfo { hasNextPage } nodes { label step position state attempt done of failure } }
		icp: units(step: ICP) { totalCount }
	} }`, map[string]any{"id": graphtest.IDOf(parked.Flow)})
	var got map[string]any
	if err := json.Unmarshal(answer, &got); err != nil {
		t.Fatal(err)
	}
	delete(got, "extensions")
	unit := func(label, state string, position, attempt float64) map[string]any {
		return map[string]any{
			"label": label, "step": "ARTICLE", "position": position, "state": state, "attempt": attempt,
			"done": 0.0, "of": 0.0, "failure": nil,
		}
	}
	want := map[string]any{"data": map[string]any{"workflow": map[string]any{
		"activity": map[string]any{
			"code":     "UNITS_RUNNING",
			"sentence": "Article generation: 1 of 3 units have ended, 1 run, 1 wait and 0 failed.",
		},
		"units": map[string]any{
			"totalCount": 3.0,
			"pageInfo":   map[string]any{"hasNextPage": true},
			"nodes":      []any{unit("First", "DONE", 1, 1), unit("Second", "RUNNING", 2, 1)},
		},
		"icp": map[string]any{"totalCount": 0.0},
	}}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
}

func TestSubscription_OfUnitsHasEachEvent(t *testing.T) {
	t.Parallel()
	b := graphtest.NewLive(t, gqlhttp.SocketLimits{})
	parked := testdb.Units(t, b.DB, b.Who, b.Workflow(t, workflow.ICPPending))
	c := b.Open(t, "alice")
	c.Subscribe("u", `subscription($id: ID!) {
		unitChanged(workflowId: $id, afterSequence: -1) { sequence kind unit { label state } }
	}`, message{"id": graphtest.IDOf(parked.Flow)})
	for i, e := range []struct{ kind, label, state string }{
		{"PLAN", "First", "PENDING"},
		{"PLAN", "Second", "PENDING"},
		{"PLAN", "Third", "PENDING"},
		{"CLAIM", "First", "RUNNING"},
		{"CLAIM", "Second", "RUNNING"},
		{"FINISH", "First", "DONE"},
	} {
		c.Expect(message{"id": "u", "type": "next", "payload": message{"data": message{"unitChanged": message{
			"sequence": i, "kind": e.kind, "unit": message{"label": e.label, "state": e.state},
		}}}})
	}
	in := engine.SkipUnitInput{UnitID: parked.Units[2].ID, Reason: "not needed"}
	if _, err := b.Engine.SkipUnit(t.Context(), b.Who, in); err != nil {
		t.Fatal(err)
	}
	c.Expect(message{"id": "u", "type": "next", "payload": message{"data": message{"unitChanged": message{
		"sequence": 6, "kind": "SKIP", "unit": message{"label": "Third", "state": "SKIPPED"},
	}}}})
}
