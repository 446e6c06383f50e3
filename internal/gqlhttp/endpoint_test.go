package gqlhttp_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/infin8content/engine/graph/graphtest"
	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/gqlhttp"
	"github.com/infin8content/engine/internal/workflow"
)

func TestEndpoint_RefusesABadRequestWithoutAnEcho(t *testing.T) {
	t.Parallel()
	b := graphtest.New(t)
	const echo = "swordfish"
	post := func(contentType, body string) *http.Request {
		r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(body))
		r.Header.Set("Content-Type", contentType)
		return r
	}
	for _, test := range []struct {
		name    string
		request *http.Request
		status  int
	}{
		{"no JSON", post("application/json", echo), http.StatusBadRequest},
		{"a list", post("application/json", `["`+echo+`"]`), http.StatusBadRequest},
		{"no query", post("application/json", `{"q": "`+echo+`"}`), http.StatusBadRequest},
		{"a query that is no text", post("application/json", `{"query": {"swordfish": 1}}`), http.StatusBadRequest},
		{
			"variables that are no object", post("application/json", `{"query": "{viewer{actor}}", "variables": "`+echo+`"}`),
			http.StatusBadRequest,
		},
		{"something behind", post("application/json", `{"query": "{viewer{actor}}"} `+echo), http.StatusBadRequest},
		{"broken UTF-8", post("application/json", `{"query": "{viewer{actor}}", "x": "`+"\xff"+`"}`), http.StatusBadRequest},
		{"half a pair", post("application/json", `{"query": "{viewer{actor}}", "x": "\\\ud83d"}`), http.StatusBadRequest},
		{"the other half", post("application/json", `{"query": "{viewer{actor}}", "x": "\udd8a"}`), http.StatusBadRequest},
		{"GET in no UTF-8", httptest.NewRequest(http.MethodGet, "/graphql?query=%7Ba%FF%7D", nil), http.StatusBadRequest},
		{"another type", post("text/plain", `{"query": "{viewer{actor}}"}`), http.StatusUnsupportedMediaType},
		{"another method", httptest.NewRequest(http.MethodPut, "/graphql", nil), http.StatusMethodNotAllowed},
		{"GET without a query", httptest.NewRequest(http.MethodGet, "/graphql", nil), http.StatusBadRequest},
		{
			"GET with bad variables", httptest.NewRequest(http.MethodGet, "/graphql?query={viewer{actor}}&variables="+echo, nil),
			http.StatusBadRequest,
		},
		{"GET with a mutation", httptest.NewRequest(http.MethodGet, "/graphql?query="+url.QueryEscape(
			`mutation { cancelWorkflow(input: {workflowId: "`+echo+`"}) { replayed } }`), nil), http.StatusMethodNotAllowed},
	} {
		answer := b.Send(test.request)
		body := answer.Body.String()
		if answer.Code != test.status {
			t.Errorf("%s: got %d, want %d: %s", test.name, answer.Code, test.status, body)
		}
		if got := graphtest.Get(t, answer.Body.Bytes(), "errors", 0, "extensions", "code"); got != "INVALID_INPUT" {
			t.Errorf("%s: got the code %v, want INVALID_INPUT", test.name, got)
		}
		if got := graphtest.Get(t, answer.Body.Bytes(), "errors", 0, "extensions", "requestId"); got != "request-1" {
			t.Errorf("%s: got the request id %v", test.name, got)
		}
		if strings.Contains(body, echo) || strings.Contains(body, `"data"`) {
			t.Errorf("%s: got an echo or data: %s", test.name, body)
		}
	}
}

func TestEndpoint_AnswersInTheTypeThatTheClientPrefers(t *testing.T) {
	t.Parallel()
	b := graphtest.New(t)
	const newer, older = "application/graphql-response+json", "application/json"
	for accept, want := range map[string]string{
		"":                                    older,
		"*/*":                                 older,
		older:                                 older,
		newer:                                 newer,
		newer + ", " + older + ";q=0.9":       newer,
		newer + ";q=0.5, " + older + ";q=0.9": older,
	} {
		r := httptest.NewRequest(http.MethodGet, "/graphql?query={nonsense}", nil)
		r.Header.Set("Accept", accept)
		answer := b.Send(r)
		if got := answer.Header().Get("Content-Type"); got != want+"; charset=utf-8" {
			t.Errorf("%q: got %s, want %s", accept, got, want)
		}
		status := http.StatusOK
		if want == newer {
			status = http.StatusBadRequest
		}
		if answer.Code != status {
			t.Errorf("%q: got %d, want %d", accept, answer.Code, status)
		}
	}
}

