package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/web"
)

// cursor returns a cursor from the first page of a list.
func (f fixture) cursor(t *testing.T, selection string) string {
	t.Helper()
	got, err := f.client.post(t.Context(), `{ `+selection+` }`, nil)
	if err != nil || len(got.Errors) > 0 {
		t.Fatalf("read a cursor: %s, %v", got.Body, err)
	}
	_, rest, found := strings.Cut(got.Body, `"endCursor":"`)
	text, _, _ := strings.Cut(rest, `"`)
	if !found || text == "" {
		t.Fatalf("there is no cursor in %s", got.Body)
	}
	return text
}

func TestQueryInput_IsRefusedByField(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := w.serve(t, "--workers=false")
	f, other := newFixture(t, w, server.address), newFixture(t, w, server.address)
	const end = ` { pageInfo { endCursor } }`
	within := func(flow, list string) string { return fmt.Sprintf(`workflow(id: %q) { %s }`, flow, list) }
	flow := wf(f.fresh)
	good := f.cursor(t, `workflows(first: 1)`+end)
	journal := f.cursor(t, within(flow, `transitions(first: 1)`+end))
	ledger := f.cursor(t, within(flow, `ledger(first: 1)`+end))
	type row struct{ question, field string }
	rows := []row{
		{`workflow(id: "") { id }`, "id"},
		{`workflow(id: "wf_1") { id }`, "id"},
		{`workflow(id: "` + f.held + `") { id }`, "id"},
		{`node(id: "nonsense") { id }`, "id"},
		{`node(id: "tr_` + f.fresh.ID.String() + `") { id }`, "id"},
		{`node(id: "tr_` + f.fresh.ID.String() + `_-1") { id }`, "id"},
		{`node(id: "led_` + f.fresh.ID.String() + `_9999999999") { id }`, "id"},
		{`workflows(filter: {nameContains: "` + strings.Repeat("a", 201) + `"})` + end, "filter nameContains"},
		{`workflows(filter: {nameContains: "\u0000"})` + end, "filter nameContains"},
		{`workflows(filter: {createdBy: "\u0000"})` + end, "filter createdBy"},
		{`workflows(filter: {createdFrom: "yesterday"})` + end, "filter createdFrom"},
		{`workflows(filter: {createdTo: "2026-13-01T00:00:00Z"})` + end, "filter createdTo"},
	}
	lists := map[string][]string{ // a list, and cursors of other lists
		`workflows(%s)` + end: {
			journal, other.cursor(t, `workflows(first: 1)`+end),
			f.cursor(t, `workflows(first: 1, orderBy: {field: UPDATED_AT})`+end),
			f.cursor(t, `workflows(first: 1, orderBy: {field: CREATED_AT, direction: ASC})`+end),
		},
		within(flow, `transitions(%s)`+end): {ledger, good, f.cursor(t, within(wf(f.done), `transitions(first: 1)`+end))},
		within(flow, `ledger(%s)`+end):      {journal, f.cursor(t, within(wf(f.done), `ledger(first: 1)`+end))},
		within(flow, `calls(%s)`+end):       {journal, good},
	}
	for list, foreign := range lists {
		for _, first := range []int{0, -1, 101, 2147483647} {
			rows = append(rows, row{fmt.Sprintf(list, fmt.Sprint("first: ", first)), "first"})
		}
		for _, after := range append(foreign, "", "MA", good[:len(good)-1], good+"A", tampered(good), "' OR 1=1") {
			rows = append(rows, row{fmt.Sprintf(list, fmt.Sprintf("after: %q", after)), "after"})
		}
	}
	before := f.contents(t, f.who.OrganizationID)
	for _, row := range rows {
		got, err := f.client.post(t.Context(), `{ `+row.question+` }`, nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Errors) != 1 || got.Errors[0].Extensions.Code != "INVALID_INPUT" ||
			strings.Join(got.Errors[0].Extensions.Field, " ") != row.field {
			t.Errorf("%s: got %s, want INVALID_INPUT of %s", row.question, got.Body, row.field)
		}
	}
	if diff := cmp.Diff(before, f.contents(t, f.who.OrganizationID)); diff != "" {
		t.Errorf("something was written (-before +after):\n%s", diff)
	}
}

// tampered returns a cursor with one changed character.
func tampered(cursor string) string {
	last := byte('A')
	if cursor[len(cursor)-2] == last {
		last = 'Q'
	}
	return cursor[:len(cursor)-2] + string(last) + cursor[len(cursor)-1:]
}

