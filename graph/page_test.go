package graph_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/infin8content/engine/graph/graphtest"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/testdb"
)

func TestPage_FollowsTheOneBeforeWithoutAGapInEveryOrder(t *testing.T) {
	t.Parallel()
	b := graphtest.New(t)
	all := b.Workflows(t, 7)
	// The first workflow changes last.
	if _, err := b.Engine.Cancel(context.Background(), b.Who, engine.CancelInput{WorkflowID: all[0].ID}); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		field, direction string
		want             []string
	}{
		{"CREATED_AT", "ASC", []string{"01", "02", "03", "04", "05", "06", "07"}},
		{"CREATED_AT", "DESC", []string{"07", "06", "05", "04", "03", "02", "01"}},
		{"UPDATED_AT", "ASC", []string{"02", "03", "04", "05", "06", "07", "01"}},
		{"UPDATED_AT", "DESC", []string{"01", "07", "06", "05", "04", "03", "02"}},
		{"NAME", "ASC", []string{"01", "02", "03", "04", "05", "06", "07"}},
		{"NAME", "DESC", []string{"07", "06", "05", "04", "03", "02", "01"}},
	} {
		t.Run(test.field+test.direction, func(t *testing.T) {
			t.Parallel()
			order := map[string]any{"field": test.field, "direction": test.direction}
			if diff := cmp.Diff(test.want, walk(t, b, order, false)); diff != "" {
				t.Error(diff)
			}
			slices.Reverse(test.want)
			if diff := cmp.Diff(test.want, walk(t, b, order, true)); diff != "" {
				t.Errorf("backward: %s", diff)
			}
		})
	}
}

// walk reads all pages of the workflows, forward or backward, and returns their names. Those of a backward walk come in
// reverse order.
func walk(t *testing.T, b graphtest.Bundle, order map[string]any, backward bool) (names []string) {
	t.Helper()
	const list = `query($order: WorkflowOrder, $first: Int, $after: String, $last: Int, $before: String) {
		workflows(orderBy: $order, first: $first, after: $after, last: $last, before: $before) {
			nodes { name } pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
		}
	}`
	size, cursor, more, behind, at := "first", "after", "hasNextPage", "hasPreviousPage", "endCursor"
	if backward {
		size, cursor, more, behind, at = "last", "before", "hasPreviousPage", "hasNextPage", "startCursor"
	}
	variables := map[string]any{"order": order, size: 3}
	for {
		body := b.Ask(t, list, variables)
		nodes, _ := graphtest.Get(t, body, "data", "workflows", "nodes").([]any)
		info := func(field string) any { return graphtest.Get(t, body, "data", "workflows", "pageInfo", field) }
		var page []string
		for i := range nodes {
			page = append(page, graphtest.Get(t, body, "data", "workflows", "nodes", i, "name").(string))
		}
		if backward {
			slices.Reverse(page)
		}
		names = append(names, page...)
		if want := variables[cursor] != nil; info(behind) != want {
			t.Errorf("%s: got %v, want %v", behind, info(behind), want)
		}
		if more, _ := info(more).(bool); !more || len(nodes) == 0 {
			return names
		}
		variables[cursor] = info(at)
	}
}

func TestPage_RefusesMixedArguments(t *testing.T) {
	t.Parallel()
	b := graphtest.New(t)
	for arguments, want := range map[string]string{
		`first: 1, last: 1`:   "last",
		`last: 0`:             "last",
		`last: 101`:           "last",
		`before: "a"`:         "before",
		`last: 1, after: "a"`: "after",
		`last: 1, before: ""`: "before",
	} {
		body := b.Ask(t, `{ workflows(`+arguments+`) { nodes { id } } }`, nil)
		if got := graphtest.Get(t, body, "errors", 0, "extensions", "field", 0); got != want {
			t.Errorf("%s: got an error of %v, want one of %s: %s", arguments, got, want, body)
		}
	}
}

func TestCursor_FitsOnlyItsList(t *testing.T) {
	t.Parallel()
	b := graphtest.New(t)
	b.Workflows(t, 2)
	body := b.Ask(t, `{ workflows(first: 2) {
		pageInfo { endCursor }
		nodes {
			id transitions { pageInfo { endCursor } } ledger { pageInfo { endCursor } } calls { pageInfo { endCursor } }
		}
	} }`, nil)
	cursor := func(path ...any) any {
		return graphtest.Get(t, body, append(append([]any{"data", "workflows"}, path...), "pageInfo", "endCursor")...)
	}
	id := graphtest.Get(t, body, "data", "workflows", "nodes", 0, "id")
	ask := func(b graphtest.Bundle, list string, after any) any {
		answer := b.Ask(t, `query($id: ID!, $after: String) { workflow(id: $id) { `+list+`(after: $after) { totalCount } } }`,
			map[string]any{"id": id, "after": after})
		return graphtest.Get(t, answer, "errors", 0, "extensions", "code")
	}
	for list, after := range map[string]any{
		"transitions": cursor("nodes", 0, "ledger"),
		"ledger":      cursor("nodes", 0, "transitions"),
		"calls":       cursor(),
	} {
		if got := ask(b, list, after); got != "INVALID_INPUT" {
			t.Errorf("%s with the cursor of another list: got %v, want INVALID_INPUT", list, got)
		}
	}
	for _, list := range []string{"transitions", "ledger", "calls"} {
		if got := ask(b, list, cursor("nodes", 1, list)); got != "INVALID_INPUT" {
			t.Errorf("%s with the cursor of another workflow: got %v, want INVALID_INPUT", list, got)
		}
	}
	const workflows = `query($after: String, $order: WorkflowOrder) {
		workflows(after: $after, orderBy: $order) { totalCount }
	}`
	after := cursor()
	for name, answer := range map[string][]byte{
		"another order": b.Ask(t, workflows, map[string]any{
			"after": after, "order": map[string]any{"field": "UPDATED_AT"},
		}),
		"the other direction": b.Ask(t, workflows, map[string]any{
			"after": after, "order": map[string]any{"field": "CREATED_AT", "direction": "ASC"},
		}),
		"another organization": b.Of(t, graphtest.AnotherOrganization).Ask(t, workflows, map[string]any{"after": after}),
	} {
		if got := graphtest.Get(t, answer, "errors", 0, "extensions", "code"); got != "INVALID_INPUT" {
			t.Errorf("%s: got %v, want INVALID_INPUT", name, got)
		}
		if got := graphtest.Get(t, answer, "errors", 0, "extensions", "field", 0); got != "after" {
			t.Errorf("%s: got the field %v, want after", name, got)
		}
	}
}