func TestEndpoint_GETAnswersQueriesWithVariables(t *testing.T) {
	t.Parallel()
	b := graphtest.New(t)
	answer := b.Send(httptest.NewRequest(http.MethodGet, "/graphql?"+url.Values{
		"query":         {`query A { __typename } query B($first: Int) { workflows(first: $first) { totalCount } }`},
		"operationName": {"B"}, "variables": {`{"first": 5}`},
	}.Encode(), nil))
	if got := graphtest.Get(t, answer.Body.Bytes(), "data", "workflows", "totalCount"); got != 0.0 {
		t.Errorf("got %v: %s", got, answer.Body)
	}
}

func TestEndpoint_ACallerWithoutATokenIsUnauthenticated(t *testing.T) {
	t.Parallel()
	b := graphtest.New(t)
	b.Who = caller.Caller{}
	body := b.Ask(t, `{ viewer { actor } }`, nil)
	if got := graphtest.Get(t, body, "errors", 0, "extensions", "code"); got != "UNAUTHENTICATED" {
		t.Errorf("got %v, want UNAUTHENTICATED", got)
	}
}

func TestEndpoint_AForbiddenMutationChangesNothing(t *testing.T) {
	t.Parallel()
	b := graphtest.New(t)
	made, err := b.Engine.Create(t.Context(), b.Who, engine.CreateInput{
		Name: "Acme", Company: workflow.Company{Name: "Acme", URL: "https://acme.example"},
	})
	if err != nil {
		t.Fatal(err)
	}
	body := b.As(caller.Viewer).Ask(t, `mutation($id: ID!) { cancelWorkflow(input: {workflowId: $id}) { replayed } }`,
		map[string]any{"id": "wf_" + made.Workflow.ID.String()})
	if got := graphtest.Get(t, body, "errors", 0, "extensions", "code"); got != "FORBIDDEN" {
		t.Errorf("got %v, want FORBIDDEN", got)
	}
	if now, err := b.Engine.Workflow(t.Context(), b.Who, made.Workflow.ID); err != nil || now.Version != 0 {
		t.Errorf("got %v, %v, want it untouched", now, err)
	}
}

func TestEndpoint_ABrokenDatabaseIsInternalAndItsTextStaysInTheLog(t *testing.T) {
	t.Parallel()
	b := graphtest.New(t)
	b.Workflows(t, 3)
	if _, err := b.DB.Super.Exec(t.Context(), `ALTER TABLE usage_accounts RENAME TO swordfish`); err != nil {
		t.Fatal(err)
	}
	body := b.Ask(t, `query Broken { workflows { nodes { spend { settled } } } }`, nil)
	if got := graphtest.Get(t, body, "errors", 0, "extensions", "code"); got != "INTERNAL" {
		t.Errorf("got %v, want INTERNAL", got)
	}
	if strings.Contains(string(body), "usage_accounts") || !strings.Contains(b.Log.String(), "usage_accounts") {
		t.Errorf("the answer is %s, the log %s", body, b.Log)
	}
	if got := strings.Count(b.Log.String(), "level=ERROR"); got != 1 {
		t.Errorf("got %d lines in the log, want 1: %s", got, b.Log)
	}
	if diff := cmp.Diff([]string{"Broken INTERNAL"}, b.Reports.Lines); diff != "" {
		t.Error(diff)
	}
}

func TestEndpoint_ReportsTheCodeOfAUserErrorWithItsOperation(t *testing.T) {
	t.Parallel()
	b := graphtest.New(t)
	b.Ask(t, `mutation Give { cancelWorkflow(input: {workflowId: "nonsense"}) { replayed } }`, nil)
	if diff := cmp.Diff([]string{" INVALID_INPUT", "Give "}, b.Reports.Lines); diff != "" {
		t.Error(diff)
	}
}

func TestEndpoint_ANumberThatDoesNotFitIsAnInputError(t *testing.T) {
	t.Parallel()
	b := graphtest.New(t)
	for _, operation := range []string{
		`{ workflows(first: 99999999999) { totalCount } }`,
		`{ workflows(first: 99999999999999999999999) { totalCount } }`,
		`mutation { renewLease(input: {workflowId: "wf_1", token: 3000000000}) { run { token } } }`,
	} {
		body := b.Ask(t, operation, nil)
		code := graphtest.Get(t, body, "errors", 0, "extensions", "code")
		if code != "INVALID_INPUT" && code != "GRAPHQL_VALIDATION_FAILED" {
			t.Errorf("%s: got %s", operation, body)
		}
	}
}

