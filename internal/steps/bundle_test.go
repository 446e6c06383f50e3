package steps_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/audit"
	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/crawl"
	sites "github.com/infin8content/engine/internal/crawl/sandbox"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/llm"
	"github.com/infin8content/engine/internal/llm/sandbox"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/steps"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// noJobs wakes no worker: the tests claim the work themselves.
type noJobs struct{}

func (noJobs) Drive(context.Context, postgres.Tx, uuid.UUID, uuid.UUID, time.Time) error { return nil }

func (noJobs) Batch(context.Context, postgres.Tx, uuid.UUID, uuid.UUID, time.Time) error { return nil }

func (noJobs) Verify(context.Context, postgres.Tx, uuid.UUID, uuid.UUID, time.Time) error { return nil }

// Unpublish does nothing.
func (noJobs) Unpublish(context.Context, postgres.Tx, uuid.UUID, uuid.UUID, time.Time) error {
	return nil
}

func (noJobs) CheckTarget(context.Context, postgres.Tx, uuid.UUID, uuid.UUID, time.Time) error {
	return nil
}

// Unit does nothing.
func (noJobs) Unit(context.Context, postgres.Tx, workflow.Unit, time.Time) error { return nil }

func (noJobs) Deliver(context.Context, postgres.Tx, uuid.UUID, uuid.UUID, time.Time) error {
	return nil
}

// bundle is an engine, a provider and the executor between them, with one workflow before its first step.
type bundle struct {
	engine   *engine.Engine
	auditor  *audit.Auditor // reads as the owner of the tables
	sandbox  *sandbox.Sandbox
	sites    *sites.Sites // nil unless the crawler reads them
	crawler  *crawl.Crawler
	gateway  steps.Gateway
	executor steps.Executor
	// executors are those of all steps.
	executors map[workflow.StepKey]steps.Executor
	who       caller.Caller
	flow      workflow.Workflow
	db        *testdb.DB
	// later is the advance of the engine's clock.
	later *atomic.Int64
	// asked has each request for search data, and its path. questions has each request to a model.
	asked, questions *sync.Map
	// models and search are the addresses of both providers, and sent counts the requests to them.
	models, search string
	sent           *atomic.Int64
	finds          engine.FindFunc // looks up calls for search data
}

// options change the bundle of a test.
type options struct {
	workflowLimit cost.Pico
	attemptLimit  time.Duration
	prices        []cost.Price       // the provider's
	client        *http.Client       // the gateway's
	delay         time.Duration      // the provider's, between two words
	drives        []workflow.StepKey // ICP alone when empty
	embedding     string             // the embedding model; none when empty
	models        []string           // of the later steps; the default when empty
	crawls        bool               // reads the synthetic websites
	website       string             // the company's; one without a server when empty
	simulated     bool               // the database accepts the times of a clock that moves far
	// intercept answers a request to the models in their place, or returns false.
	intercept func(http.ResponseWriter, *http.Request) bool
}

func setup(t *testing.T, o options) bundle {
	t.Helper()
	db := testdb.New
	if o.simulated {
		db = testdb.NewSimulated
	}
	return setupOn(t, db(t), o)
}

// setupOn is setup on a database.
func setupOn(t *testing.T, db *testdb.DB, o options) bundle {
	t.Helper()
	b := bundle{
		db:        db,
		who:       testdb.Caller(t, db),
		later:     &atomic.Int64{},
		asked:     &sync.Map{},
		questions: &sync.Map{},
		sent:      &atomic.Int64{},
	}
	clock := func() time.Time { return time.Now().Add(time.Duration(b.later.Load())) }
	if o.workflowLimit == 0 {
		o.workflowLimit = cost.Dollar
	}
	if o.website == "" {
		o.website = "https://example.com"
	}
	if o.drives == nil {
		o.drives = []workflow.StepKey{workflow.StepICP}
	}
	if o.prices == nil {
		o.prices = cost.StartPrices()
	}
	var err error
	in := engine.Options{
		Store:         db.Store(),
		Jobs:          noJobs{},
		Drives:        o.drives,
		Now:           clock,
		WorkflowLimit: cost.Dollar,
		MonthLimit:    25 * cost.Dollar,
	}
	if b.engine, err = engine.New(in); err != nil {
		t.Fatal(err)
	}
	b.auditor = audit.New(db.Books(), clock)
	b.sandbox = sandbox.New(sandbox.Options{Prices: o.prices, Delay: o.delay})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.sent.Add(1)
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return // The client has disconnected.
		}
		b.questions.Store(string(body), true)
		r.Body = io.NopCloser(bytes.NewReader(body))
		if o.intercept == nil || !o.intercept(w, r) {
			b.sandbox.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	b.models = server.URL
	client, err := llm.New(llm.Options{BaseURL: server.URL, Key: "sandbox", HTTPClient: o.client})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	b.gateway = steps.Gateway{Client: client, Name: sandbox.Provider}
	if o.crawls {
		b.sites = sites.New()
		t.Cleanup(func() { _ = b.sites.Close() })
		b.crawler = crawl.New(crawl.Options{Override: b.sites.Connect, Pause: -1, Timeout: 3 * time.Second})
	}
	b.executors = map[workflow.StepKey]steps.Executor{}
	for _, executor := range steps.New(steps.Options{
		Engine:         b.engine,
		Gateway:        b.gateway,
		EmbeddingModel: o.embedding,
		Models:         workflow.Models{Common: o.models},
		Now:            clock,
		Limit:          o.attemptLimit,
		Crawler:        b.crawler,
	}) {
		b.executors[executor.Key()] = executor
	}
	b.executor = b.executors[workflow.StepICP]
	made, err := b.engine.Create(context.Background(), b.who, engine.CreateInput{
		Name: "Workflow", Company: workflow.Company{Name: "Ünïcode \"GmbH\" 名前 🚀", URL: o.website},
		Limit: &o.workflowLimit,
	})
	if err != nil {
		t.Fatal(err)
	}
	moved, err := b.engine.GenerateICP(
		context.Background(), b.who, engine.GenerateICPInput{WorkflowID: made.Workflow.ID})
	if err != nil {
		t.Fatal(err)
	}
	b.flow = moved.Workflow
	return b
}