func TestTenantIsolation_ObjectsOfOthersDoNotExist(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := w.serve(t, "--workers=false")
	f, other := newFixture(t, w, server.address), newFixture(t, w, server.address)
	flow := other.fresh.ID.String()
	for _, id := range []string{
		"wf_" + flow, "tr_" + flow + "_0", "led_" + flow + "_0", other.held, "org_" + other.who.OrganizationID.String(),
	} {
		var data struct{ Node *struct{ ID string } }
		f.client.ask(t, `query ($id: ID!) { node(id: $id) { id } }`, map[string]any{"id": id}, &data)
		if data.Node != nil {
			t.Errorf("node %s of another organization: got %+v, want null", id, data.Node)
		}
		other.client.ask(t, `query ($id: ID!) { node(id: $id) { id } }`, map[string]any{"id": id}, &data)
		if data.Node == nil || data.Node.ID != id {
			t.Errorf("own node %s: got %+v", id, data.Node)
		}
	}
	var data struct {
		Workflows struct {
			TotalCount int
			Nodes      []seenWorkflow
		}
	}
	f.client.ask(t, `{ workflows(first: 1, filter: {createdFrom: "9999-12-31T23:59:59Z"}) { totalCount } }`, nil, &data)
	if data.Workflows.TotalCount != 0 {
		t.Errorf("%d workflows of the year 9999, want none", data.Workflows.TotalCount)
	}
	f.client.ask(t, `{ workflows(first: 100) { totalCount nodes { id } } }`, nil, &data)
	if data.Workflows.TotalCount != 7 || len(data.Workflows.Nodes) != 7 {
		t.Errorf("workflows: got %+v, want the seven of the organization", data.Workflows)
	}
}

func TestSignIn_BadTokenIsUnauthenticated(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := w.serve(t, "--workers=false")
	sign := func(secret string, at time.Time, who caller.Caller) string {
		auth, err := web.NewAuthenticator([]byte(secret), func() time.Time { return at })
		if err != nil {
			t.Fatal(err)
		}
		text, err := auth.Token(who, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	// The organization is new. None of these requests may create it.
	who := caller.Caller{Actor: "mallory", OrganizationID: uuid.New(), Role: caller.Admin}
	right := sign(authSecret, time.Now(), who)
	payload := strings.Split(right, ".")[1]
	for name, text := range map[string]string{
		"no token":         "",
		"no token at all":  "nonsense",
		"another secret":   sign(strings.Repeat("x", 32), time.Now(), who),
		"expired":          sign(authSecret, time.Now().Add(-2*time.Hour), who),
		"from the future":  sign(authSecret, time.Now().Add(2*time.Hour), who),
		"not signed":       "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0." + payload + ".",
		"signature cut":    right[:len(right)-4],
		"more than one":    right + "." + right,
		"quoted":           `"` + right + `"`,
		"with white space": right + " x",
	} {
		got, err := client{server.address, text}.post(t.Context(), `{ viewer { actor } }`, nil)
		if err != nil {
			t.Fatal(err)
		}
		want := "UNAUTHENTICATED"
		if name == "expired" { // Its signature is good.
			want = "TOKEN_EXPIRED"
		}
		if got.Status != http.StatusUnauthorized || len(got.Errors) != 1 || got.Data != nil ||
			got.Errors[0].Extensions.Code != want ||
			got.Errors[0].Extensions.RequestID != got.Header.Get("X-Request-Id") {
			t.Errorf("%s: got %d %s, want 401 and %s", name, got.Status, got.Body, want)
		}
	}
	w.mustCount(t, 0, "organizations", "id = '"+who.OrganizationID.String()+"'")
	// A valid token is accepted, and creates its organization with the limits of the server's flags.
	var data struct {
		Organization struct{ WorkflowLimit, MonthLimit string }
	}
	client{server.address, right}.ask(t, `{ organization { workflowLimit monthLimit } }`, nil, &data)
	if data.Organization.WorkflowLimit != "1" || data.Organization.MonthLimit != "25" {
		t.Errorf("limits of a new organization: got %+v, want $1 and $25", data.Organization)
	}
}

func TestQueryInput_InvalidGraphQLIsAnErrorWithACode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.client(t, w.serve(t, "--workers=false"), w.who)
	flow := wf(testdb.Workflow(t, w.db, w.who, testdb.WorkflowOpts{}))
	const invalid = "GRAPHQL_VALIDATION_FAILED"
	for query, code := range map[string]string{
		`{ viewer { `:                  "GRAPHQL_PARSE_FAILED",
		`{ viewer { nonsense } }`:      invalid,
		`{ workflow { id } }`:          invalid,
		`{ workflow(id: 1.5) { id } }`: invalid,
		`mutation { cancelWorkflow(input: {workflowId: "` + flow + `", reason: 1}) { replayed } }`: invalid,
	} {
		got, err := c.post(t.Context(), query, nil)
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Errors) == 0 || got.Errors[0].Extensions.Code != code || got.Errors[0].Extensions.RequestID == "" {
			t.Errorf("%s: got %s, want %s", query, got.Body, code)
		}
	}
	// An enum value in a variable is validated too.
	got, err := c.send(t.Context(), "transitionWorkflow", map[string]any{"workflowId": flow, "from": "NOWHERE", "to": "X"})
	if err != nil || len(got.Errors) == 0 || !json.Valid([]byte(got.Body)) || got.Errors[0].Extensions.Code == "INTERNAL" {
		t.Errorf("an unknown state: got %s, %v", got.Body, err)
	}
}