func TestEndpoint_RefusesAClientThatAcceptsNoJSON(t *testing.T) {
	t.Parallel()
	b := graphtest.New(t)
	answer := b.Post(map[string]any{"query": "{ viewer { actor } }"}, "Accept", "text/html")
	if answer.Code != http.StatusNotAcceptable || graphtest.CodeOf(t, answer) != "INVALID_INPUT" {
		t.Errorf("got %d %s, want 406", answer.Code, answer.Body)
	}
}

func TestEndpoint_RefusesOtherEncodings(t *testing.T) {
	t.Parallel()
	b := graphtest.New(t)
	for name, value := range map[string]string{
		"Content-Encoding": "gzip", "Content-Type": "application/json; charset=latin1",
	} {
		answer := b.Post(map[string]any{"query": "{ viewer { actor } }"}, name, value)
		if answer.Code != http.StatusUnsupportedMediaType {
			t.Errorf("%s: %s: got %d, want 415", name, value, answer.Code)
		}
	}
	answer := b.Post(map[string]any{"query": "{ viewer { actor } }"}, "Content-Type", `application/json; charset="UTF-8"`)
	if answer.Code != http.StatusOK {
		t.Errorf("UTF-8: got %d, want 200", answer.Code)
	}
}

func TestEndpoint_GETNeedsAHeaderThatForcesAPreflight(t *testing.T) {
	t.Parallel()
	b := graphtest.New(t)
	r := httptest.NewRequest(http.MethodGet, "/graphql?query={viewer{actor}}", nil)
	r.Header.Set("Content-Type", "text/plain")
	if answer := b.Send(r); answer.Code != http.StatusBadRequest || graphtest.CodeOf(t, answer) != "INVALID_INPUT" {
		t.Errorf("got %d %s, want 400", answer.Code, answer.Body)
	}
}

func TestEndpoint_FinerStatusIsForTheNewerType(t *testing.T) {
	t.Parallel()
	b := graphtest.New(t).With(func(o *gqlhttp.Options) { o.FinerStatus = true })
	const newer, older = "application/graphql-response+json", "application/json"
	for name, test := range map[string]struct {
		body         any
		newer, older int
	}{
		"data":                  {map[string]any{"query": "{ viewer { actor } }"}, 200, 200},
		"data and errors":       {map[string]any{"query": `{ viewer { actor } workflow(id: "x") { id } }`}, 294, 200},
		"a syntax error":        {map[string]any{"query": "{"}, 400, 200},
		"not valid":             {map[string]any{"query": "{ nonsense }"}, 422, 200},
		"too much":              {map[string]any{"query": "{ " + strings.Repeat("viewer { actor } ", 21) + "}"}, 422, 200},
		"no such operation":     {map[string]any{"query": "query A { viewer { actor } }", "operationName": "B"}, 422, 200},
		"a missing variable":    {map[string]any{"query": "query($i: ID!) { workflow(id: $i) { id } }"}, 422, 200},
		"no query":              {map[string]any{"qeury": "{ viewer { actor } }"}, 422, 422},
		"a number as variables": {map[string]any{"query": "{ viewer { actor } }", "variables": 1}, 422, 422},
	} {
		for media, want := range map[string]int{newer: test.newer, older: test.older} {
			if answer := b.Post(test.body, "Accept", media); answer.Code != want {
				t.Errorf("%s, %s: got %d, want %d: %s", name, media, answer.Code, want, answer.Body)
			}
		}
	}
	r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader("{"))
	if answer := b.Send(r); answer.Code != http.StatusBadRequest {
		t.Errorf("no JSON: got %d, want 400", answer.Code)
	}
}

func TestExecutor_EndsAnOperationThatTakesTooLong(t *testing.T) {
	t.Parallel()
	b := graphtest.New(t)
	b.Workflows(t, 1)
	b = b.With(func(o *gqlhttp.Options) { o.Limits = gqlhttp.Limits{QueryTime: 1, MutationTime: 1} })
	for name, operation := range map[string]string{
		"a query": `{ workflows { nodes { id } } }`,
		"a mutation": `mutation {
			createWorkflow(input: {name: "Late", company: {name: "A", url: "https://a.example"}}) { replayed }
		}`,
	} {
		answer := b.Post(map[string]any{"query": operation})
		if got := graphtest.CodeOf(t, answer); got != "TIMED_OUT" {
			t.Errorf("%s: got %s", name, answer.Body)
		}
	}
	body := b.With(func(*gqlhttp.Options) {}).Ask(t, `{ workflows { totalCount } }`, nil)
	if got := graphtest.Get(t, body, "data", "workflows", "totalCount"); got != 1.0 {
		t.Errorf("got %v workflows, want 1", got)
	}
}