// take claims the next run.
func (b bundle) take(t *testing.T) workflow.Run {
	t.Helper()
	taken, err := b.engine.Take(context.Background(), b.who, b.flow.ID)
	run := taken.Run
	if err != nil || run == nil {
		t.Fatalf("take: got %v, %v, want a run", run, err)
	}
	return *run
}

// attempt makes one attempt.
func (b bundle) attempt(t *testing.T, ctx context.Context) { //nolint:revive // The test comes first.
	t.Helper()
	run := b.take(t)
	if err := b.executor.Run(ctx, b.who, b.flow, run); err != nil {
		t.Fatalf("run: %v", err)
	}
}

// outcome is the state of the database after an attempt.
type outcome struct {
	State   workflow.State
	Failure workflow.FailureCode
	Call    cost.CallState // "" when there is none
	Useless workflow.FailureCode
	Model   string
}

func (b bundle) outcome(t *testing.T) outcome {
	t.Helper()
	ctx := context.Background()
	flow, err := b.engine.Workflow(ctx, b.who, b.flow.ID)
	if err != nil {
		t.Fatal(err)
	}
	o := outcome{State: flow.State}
	if calls := b.calls(t); len(calls) > 0 {
		last := calls[len(calls)-1]
		o.Call, o.Model, o.Useless = last.State, last.AnsweredModel, workflow.FailureCode(last.FailureCode)
	}
	rows, err := b.engine.Transitions(ctx, b.who, engine.TransitionsInput{
		Workflows: []uuid.UUID{flow.ID}, After: flow.Version - 1, First: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	if row := rows[flow.ID][0]; flow.State == workflow.ICPFailed {
		o.Failure = failureOf(row.Reason)
	}
	return o
}

// failureOf returns the failure code at the beginning of a transition's reason.
func failureOf(reason string) workflow.FailureCode {
	for _, code := range workflow.FailureCodes() {
		if text := string(code); reason == text || len(reason) > len(text) && reason[:len(text)+1] == text+":" {
			return code
		}
	}
	return ""
}

func (b bundle) calls(t *testing.T) []cost.Call {
	t.Helper()
	calls, err := b.engine.Calls(
		context.Background(), b.who, engine.CallsInput{Workflows: []uuid.UUID{b.flow.ID}, First: 10})
	if err != nil {
		t.Fatal(err)
	}
	return calls[b.flow.ID]
}

// settled sweeps until no call of the workflow is open, and returns the balance of the workflow.
func (b bundle) settled(t *testing.T) cost.Balance {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for open := true; open; {
		if ctx.Err() != nil {
			t.Fatalf("a call stays open: %+v", b.calls(t))
		}
		b.later.Add(int64(time.Minute))
		if _, err := b.engine.SweepCalls(ctx, b.gateway.Ask); err != nil {
			t.Fatal(err)
		}
		open = false
		for _, call := range b.calls(t) {
			open = open || call.State.Open()
		}
	}
	accounts, err := b.engine.Accounts(ctx, b.who, []uuid.UUID{b.flow.ID})
	if err != nil {
		t.Fatal(err)
	}
	return accounts[b.flow.ID].Balance
}

// audit compares the books of both sides and checks both chains.
func (b bundle) audit(t *testing.T) {
	t.Helper()
	balance := b.settled(t)
	if got, want := balance.Settled, b.sandbox.Total(); got != want || balance.Held != 0 {
		t.Errorf("the ledger has $%s and holds $%s, the provider charged $%s", got, balance.Held, want)
	}
	findings, err := b.auditor.Verify(context.Background())
	if err != nil || len(findings) > 0 {
		t.Errorf("verify: got %v, %v, want nothing", findings, err)
	}
}

// lock blocks all writes of calls until the end of the test.
func (b bundle) lock(t *testing.T) {
	t.Helper()
	tx, err := b.db.Super.Begin(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback(context.Background()) })
	if _, err := tx.Exec(context.Background(), `LOCK TABLE ai_calls IN EXCLUSIVE MODE`); err != nil {
		t.Fatal(err)
	}
}

// interrupted begins an attempt, waits for its generation id, calls meanwhile, and waits for the end of the attempt.
func (b bundle) interrupted(t *testing.T, meanwhile func(end context.CancelCauseFunc)) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	run := b.take(t)
	over := make(chan error, 1)
	go func() { over <- b.executor.Run(ctx, b.who, b.flow, run) }()
	wait(t, "the call to be identified", func() bool {
		calls := b.calls(t)
		return len(calls) > 0 && calls[0].GenerationID != ""
	})
	meanwhile(cancel)
	select {
	case err := <-over:
		if err != nil {
			t.Errorf("run: %v", err)
		}
	case <-time.After(time.Minute):
		t.Fatal("the attempt did not end")
	}
}

// wait polls until so returns true.
func wait(t *testing.T, what string, so func() bool) {
	t.Helper()
	limit := time.After(time.Minute)
	for !so() {
		select {
		case <-limit:
			t.Fatalf("waited in vain for %s", what)
		case <-time.After(5 * time.Millisecond):
		}
	}
}
