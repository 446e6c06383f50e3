package graph_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/infin8content/engine/graph"
	"github.com/infin8content/engine/graph/graphtest"
	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/gqlhttp"
	"github.com/infin8content/engine/internal/report"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// tenants is two organizations on one server, each with an object of every type. All texts of the zebra contain its
// name, and no answer to the okapi may contain it.
type tenants struct {
	db           *testdb.DB
	engine       *engine.Engine
	url          string
	zebra, okapi caller.Caller
	// moving and done have a workflow of each, by actor: subscriptions follow moving, and mutations change done.
	moving, done map[string]workflow.Workflow
	// leaky marks operations for which the server takes the okapi for the zebra, to prove that the test sees a leak. Empty
	// marks none.
	leaky string
}

func setupTenants(t *testing.T) *tenants {
	t.Helper()
	b := &tenants{
		db: testdb.New(t), moving: map[string]workflow.Workflow{}, done: map[string]workflow.Workflow{},
	}
	logger := slog.New(slog.DiscardHandler)
	hub, stop := graphtest.RunHub(t, b.db, logger)
	var err error
	b.engine, err = engine.New(engine.Options{
		Store:         b.db.Store().OnCommit(hub.Announce),
		Jobs:          graphtest.NoJobs{},
		Drives:        []workflow.StepKey{workflow.StepICP},
		WorkflowLimit: cost.Dollar,
		MonthLimit:    25 * cost.Dollar,
		Webhook: engine.Webhook{
			Check:  func(string) error { return nil },
			Secret: func(organization uuid.UUID, _ int) string { return "whsec_" + organization.String() },
			Test:   func(context.Context, engine.TestMessage) (int, error) { return http.StatusAccepted, nil },
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	handler := gqlhttp.NewHandler(gqlhttp.Options{
		Schema: graph.NewSchema(&graph.Resolver{
			Engine:   b.engine,
			Reporter: report.New(b.db.Store(), time.Now),
			Live:     hub,
		}),
		Stopped: hub.Stopped(),
		Revoked: b.engine.APIKeyRevoked,
		Logger:  logger,
		Limits: gqlhttp.Limits{
			Tokens:     100_000,
			Depth:      100,
			Aliases:    10_000,
			Complexity: 100_000_000,
			Errors:     1000,
		},
	})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		who := map[string]caller.Caller{"zebra": b.zebra, "okapi": b.okapi}[r.Header.Get("Authorization")]
		if b.leaky != "" && who == b.okapi {
			body, _ := io.ReadAll(r.Body)
			if r.Body = io.NopCloser(bytes.NewReader(body)); bytes.Contains(body, []byte(b.leaky)) {
				who.OrganizationID = b.zebra.OrganizationID
			}
		}
		handler.ServeHTTP(w, r.WithContext(caller.With(r.Context(), who)))
	}))
	b.url = server.URL
	t.Cleanup(func() {
		stop()
		server.Close()
		hub.Close()
	})
	b.zebra, b.okapi = b.populate(t, "zebra"), b.populate(t, "okapi")
	return b
}

