package gqlhttp_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/infin8content/engine/graph"
	"github.com/infin8content/engine/graph/graphtest"
	"github.com/infin8content/engine/internal/gqlhttp"
)

func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// apq returns a request of automatic persisted queries.
func apq(query, hash string) map[string]any {
	extension := map[string]any{"version": 1, "sha256Hash": hash}
	body := map[string]any{"extensions": map[string]any{"persistedQuery": extension}}
	if query != "" {
		body["query"] = query
	}
	return body
}

func TestPersistedQuery_RunsByItsHashAfterItWasSentWhole(t *testing.T) {
	t.Parallel()
	b := graphtest.New(t)
	const query = `{ viewer { actor } }`
	for i, step := range []struct {
		body any
		code string
	}{
		{apq("", hash(query)), "PERSISTED_QUERY_NOT_FOUND"},
		{apq(query, hash("something else")), "INVALID_INPUT"},
		{apq(query, "no hash"), "INVALID_INPUT"},
		{apq("", hash(query)), "PERSISTED_QUERY_NOT_FOUND"},
		{apq(query, hash(query)), ""},
		{apq("", hash(query)), ""},
		{apq("", strings.ToUpper(hash(query))), "INVALID_INPUT"},
	} {
		if got := graphtest.CodeOf(t, b.Post(step.body)); got != step.code {
			t.Errorf("step %d: got %q, want %q", i, got, step.code)
		}
	}
	extensions, _ := json.Marshal(apq("", hash(query))["extensions"])
	r := httptest.NewRequest(http.MethodGet, "/graphql?extensions="+url.QueryEscape(string(extensions)), nil)
	if got := graphtest.CodeOf(t, b.Send(r)); got != "" {
		t.Errorf("GET: got %q, want none", got)
	}
}

func TestPersistedQuery_KeepsNoInvalidQuery(t *testing.T) {
	t.Parallel()
	b := graphtest.New(t)
	for _, query := range []string{`{ nonsense }`, `{`, `{ ` + strings.Repeat("viewer { actor } ", 21) + `}`} {
		b.Post(apq(query, hash(query)))
		if got := graphtest.CodeOf(t, b.Post(apq("", hash(query)))); got != "PERSISTED_QUERY_NOT_FOUND" {
			t.Errorf("%.30s: got %q, want PERSISTED_QUERY_NOT_FOUND", query, got)
		}
	}
}

func TestPersistedQuery_RemovesTheOldestOf600(t *testing.T) {
	t.Parallel()
	b := graphtest.New(t)
	query := func(n int) string { return fmt.Sprintf("{ __typename } # %d", n) }
	const many = 600
	for i := range many {
		b.Post(apq(query(i), hash(query(i))))
	}
	if got := graphtest.CodeOf(t, b.Post(apq("", hash(query(0))))); got != "PERSISTED_QUERY_NOT_FOUND" {
		t.Errorf("the first: got %q, want it forgotten", got)
	}
	if got := graphtest.CodeOf(t, b.Post(apq("", hash(query(many-1))))); got != "" {
		t.Errorf("the last: got %q, want it remembered", got)
	}
}

const whoAmI = "query WhoAmI { viewer { actor } }\n"

func trusted(t *testing.T, only bool) *gqlhttp.Documents {
	t.Helper()
	documents, err := gqlhttp.ReadDocuments(graph.NewSchema(nil), fstest.MapFS{
		"who-am-i.graphql": {Data: []byte(whoAmI)}, "README.md": {Data: []byte("not a document")},
	}, gqlhttp.Limits{}, only)
	if err != nil {
		t.Fatal(err)
	}
	return documents
}

func TestDocuments_RunByTheirID(t *testing.T) {
	t.Parallel()
	b := graphtest.New(t).With(func(o *gqlhttp.Options) { o.Documents = trusted(t, false) })
	for id, want := range map[string]string{
		"who-am-i": "", "sha256:" + hash(whoAmI): "", "sha256:" + hash(strings.TrimSpace(whoAmI)): "",
		"README": "NOT_FOUND", "../who-am-i": "NOT_FOUND", "sha256:": "NOT_FOUND",
	} {
		answer := b.Post(map[string]any{"documentId": id})
		if got := graphtest.CodeOf(t, answer); got != want {
			t.Errorf("%s: got %q, want %q", id, got, want)
		}
		r := httptest.NewRequest(http.MethodGet, "/graphql?documentId="+url.QueryEscape(id), nil)
		if got := graphtest.CodeOf(t, b.Send(r)); got != want {
			t.Errorf("GET %s: got %q, want %q", id, got, want)
		}
	}
	both := map[string]any{"documentId": "who-am-i", "query": "{ __typename }"}
	if got := graphtest.CodeOf(t, b.Post(both)); got != "INVALID_INPUT" {
		t.Errorf("both: got %q, want INVALID_INPUT", got)
	}
	if got := graphtest.CodeOf(t, b.Post(map[string]any{"query": "{ __typename }"})); got != "" {
		t.Errorf("another query: got %q, want none", got)
	}
}

