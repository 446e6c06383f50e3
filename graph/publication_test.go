package graph_test

import (
	"encoding/json"
	"fmt"
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

// The posts of all workflows by state: the inbox asks for those that wait. Other organizations see none of them.
func TestPublications_OfTheOrganizationByState(t *testing.T) {
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
	const query = `query($states: [PublicationState!], $first: Int, $after: String, $last: Int) { organization {
		publications(states: $states, first: $first, after: $after, last: $last) {
			totalCount pageInfo { hasNextPage endCursor } nodes { id state workflow { id name } articleTitle events { kind } }
		} } }`
	type answer struct {
		Data struct {
			Organization struct {
				Publications struct {
					TotalCount int
					PageInfo   struct {
						HasNextPage bool
						EndCursor   *string
					}
					Nodes []struct {
						ID, State, ArticleTitle string
						Workflow                struct{ ID, Name string }
						Events                  []struct{ Kind string }
					}
				}
			}
		}
	}
	ask := func(variables map[string]any) (got answer) {
		t.Helper()
		if err := json.Unmarshal(b.Ask(t, query, variables), &got); err != nil {
			t.Fatal(err)
		}
		return got
	}
	all := ask(nil).Data.Organization.Publications
	if all.TotalCount != 2 || len(all.Nodes) != 2 || all.Nodes[0].Workflow.ID != graphtest.IDOf(published.Flow) ||
		len(all.Nodes[0].Events) != 1 || len(all.Nodes[1].Events) != 2 {
		t.Fatalf("got %+v, want two publications with their workflow and events", all)
	}
	titles := b.Ask(t, `query($id: ID!) { workflow(id: $id) { publications { nodes { id articleTitle } }
		articles { nodes { title } } } }`, map[string]any{"id": graphtest.IDOf(published.Flow)})
	title := graphtest.Get(t, titles, "data", "workflow", "articles", "nodes", 0, "title").(string)
	for i, node := range all.Nodes {
		own := graphtest.Get(t, titles, "data", "workflow", "publications", "nodes", i, "articleTitle")
		if title == "" || node.ArticleTitle != title || own != title {
			t.Errorf("got the titles %q and %q, want %q", node.ArticleTitle, own, title)
		}
	}
	first := ask(map[string]any{"states": []string{"SENT", "PLANNED"}, "first": 1}).Data.Organization.Publications
	if !first.PageInfo.HasNextPage || len(first.Nodes) != 1 || first.Nodes[0].ID != all.Nodes[0].ID {
		t.Errorf("the first: got %+v", first)
	}
	second := ask(map[string]any{"first": 1, "after": *first.PageInfo.EndCursor}).Data.Organization.Publications
	last := ask(map[string]any{"last": 1}).Data.Organization.Publications
	for name, page := range map[string]int{"second": len(second.Nodes), "last": len(last.Nodes)} {
		if page != 1 {
			t.Fatalf("the %s: got %d publications, want 1", name, page)
		}
	}
	if second.Nodes[0].ID != all.Nodes[1].ID || last.Nodes[0].ID != all.Nodes[1].ID || second.PageInfo.HasNextPage {
		t.Errorf("got %+v and %+v, want the second", second, last)
	}
	twice := ask(map[string]any{"states": []string{"SENT", "PLANNED", "SENT"}}).Data.Organization.Publications
	if twice.TotalCount != 2 || len(twice.Nodes) != 2 {
		t.Errorf("a state named twice: got %+v, want two publications", twice)
	}
	none := ask(map[string]any{"states": []string{"NEEDS_DECISION"}}).Data.Organization.Publications
	if none.TotalCount != 0 {
		t.Errorf("got %+v, want none that waits", none)
	}
}

// A page of posts of many workflows takes as many statements as one post, with their titles, targets and events.
func TestPublications_OfManyWorkflowsTakeAsManyStatementsAsOne(t *testing.T) {
	t.Parallel()
	b, statements := counting(t)
	db := b.DB
	testdb.Gates(t, db, b.Who, false)
	for range 3 {
		reviewed := testdb.Review(t, db, b.Who)
		if err := testdb.Approve(t.Context(), db.Store(), b.Who, reviewed, b.Who.Actor); err != nil {
			t.Fatal(err)
		}
		planned := testdb.Plan(t, db, b.Who, testdb.Cluster(t, db, b.Who, reviewed))
		testdb.DecidePlan(t, db, b.Who, planned)
		testdb.Publish(t, db, b.Who, planned)
	}
	var counts []int64
	for _, first := range []int{1, 6} {
		operation := fmt.Sprintf(`{ organization { publications(first: %d) { totalCount nodes {
			articleTitle target { name } events { kind } workflow { name spend { settled } } } } } }`, first)
		b.Ask(t, operation, nil) // The first round connects and prepares.
		before := statements.n.Load()
		body := b.Ask(t, operation, nil)
		if nodes := graphtest.Get(t, body, "data", "organization", "publications", "nodes"); len(nodes.([]any)) != first {
			t.Fatalf("got %s, want %d posts", body, first)
		}
		counts = append(counts, statements.n.Load()-before)
	}
	if counts[0] != counts[1] || counts[1] > 10 {
		t.Errorf("got %d statements for 1 post and %d for 6, want the same and at most 10", counts[0], counts[1])
	}
}