// populate creates an organization with an object of every type. The test fails for a Node type without an object.
func (b *tenants) populate(t *testing.T, mark string) caller.Caller {
	t.Helper()
	ctx := context.Background()
	who := caller.Caller{Actor: mark, OrganizationID: uuid.New(), Role: caller.Admin}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(b.engine.Admit(ctx, who))
	create := func(name string) workflow.Workflow {
		t.Helper()
		made, err := b.engine.Create(ctx, who, engine.CreateInput{
			Name: mark + " " + name, Company: workflow.Company{Name: mark, URL: "https://" + mark + ".example"},
			IdempotencyKey: mark + " " + name,
		})
		must(err)
		return made.Workflow
	}
	moving, done := create("moving"), create("done")
	_, err := b.engine.SetAlertWebhook(ctx, who, engine.SetAlertWebhookInput{URL: "https://" + mark + ".example/hook"})
	must(err)
	_, err = b.engine.GenerateICP(ctx, who, engine.GenerateICPInput{WorkflowID: done.ID})
	must(err)
	taken, err := b.engine.Take(ctx, who, done.ID)
	must(err)
	run := taken.Run
	hold, billed := cost.Dollar/10, cost.Dollar/20
	held, err := b.engine.Reserve(ctx, who, engine.ReserveInput{
		WorkflowID:     done.ID,
		RunToken:       &run.Token,
		Amount:         &hold,
		IdempotencyKey: mark + " hold",
	})
	must(err)
	must(b.engine.Dispatch(ctx, who, held.Call.ID, mark))
	_, err = b.engine.Finish(ctx, who, engine.FinishInput{
		Run: *run,
		Result: engine.Result{Provider: mark, Model: mark + "/model", Content: []byte(`{"industries":["` + mark +
			`"],"buyerRoles":["r"],"painPoints":["p"],"valueProposition":"v"}`)},
		Settle: &engine.SettleInput{
			CallID:   held.Call.ID,
			Model:    mark + "/model",
			Cost:     &billed,
			Provider: mark,
		},
	})
	must(err)
	_, err = b.engine.Cancel(ctx, who, engine.CancelInput{WorkflowID: create("over").ID, Reason: mark + " gives up"})
	must(err)
	_, err = b.engine.Reserve(ctx, who, engine.ReserveInput{WorkflowID: moving.ID, Amount: &hold})
	must(err)
	_, err = b.engine.ImportPrices(ctx, who, engine.ImportPricesInput{
		Source: mark, Apply: true, List: cost.PriceList{Prices: []cost.ListedPrice{
			{Model: mark + "/model", Component: cost.ComponentPrompt, Unit: cost.Dollar / 1_000_000},
			{Model: "perplexity/sonar", Component: cost.ComponentPrompt, Unit: cost.Dollar / 1000}, // doubted
		}},
	})
	must(err)
	_, err = b.engine.CreateAPIKey(ctx, who, engine.CreateAPIKeyInput{
		Name:           mark,
		Role:           caller.Viewer,
		ExpiresAt:      time.Now().Add(time.Hour),
		IdempotencyKey: mark + " key",
	})
	must(err)
	_, err = b.engine.CreatePublishTarget(ctx, who, engine.CreatePublishTargetInput{
		Name:           mark,
		Kind:           workflow.TargetFile,
		Policy:         workflow.PolicyPublish,
		IdempotencyKey: mark + " target",
	})
	must(err)
	testdb.Units(t, b.db, who, testdb.Workflow(t, b.db, who, testdb.WorkflowOpts{Name: mark + " units"}))
	testdb.Batch(t, b.db, who)
	testdb.Verification(t, b.db, who)
	testdb.Gates(t, b.db, who, false)
	testdb.Review(t, b.db, who)
	reviewed := testdb.Review(t, b.db, who)
	must(testdb.Approve(ctx, b.db.Store(), who, reviewed, who.Actor))
	clustered := testdb.Cluster(t, b.db, who, reviewed)
	testdb.Attach(t, b.db, who, clustered)
	planned := testdb.Plan(t, b.db, who, clustered)
	testdb.DecidePlan(t, b.db, who, planned)
	testdb.Publish(t, b.db, who, planned)
	writing := testdb.Review(t, b.db, who)
	must(testdb.Approve(ctx, b.db.Store(), who, writing, who.Actor))
	testdb.Write(t, b.db, who, testdb.Plan(t, b.db, who, testdb.Cluster(t, b.db, who, writing)))
	b.moving[mark], b.done[mark] = moving, done
	return who
}

// ask sends an operation as an organization and returns the whole answer.
func (b *tenants) ask(t *testing.T, as string, o operation) string {
	t.Helper()
	response := b.send(t, as, o, "application/json")
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(answer), `"code":"GRAPHQL_`) || strings.Contains(string(answer), `"code":"TOO_`) {
		t.Fatalf("the explorer has written what is no operation:\n%s\n%s", o.text, answer)
	}
	return string(answer)
}

func (b *tenants) send(t *testing.T, as string, o operation, accept string) *http.Response {
	t.Helper()
	body, err := json.Marshal(map[string]string{"query": o.text})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), graphtest.Timeout)
	t.Cleanup(cancel)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, b.url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"Authorization": as, "Content-Type": "application/json", "Accept": accept,
	} {
		request.Header.Set(name, value)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	return response
}

// property is the data that an organization can read: ids by type, cursors, and texts that only it has.
type property struct {
	ids     map[string][]string
	cursors []string
	marks   []string
}

// unique finds texts that only one organization can have: UUIDs, hashes, and its name.
var unique = regexp.MustCompile(`[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{64}|zebra`)

