package gqlhttp_test

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/infin8content/engine/graph"
	"github.com/infin8content/engine/graph/graphtest"
	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/gqlhttp"
)

// discreet returns a handler that describes its schema to administrators, and can answer nothing else.
func discreet() graphtest.Bundle {
	return graphtest.Bundle{
		Who: caller.Caller{Actor: "alice", OrganizationID: graphtest.TheOrganization, Role: caller.Admin},
		Handler: gqlhttp.NewHandler(gqlhttp.Options{
			Schema: graph.NewSchema(&graph.Resolver{Engine: &engine.Engine{}}), Logger: slog.New(slog.DiscardHandler),
			Describe: func(who caller.Caller) bool { return who.Role.Includes(caller.Admin) },
		}),
	}
}

func TestTheSchemaIsDescribedToThoseWhoMayKnowIt(t *testing.T) {
	t.Parallel()
	b := discreet()
	asked := map[string]string{
		"the schema": `{ __schema { queryType { name } } }`,
		"a type":     `{ __type(name: "Workflow") { name } }`,
		"an alias":   `{ viewer { role } x: __schema { queryType { name } } }`,
		"a fragment": `query { ... on Query { ...a } } fragment a on Query { ...b ...b }
			fragment b on Query { __schema { queryType { name } } }`,
		"one of two operations": `query Other { viewer { role } } query Q { __schema { queryType { name } } }`,
		"a condition":           `{ __schema @skip(if: true) { queryType { name } } }`,
	}
	for name, query := range asked {
		body := map[string]any{"query": query}
		if strings.Contains(query, "query Q") {
			body["operationName"] = "Q"
		}
		// An operation that was answered once is remembered, and must not be for somebody else.
		for _, role := range []caller.Role{caller.Admin, caller.Operator, caller.Viewer, "", caller.Admin} {
			want := "FORBIDDEN"
			if role == caller.Admin {
				want = ""
			}
			answer := b.As(role).Post(body)
			if name == "an alias" && want == "" {
				continue // it asks the engine too, which is none
			}
			if got := graphtest.CodeOf(t, answer); got != want || (want != "" && strings.Contains(answer.Body.String(), "data")) {
				t.Errorf("%s, asked by %q: got %s (%s), want %q", name, role, answer.Body, got, want)
			}
		}
	}
	if got := b.As(caller.Viewer).Post(map[string]any{"query": `{ __typename }`}).Body.String(); !strings.Contains(
		got, `{"__typename":"Query"}`) {
		t.Errorf("__typename: got %s, want the name", got)
	}
}

func TestWhoMayNotKnowTheSchemaGetsNoSuggestions(t *testing.T) {
	t.Parallel()
	b := discreet()
	for name, query := range map[string]string{
		"a field":          `{ workflow { id } viewr { role } }`,
		"an argument":      `{ workflows(frist: 1) { totalCount } }`,
		"a value":          `{ workflows(orderBy: {field: CREATEDAT}) { totalCount } }`,
		"a leaf":           `{ viewer }`,
		"an input's field": `mutation { cancelWorkflow(input: {workflwId: "x"}) { replayed } }`,
	} {
		told, refused := b.Post(map[string]any{"query": query}), b.As(caller.Viewer).Post(map[string]any{"query": query})
		if got := graphtest.CodeOf(t, refused); got != "GRAPHQL_VALIDATION_FAILED" {
			t.Errorf("%s: got %s, want GRAPHQL_VALIDATION_FAILED", name, got)
		}
		for _, word := range []string{"Did you mean", "{ ... }"} {
			if strings.Contains(refused.Body.String(), word) {
				t.Errorf("%s: got %s, want no suggestion", name, refused.Body)
			}
		}
		if !strings.Contains(told.Body.String(), "Did you mean") {
			t.Errorf("%s: got %s for who may know, want a suggestion: the test asks for nothing", name, told.Body)
		}
	}
}
