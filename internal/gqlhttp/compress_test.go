package gqlhttp_test

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/infin8content/engine/graph/graphtest"
)

// everyType asks for the whole schema.
const everyType = `{ __schema { types { name description fields { name description type { name kind } } } } }`

func TestCompression_IsForLargeAnswersOfQueriesThatTheClientWantsCompressed(t *testing.T) {
	t.Parallel()
	b := graphtest.New(t)
	var ids strings.Builder
	for i := range 100 {
		fmt.Fprintf(&ids, "id%d: id ", i)
	}
	mutation := `mutation { createWorkflow(input: {name: "a", company: {name: "b", url: "https://c.example"}}) {
		workflow { ` + ids.String() + ` } userErrors { message } } }`
	for name, row := range map[string]struct {
		accepts, query string
		compressed     bool
	}{
		"a large answer":      {"gzip, br", everyType, true},
		"with a weight":       {"br, gzip;q=0.5", everyType, true},
		"not asked for":       {"", everyType, false},
		"refused":             {"gzip;q=0", everyType, false},
		"another compression": {"br", everyType, false},
		"a small answer":      {"gzip", `{ __typename }`, false},
		"a mutation":          {"gzip", mutation, false},
	} {
		body, _ := json.Marshal(map[string]any{"query": row.query})
		r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(string(body)))
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Accept-Encoding", row.accepts)
		answer := b.Send(r)
		if got := answer.Header().Get("Content-Encoding") == "gzip"; got != row.compressed {
			t.Errorf("%s: got %v, want compressed: %t", name, answer.Header(), row.compressed)
		}
		if answer.Header().Get("No-Gzip-Compression") != "" {
			t.Errorf("%s: the client sees %v", name, answer.Header())
		}
		if !strings.Contains(strings.Join(answer.Header().Values("Vary"), ","), "Accept-Encoding") {
			t.Errorf("%s: a cache would mix answers: %v", name, answer.Header())
		}
		if !row.compressed {
			continue
		}
		packed := answer.Body.Len()
		reader, err := gzip.NewReader(answer.Body)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(reader)
		if err != nil || !json.Valid(text) || packed*4 > len(text) {
			t.Errorf("%s: got %d bytes of %d, %v", name, packed, len(text), err)
		}
	}
}

// gqlgen drops a deferred part when a transport delivers one answer, so the directive does not exist.
func TestDefer_IsNeitherInTheSchemaNorAccepted(t *testing.T) {
	t.Parallel()
	b := graphtest.New(t)
	answer := b.Post(map[string]any{"query": `{ __schema { directives { name } } }`})
	if text := answer.Body.String(); strings.Contains(text, `"defer"`) || !strings.Contains(text, `"skip"`) {
		t.Errorf("the directives are %s", text)
	}
	deferred := map[string]any{"query": `{ viewer { ... @defer { actor } } }`}
	if got := graphtest.CodeOf(t, b.Post(deferred)); got != "GRAPHQL_VALIDATION_FAILED" {
		t.Errorf("@defer: got %q, want GRAPHQL_VALIDATION_FAILED", got)
	}
}