// read collects the property of an organization from the answers to every query.
func (b *tenants) read(t *testing.T, as string) property {
	t.Helper()
	p := property{ids: map[string][]string{}}
	x := b.explorer(t, as)
	for _, o := range x.operations(ast.Query) {
		answer := b.ask(t, as, o)
		p.marks = append(p.marks, unique.FindAllString(answer, -1)...)
		var value any
		if err := json.Unmarshal([]byte(answer), &value); err != nil {
			t.Fatal(err)
		}
		p.collect(value)
	}
	slices.Sort(p.marks)
	slices.Sort(p.cursors)
	p.marks, p.cursors = slices.Compact(p.marks), slices.Compact(p.cursors)
	for name := range p.ids {
		slices.Sort(p.ids[name])
		p.ids[name] = slices.Compact(p.ids[name])
	}
	for name, definition := range theSchema.Types {
		if slices.Contains(definition.Interfaces, "Node") && len(p.ids[name]) == 0 {
			t.Fatalf("the world of %s has no %s in it that a query finds: let populate make one", as, name)
		}
	}
	if missing := x.unasked("Query"); len(missing) > 0 {
		t.Fatalf("no query asks for %v", missing)
	}
	return p
}

func (p *property) collect(value any) {
	switch value := value.(type) {
	case []any:
		for _, item := range value {
			p.collect(item)
		}
	case map[string]any:
		for name, item := range value {
			text, isText := item.(string)
			switch {
			case !isText:
				p.collect(item)
			case name == "id":
				of, _ := value["__typename"].(string)
				p.ids[of] = append(p.ids[of], text)
			case strings.HasSuffix(strings.ToLower(name), "cursor"):
				p.cursors = append(p.cursors, text)
			}
		}
	}
}

// explorer returns an explorer with the values of one organization.
func (b *tenants) explorer(t *testing.T, as string) *explorer {
	t.Helper()
	return &explorer{t: t, asked: map[string]bool{}, own: map[string]string{
		"Workflow": "wf_" + b.done[as].ID.String(),
	}}
}

// trespasser returns an explorer of the okapi that also has all values of the zebra.
func (b *tenants) trespasser(t *testing.T, zebra, okapi property) *explorer {
	t.Helper()
	x := b.explorer(t, "okapi")
	for name, ids := range okapi.ids {
		x.own[name] = ids[0]
	}
	x.own["Workflow"] = "wf_" + b.done["okapi"].ID.String()
	for _, ids := range zebra.ids {
		x.strange.ids = append(x.strange.ids, ids[0])
	}
	slices.Sort(x.strange.ids)
	x.strange.cursors, x.strange.actor, x.strange.name = zebra.cursors, "zebra", "zebra"
	x.strange.keys = []string{"zebra moving", "zebra hold", "zebra key"}
	x.strange.model = "zebra/model"
	return x
}

// The okapi selects every field of the schema, with every id, cursor, idempotency key and name of the zebra. No answer
// has data of the zebra, and no row of the zebra changes.
func TestTenantIsolation_OneOrganizationFindsNothingOfAnother(t *testing.T) {
	t.Parallel()
	b := setupTenants(t)
	zebra, okapi := b.read(t, "zebra"), b.read(t, "okapi")
	marks := slices.DeleteFunc(zebra.marks, func(mark string) bool { return slices.Contains(okapi.marks, mark) })
	if len(marks) < 20 || len(zebra.cursors) < 10 {
		t.Fatalf("got %d marks and %d cursors, want more to look for", len(marks), len(zebra.cursors))
	}
	x := b.trespasser(t, zebra, okapi)
	for _, finding := range b.trespass(t, x, x.requests(), marks) {
		t.Error(finding)
	}
	for _, finding := range b.subscribeToAll(t, x, marks, "") {
		t.Error(finding)
	}
	if missing := x.unasked("Query", "Mutation", "Subscription"); len(missing) > 0 {
		t.Errorf("nothing asks for %v", missing)
	}

	// A server with one leak must fail the same checks.
	b.leaky = "{ organizationTransitioned"
	if found := b.subscribeToAll(t, x, marks, b.leaky); len(found) == 0 {
		t.Error("a subscription to another organization is not found")
	}
	requests := x.requests()
	for _, leak := range []string{
		"{ node(", "{ priceProposals", "{ organization {", "{ cancelWorkflow(", "{ createApiKey(",
	} {
		b.leaky = leak
		leaking := slices.DeleteFunc(slices.Clone(requests), func(o operation) bool {
			return !strings.Contains(o.text, leak)
		})
		if found := b.trespass(t, x, leaking, marks); len(found) == 0 {
			t.Errorf("a leak at %q is not found", leak)
		}
	}
}