// counter counts statements, each of which is a round trip. The statement that sets the tenant travels with the next
// one and does not count.
type counter struct{ n atomic.Int64 }

func (c *counter) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	c.n.Add(1)
	return ctx
}

func (*counter) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (c *counter) TraceBatchStart(ctx context.Context, _ *pgx.Conn, sent pgx.TraceBatchStartData) context.Context {
	for _, q := range sent.Batch.QueuedQueries {
		if !strings.HasPrefix(q.SQL, "SELECT set_config(") {
			c.n.Add(1)
		}
	}
	return ctx
}

func (*counter) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

func (*counter) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// counting returns an API whose statements are counted.
func counting(t *testing.T) (graphtest.Bundle, *counter) {
	t.Helper()
	statements := &counter{}
	return traced(t, statements), statements
}

// traced returns an API whose statements a tracer sees. Those of DB.Store it does not see.
func traced(t *testing.T, tracer pgx.QueryTracer) graphtest.Bundle {
	t.Helper()
	db := testdb.NewSimulated(t)
	config := db.Pool.Config()
	config.ConnConfig.Tracer = tracer
	config.MinConns, config.MaxConns = 1, 8
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return graphtest.NewOn(t, db, postgres.New(pool))
}

// The overview of a dashboard takes as many statements in the month's first hour, before its account is opened.
func TestOverview_TakesThreeStatements(t *testing.T) {
	t.Parallel()
	b, statements := counting(t)
	const overview = `{ organization { workflowCounts { total } spend { limit settled held remaining }
		months(first: 3) { nodes { period { start end } closing { settled } } } } }`
	for _, opened := range []string{"no month", "a month"} {
		if opened == "a month" {
			b.Workflows(t, 1) // It has reserved money.
		}
		b.Ask(t, overview, nil) // The first round connects and prepares.
		before := statements.n.Load()
		body := b.Ask(t, overview, nil)
		if errs := graphtest.Get(t, body, "errors"); errs != nil {
			t.Fatal(errs)
		}
		if got := statements.n.Load() - before; got != 3 {
			t.Errorf("%s: got %d statements, want 3", opened, got)
		}
	}
}

func TestPage_TakesAsManyStatementsAsAnItem(t *testing.T) {
	t.Parallel()
	b, statements := counting(t)
	b.Workflows(t, 20)

	for _, test := range []struct {
		name, fields string
		most         int64
	}{
		{"the list of a dashboard", `nodes {
			step { number } status spend { settled } transitions(first: 2) { nodes { to } }
		}`, 4},
		{"the same by edges", `edges { node {
			step { number } status spend { settled } transitions(first: 2) { edges { node { to } } }
		} }`, 4},
		{"advice of several amounts", `nodes {
			spend { a: canSpend(amount: "0.1") b: canSpend(amount: "0.99") }
		}`, 3},
		{"everything", `totalCount nodes {
			spend { remaining } icp { model } activity { code }
			transitions(first: 2) { totalCount nodes { to workflow { spend { held } } } }
			more: transitions(first: 3) { totalCount }
			calls(first: 2) { totalCount nodes { state workflow { activity { code } } } }
			ledger(first: 2) { totalCount nodes { kind } }
			usage(range: { from: "2026-02-01", to: "2026-03-01" }, groupBy: [STEP]) { total { calls } }
		}`, 13},
	} {
		var counts []int64
		for _, first := range []int{2, 20} {
			operation := fmt.Sprintf(`{ workflows(first: %d) { %s } }`, first, test.fields)
			b.Ask(t, operation, nil) // The first round connects and prepares.
			before := statements.n.Load()
			body := b.Ask(t, operation, nil)
			if errs := graphtest.Get(t, body, "errors"); errs != nil {
				t.Fatalf("%s: %v", test.name, errs)
			}
			counts = append(counts, statements.n.Load()-before)
		}
		if counts[0] != counts[1] || counts[1] > test.most {
			t.Errorf("%s: got %d statements for 2 and %d for 20, want the same and at most %d",
				test.name, counts[0], counts[1], test.most)
		}
	}
}