func TestExecutor_CutsTheErrorsOfAnAnswer(t *testing.T) {
	t.Parallel()
	b := graphtest.New(t).With(func(o *gqlhttp.Options) { o.Limits = gqlhttp.Limits{Errors: 3} })
	for operation, want := range map[string][]string{
		`{ a b }`:       {"GRAPHQL_VALIDATION_FAILED", "GRAPHQL_VALIDATION_FAILED"},
		`{ a b c }`:     {"GRAPHQL_VALIDATION_FAILED", "GRAPHQL_VALIDATION_FAILED", "GRAPHQL_VALIDATION_FAILED"},
		`{ a b c d }`:   {"GRAPHQL_VALIDATION_FAILED", "GRAPHQL_VALIDATION_FAILED", "TOO_MANY_ERRORS"},
		`{ a b c d e }`: {"GRAPHQL_VALIDATION_FAILED", "GRAPHQL_VALIDATION_FAILED", "TOO_MANY_ERRORS"},
		`{ ` + numbered(4, `a%d: workflow(id: "x") { id } `) + `}`: {"INVALID_INPUT", "INVALID_INPUT", "TOO_MANY_ERRORS"},
	} {
		var got []string
		body := b.Ask(t, operation, nil)
		for _, found := range graphtest.Get(t, body, "errors").([]any) {
			got = append(got, found.(map[string]any)["extensions"].(map[string]any)["code"].(string))
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s:\n%s", operation, diff)
		}
	}
}

func TestExecutor_ARefusalHasTheLimitAndTheNumberFound(t *testing.T) {
	t.Parallel()
	b := graphtest.New(t)
	body := b.Ask(t, `{ workflows(first: 100) { nodes { transitions(first: 100) { nodes { workflow { id } } } } } }`, nil)
	const found, limit = 1 + 100*(1+1+100*2), 1000
	for path, want := range map[string]float64{"found": found, "limit": limit} {
		if got := graphtest.Get(t, body, "errors", 0, "extensions", path); got != want {
			t.Errorf("%s: got %v, want %v", path, got, want)
		}
	}
	for path, want := range map[string]float64{"requested": found, "limit": limit, "remaining": 0} {
		if got := graphtest.Get(t, body, "extensions", "cost", path); got != want {
			t.Errorf("cost.%s: got %v, want %v", path, got, want)
		}
	}
	if graphtest.Get(t, body, "data") != nil || strings.Contains(string(body), `"data"`) {
		t.Errorf("got data: %s", body)
	}
}

func TestExecutor_AnOperationWithoutAComplexityHasNoExtension(t *testing.T) {
	t.Parallel()
	b := graphtest.New(t)
	for operation, variables := range map[string]map[string]any{
		`query ($n: Int!) { workflows(first: $n) { nodes { id } } }`: {"n": "many"},
		`{ nonsense }`: nil,
	} {
		answer := map[string]any{}
		if err := json.Unmarshal(b.Ask(t, operation, variables), &answer); err != nil {
			t.Fatal(err)
		}
		if extensions, found := answer["extensions"]; found || answer["errors"] == nil {
			t.Errorf("%s: got the extensions %v and the errors %v", operation, extensions, answer["errors"])
		}
	}
}

// The largest page is a constant here and in graph: neither package imports the other.
func TestLimits_LargestPageIsThatOfTheResolvers(t *testing.T) {
	t.Parallel()
	b := graphtest.New(t)
	limits := gqlhttp.Limits{
		Tokens:       1,
		Depth:        1,
		Aliases:      1,
		RootFields:   1,
		Complexity:   1,
		Errors:       1,
		QueryTime:    1,
		MutationTime: 1,
	}
	for page, code := range map[int]string{100: "", 101: "INVALID_INPUT"} {
		limits.Page = page
		if err := limits.Check(); (err == nil) != (code == "") {
			t.Errorf("a limit of %d: got %v", page, err)
		}
		query := map[string]any{"query": fmt.Sprintf("{ workflows(first: %d) { totalCount } }", page)}
		if got := graphtest.CodeOf(t, b.Post(query)); got != code {
			t.Errorf("a page of %d: got %q, want %q", page, got, code)
		}
	}
}
