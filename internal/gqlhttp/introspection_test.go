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

// forAdmins returns a handler without an engine, whose schema only administrators may introspect.
func forAdmins() graphtest.Bundle {
	return graphtest.Bundle{
		Who: caller.Caller{Actor: "alice", OrganizationID: graphtest.TheOrganization, Role: caller.Admin},
		Handler: gqlhttp.NewHandler(gqlhttp.Options{
			Schema: graph.NewSchema(&graph.Resolver{Engine: &engine.Engine{}}), Logger: slog.New(slog.DiscardHandler),
			MayIntrospect: func(who caller.Caller) bool { return who.Role.Has(caller.Explore) },
		}),
	}
}

func TestIntrospection_IsForPermittedCallers(t *testing.T) {
	t.Parallel()
	b := forAdmins()
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
		// The handler keeps a valid operation. It must not serve it to a caller without the right.
		for _, role := range []caller.Role{caller.Admin, caller.Operator, caller.Viewer, "", caller.Admin} {
			want := "FORBIDDEN"
			if role == caller.Admin {
				want = ""
			}
			answer := b.As(role).Post(body)
			if name == "an alias" && want == "" {
				continue // viewer needs the engine, and there is none
			}
			hasData := strings.Contains(answer.Body.String(), "data")
			if got := graphtest.CodeOf(t, answer); got != want || want != "" && hasData {
				t.Errorf("%s, asked by %q: got %s (%s), want %q", name, role, answer.Body, got, want)
			}
		}
	}
	if got := b.As(caller.Viewer).Post(map[string]any{"query": `{ __typename }`}).Body.String(); !strings.Contains(
		got, `{"__typename":"Query"}`) {
		t.Errorf("__typename: got %s, want the name", got)
	}
}

func TestIntrospection_OtherCallersGetNoSuggestions(t *testing.T) {
	t.Parallel()
	b := forAdmins()
	for name, query := range map[string]string{
		"a field":          `{ workflow { id } viewr { role } }`,
		"an argument":      `{ workflows(frist: 1) { totalCount } }`,
		"a value":          `{ workflows(orderBy: {field: CREATEDAT}) { totalCount } }`,
		"a leaf":           `{ viewer }`,
		"an input's field": `mutation { cancelWorkflow(input: {workflwId: "x"}) { replayed } }`,
	} {
		permitted, refused := b.Post(map[string]any{"query": query}), b.As(caller.Viewer).Post(map[string]any{"query": query})
		if got := graphtest.CodeOf(t, refused); got != "GRAPHQL_VALIDATION_FAILED" {
			t.Errorf("%s: got %s, want GRAPHQL_VALIDATION_FAILED", name, got)
		}
		for _, word := range []string{"Did you mean", "{ ... }"} {
			if strings.Contains(refused.Body.String(), word) {
				t.Errorf("%s: got %s, want no suggestion", name, refused.Body)
			}
		}
		if !strings.Contains(permitted.Body.String(), "Did you mean") {
			t.Errorf("%s: got %s for an administrator, want a suggestion: else this test proves nothing", name, permitted.Body)
		}
	}
}