func TestDocuments_AreAllThatRunsWhenTheyMustBe(t *testing.T) {
	t.Parallel()
	b := graphtest.New(t).With(func(o *gqlhttp.Options) { o.Documents = trusted(t, true) })
	const other = `{ __typename }`
	for _, test := range []struct {
		body any
		code string
	}{
		{map[string]any{"documentId": "who-am-i"}, ""},
		{map[string]any{"query": whoAmI}, ""},
		{apq("", hash(whoAmI)), ""},
		{map[string]any{"query": other}, "FORBIDDEN"},
		{map[string]any{"query": whoAmI + "#"}, "FORBIDDEN"},
		{apq(other, hash(other)), "FORBIDDEN"},
		{apq("", hash(other)), "PERSISTED_QUERY_NOT_FOUND"},
	} {
		if got := graphtest.CodeOf(t, b.Post(test.body)); got != test.code {
			t.Errorf("%v: got %q, want %q", test.body, got, test.code)
		}
	}
}

func TestReadDocuments_NamesEachBadDocument(t *testing.T) {
	t.Parallel()
	_, err := gqlhttp.ReadDocuments(graph.NewSchema(nil), fstest.MapFS{
		"nonsense.graphql": {Data: []byte("{ nonsense }")}, "a name.graphql": {Data: []byte(whoAmI)},
		"large.graphql": {Data: []byte("{ " + strings.Repeat("viewer { actor } ", 21) + "}")},
	}, gqlhttp.Limits{}, false)
	for _, want := range []string{"nonsense.graphql", "a name.graphql", "large.graphql"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s in it", err, want)
		}
	}
	if _, err := gqlhttp.ReadDocuments(graph.NewSchema(nil), fstest.MapFS{}, gqlhttp.Limits{}, true); err == nil {
		t.Error("an empty folder of all that is allowed: got no error")
	}
}

// A folder may have the manifest of a code generator, in either form. A folder without documents is a mistake.
func TestReadDocuments_ReadsManifests(t *testing.T) {
	t.Parallel()
	b := graphtest.New(t)
	for name, row := range map[string]struct{ text, fault string }{
		"GraphQL Code Generator": {`{"2f3a": "query A { __typename }", "sha256:b": "query B { __typename }"}`, ""},
		"Apollo": {`{"format": "apollo-persisted-query-manifest", "version": 1, "operations": [
			{"id": "2f3a", "name": "A", "type": "query", "body": "query A { __typename }"}]}`, ""},
		"another format": {`{"format": "mine", "operations": []}`, `the manifest m.json: its format "mine" is unknown`},
		"a list":         {`[]`, "the manifest m.json: it is no manifest"},
		"a wrong query":  {`{"2f3a": "query A { nothing }"}`, `the document "2f3a" of m.json: `},
	} {
		folder := fstest.MapFS{"m.json": {Data: []byte(row.text)}}
		documents, err := gqlhttp.ReadDocuments(graph.NewSchema(nil), folder, gqlhttp.Limits{}, true)
		if row.fault != "" {
			if err == nil || !strings.Contains(err.Error(), row.fault) {
				t.Errorf("%s: got %v, want %q", name, err, row.fault)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		served := b.With(func(o *gqlhttp.Options) { o.Documents = documents })
		if got := graphtest.CodeOf(t, served.Post(map[string]any{"documentId": "2f3a"})); got != "" {
			t.Errorf("%s: got %q, want none", name, got)
		}
	}
	empty := fstest.MapFS{"a.gql": {}}
	if _, err := gqlhttp.ReadDocuments(graph.NewSchema(nil), empty, gqlhttp.Limits{}, false); err == nil {
		t.Error("a folder without documents: got no error")
	}
}
