package graph_test

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/infin8content/engine/graph/graphtest"
	"github.com/infin8content/engine/internal/testdb"
)

func TestPublications_ArePagesWithTheirTargetsAndEvents(t *testing.T) {
	t.Parallel()
	b := graphtest.New(t)
	testdb.Gates(t, b.DB, b.Who, false)
	reviewed := testdb.Review(t, b.DB, b.Who)
	if err := testdb.Approve(t.Context(), b.DB.Store(), b.Who, reviewed, b.Who.Actor); err != nil {
		t.Fatal(err)
	}
	planned := testdb.Plan(t, b.DB, b.Who, testdb.Cluster(t, b.DB, b.Who, reviewed))
	testdb.DecidePlan(t, b.DB, b.Who, planned)
	published := testdb.Publish(t, b.DB, b.Who, planned)
	answer := b.Ask(t, `query($id: ID!) { workflow(id: $id) { publications(first: 1) {
		totalCount
		pageInfo { hasNextPage }
		nodes {
			state policy publishAt revision publishedRevision url remoteId failure message
			target { kind state }
			events { version kind state remoteId failure message actor reason }
		}
	} } }`, map[string]any{"id": graphtest.IDOf(published.Flow)})
	var got map[string]any
	if err := json.Unmarshal(answer, &got); err != nil {
		t.Fatal(err)
	}
	event := func(version float64, kind, state string) map[string]any {
		return map[string]any{
			"version": version, "kind": kind, "state": state, "remoteId": nil, "failure": nil, "message": nil,
			"actor": b.Who.Actor, "reason": "",
		}
	}
	want := map[string]any{"workflow": map[string]any{"publications": map[string]any{
		"totalCount": 2.0,
		"pageInfo":   map[string]any{"hasNextPage": true},
		"nodes": []any{map[string]any{
			"state": "SENT", "policy": "PUBLISH", "publishAt": nil, "revision": 1.0, "publishedRevision": nil,
			"url": nil, "remoteId": nil, "failure": nil, "message": nil,
			"target": map[string]any{"kind": "FILE", "state": "READY"},
			"events": []any{event(1, "SEND", "SENT"), event(0, "PLAN", "PLANNED")},
		}},
	}}}
	if diff := cmp.Diff(want, got["data"]); diff != "" {
		t.Errorf("answer (-want +got):\n%s", diff)
	}
}
