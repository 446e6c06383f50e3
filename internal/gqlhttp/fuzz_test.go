package gqlhttp

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/infin8content/engine/graph"
	"github.com/infin8content/engine/internal/engine"
)

// FuzzEndpoint sends any request without a token. No such request reaches the engine.
func FuzzEndpoint(f *testing.F) {
	handler := NewHandler(Options{
		Schema: graph.NewSchema(&graph.Resolver{Engine: &engine.Engine{}}), Logger: slog.New(slog.DiscardHandler),
	})
	for _, query := range []string{
		`{ __typename }`, `{ viewer { actor } }`, `{`, `{ a { b(c: [{d: "e"}, $f]) @g } }`, doubling(20),
		`query Q($n: Int = 5) { workflows(first: $n) { nodes { ...W } } } fragment W on Workflow { id x: id ...W }`,
		`mutation { cancelWorkflow(input: {workflowId: 1, reason: """x"""}) { userErrors { ... on StaleState { code } } } }`,
		`{ __schema { types { fields { type { fields { name } } } } } }`, `{ __type(name: "Workflow") { name } }`,
		`{ workflow(id: ` + strings.Repeat("[", 50) + `) { id } }`, "query A { __typename } query B { __typename }",
	} {
		body, err := json.Marshal(map[string]any{"query": query, "variables": map[string]any{"n": 1}, "operationName": nil})
		if err != nil {
			f.Fatal(err)
		}
		f.Add(true, "application/json", "application/graphql-response+json", body)
		f.Add(false, "", "*/*", []byte("query="+url.QueryEscape(query)+`&variables={"n":null}`))
	}
	f.Add(true, "application/json", "", []byte(`{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"00"}}}`))
	f.Add(true, "application/json; charset=utf-8", "text/html", []byte(`{"documentId":"x","query":null} {}`))
	f.Add(true, "application/json", "", []byte(`[{"query":"{__typename}"}]`))
	statuses := []int{
		http.StatusOK, http.StatusBadRequest, http.StatusMethodNotAllowed, http.StatusNotAcceptable,
		http.StatusUnsupportedMediaType,
	}
	f.Fuzz(func(t *testing.T, post bool, contentType, accept string, sent []byte) {
		r := &http.Request{
			Method: http.MethodGet,
			URL:    &url.URL{Path: "/graphql", RawQuery: string(sent)},
			Body:   http.NoBody,
			Header: http.Header{"Content-Type": {contentType}, "Accept": {accept}, "Graphql-Preflight": {"1"}},
		}
		if post {
			r.Method, r.URL.RawQuery, r.Body = http.MethodPost, "", io.NopCloser(bytes.NewReader(sent))
		}
		answer := httptest.NewRecorder()
		handler.ServeHTTP(answer, r)
		if !slices.Contains(statuses, answer.Code) {
			t.Errorf("status: got %d", answer.Code)
		}
		var body struct {
			Errors []struct{ Extensions struct{ Code string } }
			Data   json.RawMessage
		}
		if err := json.Unmarshal(answer.Body.Bytes(), &body); err != nil {
			t.Fatalf("%v: %s", err, answer.Body)
		}
		if len(body.Errors) > defaults.Errors || len(body.Errors) == 0 && body.Data == nil {
			t.Errorf("got %d errors and the data %s", len(body.Errors), body.Data)
		}
		for _, found := range body.Errors {
			if found.Extensions.Code == "INTERNAL" || found.Extensions.Code == "" {
				t.Errorf("got %s", answer.Body)
			}
		}
	})
}

// FuzzParse parses any text. The limits bound the errors and the complexity.
func FuzzParse(f *testing.F) {
	schema := graph.NewSchema(nil).Schema()
	for _, text := range []string{
		`{ __typename }`, doubling(5), `{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }`,
		`query($n: Int) { workflows(first: $n) { nodes { ... on Workflow { id } edges: id } } }`,
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		document, errs := parse(suggesting, schema, text, defaults)
		if len(errs) > defaults.Errors+1 {
			t.Errorf("got %d errors", len(errs))
		}
		if len(errs) > 0 {
			return
		}
		for _, operation := range document.Operations {
			c := complexityCounter{schema: schema, sizes: introspectionSizes(schema), page: defaults.Page}
			if complexity := c.count(operation); complexity < 1 || complexity > maxCount {
				t.Errorf("got the complexity %d", complexity)
			}
		}
	})
}
