// Package graphtest runs the GraphQL API on a database of its own, for the tests of graph and of the handler. It mocks
// nothing: schema, resolvers, engine and database are the real ones.
package graphtest

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/graph"
	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/gqlhttp"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/report"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// Bundle is a handler on a database of its own. The same requests always get the same answers: ids count up from 1,
// and each reading of the clock is a second after the one before.
type Bundle struct {
	DB       *testdb.DB
	Engine   *engine.Engine
	Reporter *report.Reporter
	Handler  http.Handler
	// Who sends the requests: an administrator of TheOrganization, unless As or Of changes it.
	Who     caller.Caller
	Log     *Log
	Reports *Reports
}

// TheOrganization sends the requests of the tests; AnotherOrganization must see nothing of it.
var (
	TheOrganization     = uuid.MustParse("aaaaaaaa-0000-4000-8000-000000000000")
	AnotherOrganization = uuid.MustParse("bbbbbbbb-0000-4000-8000-000000000000")
)

// New returns a Bundle on a new database.
func New(t *testing.T) Bundle {
	t.Helper()
	db := testdb.NewSimulated(t)
	return NewOn(t, db, db.Store())
}

// NewOn returns a Bundle on a store of the database, which is one of testdb.NewSimulated.
func NewOn(t *testing.T, db *testdb.DB, store *postgres.Store) Bundle {
	t.Helper()
	now := ticking()
	b := Bundle{
		DB:       db,
		Reporter: report.New(store, now),
		Log:      &Log{},
		Reports:  &Reports{},
		Who:      caller.Caller{Actor: "alice", OrganizationID: TheOrganization, Role: caller.Admin},
	}
	var err error
	b.Engine, err = engine.New(engine.Options{
		Store:         store,
		Jobs:          NoJobs{},
		Drives:        []workflow.StepKey{workflow.StepICP},
		Now:           now,
		NewID:         counting(),
		WorkflowLimit: cost.Dollar,
		MonthLimit:    25 * cost.Dollar,
		Jitter:        func() float64 { return 0.5 },
		Random:        strings.NewReader(strings.Repeat("no secret", 100)),
		Webhook: engine.Webhook{
			Check: func(url string) error {
				if url == "https://localhost" {
					return fault.Invalid([]string{"url"}, "The address must be a public one.")
				}
				return nil
			},
			Secret: func(_ uuid.UUID, version int) string { return fmt.Sprint("whsec_", version) },
			Test:   func(context.Context, engine.TestMessage) (int, error) { return http.StatusAccepted, nil },
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Engine.Admit(context.Background(), b.Who); err != nil {
		t.Fatal(err)
	}
	return b.With(func(o *gqlhttp.Options) {
		o.RequestID = func(context.Context) string { return "request-1" }
	})
}

// With returns the bundle with a handler of other options. Without a change, errors have no request id.
func (b Bundle) With(change func(*gqlhttp.Options)) Bundle {
	o := gqlhttp.Options{
		Schema: graph.NewSchema(&graph.Resolver{
			Engine:   b.Engine,
			Reporter: b.Reporter,
			Report:   b.Reports.add,
		}),
		Revoked: b.Engine.APIKeyRevoked,
		Report:  b.Reports.add,
		Logger:  slog.New(slog.NewTextHandler(b.Log, nil)),
	}
	change(&o)
	b.Handler = gqlhttp.NewHandler(o)
	return b
}

// As returns the bundle with another role.
func (b Bundle) As(role caller.Role) Bundle {
	b.Who.Role = role
	return b
}

// Of returns the bundle with an administrator of another organization.
func (b Bundle) Of(t *testing.T, organization uuid.UUID) Bundle {
	t.Helper()
	b.Who = caller.Caller{Actor: "mallory", OrganizationID: organization, Role: caller.Admin}
	if err := b.Engine.Admit(context.Background(), b.Who); err != nil {
		t.Fatal(err)
	}
	return b
}

// Ask posts an operation and returns the body of the answer, whose status must be 200.
func (b Bundle) Ask(t *testing.T, operation string, variables map[string]any) []byte {
	t.Helper()
	answer := b.Post(map[string]any{"query": operation, "variables": variables})
	if answer.Code != http.StatusOK {
		t.Fatalf("status: got %d, want 200; %s", answer.Code, answer.Body)
	}
	return answer.Body.Bytes()
}

// Post posts a body in JSON with header fields, which are given as names and values in turn.
func (b Bundle) Post(body any, header ...string) *httptest.ResponseRecorder {
	text, err := json.Marshal(body)
	if err != nil {
		panic(err)
	}
	r := httptest.NewRequest(http.MethodPost, "/graphql", bytes.NewReader(text))
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return b.Send(r)
}

// Send sends a request as Who. A POST without a Content-Type has JSON; a GET without one forces a preflight.
func (b Bundle) Send(r *http.Request) *httptest.ResponseRecorder {
	switch {
	case r.Method == http.MethodPost && r.Header.Get("Content-Type") == "":
		r.Header.Set("Content-Type", "application/json")
	case r.Method == http.MethodGet && r.Header.Get("Content-Type") == "":
		r.Header.Set("GraphQL-Preflight", "1")
	}
	answer := httptest.NewRecorder()
	b.Handler.ServeHTTP(answer, r.WithContext(caller.With(r.Context(), b.Who)))
	return answer
}

// Workflows creates workflows "01" to n, each with a reservation.
func (b Bundle) Workflows(t *testing.T, n int) []workflow.Workflow {
	t.Helper()
	ctx := context.Background()
	var all []workflow.Workflow
	amount := cost.Dollar / 100
	for i := 1; i <= n; i++ {
		made, err := b.Engine.Create(ctx, b.Who, engine.CreateInput{
			Name: fmt.Sprintf("%02d", i), Company: workflow.Company{Name: "Example", URL: "https://example.com"},
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.Engine.Reserve(ctx, b.Who, engine.ReserveInput{
			WorkflowID: made.Workflow.ID, Amount: &amount, IdempotencyKey: made.Workflow.Name,
		}); err != nil {
			t.Fatal(err)
		}
		all = append(all, made.Workflow)
	}
	return all
}

// Get reads the value at a path of an answer: a text selects a field, a number an item of a list.
func Get(t *testing.T, body []byte, path ...any) any {
	t.Helper()
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		t.Fatal(err)
	}
	for _, step := range path {
		switch step := step.(type) {
		case string:
			object, _ := value.(map[string]any)
			value = object[step]
		case int:
			list, _ := value.([]any)
			if step >= len(list) {
				t.Fatalf("%v: got a list of %d in %s", path, len(list), body)
			}
			value = list[step]
		}
	}
	return value
}

// CodeOf returns the code of the first error; "" when there is none.
func CodeOf(t *testing.T, answer *httptest.ResponseRecorder) string {
	t.Helper()
	var body struct {
		Errors []struct{ Extensions struct{ Code string } }
	}
	if err := json.Unmarshal(answer.Body.Bytes(), &body); err != nil {
		t.Fatalf("%v: %s", err, answer.Body)
	}
	if len(body.Errors) == 0 {
		return ""
	}
	return body.Errors[0].Extensions.Code
}

// counting returns UUIDs of version 7 that count up from 1.
func counting() func() uuid.UUID {
	var mu sync.Mutex
	var n uint64
	return func() uuid.UUID {
		mu.Lock()
		defer mu.Unlock()
		n++
		id := uuid.MustParse("00000000-0000-7000-8000-000000000000")
		binary.BigEndian.PutUint32(id[12:], uint32(n))
		return id
	}
}

// ticking returns a clock that moves on by a second with each reading.
func ticking() func() time.Time {
	var mu sync.Mutex
	at := time.Date(2026, time.February, 1, 9, 0, 0, 0, time.UTC)
	return func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		at = at.Add(time.Second)
		return at
	}
}

// NoJobs starts no job.
type NoJobs struct{}

// Drive does nothing.
func (NoJobs) Drive(context.Context, postgres.Tx, uuid.UUID, uuid.UUID, time.Time) error { return nil }

// Unpublish does nothing.
func (NoJobs) Unpublish(context.Context, postgres.Tx, uuid.UUID, uuid.UUID, time.Time) error {
	return nil
}

// CheckTarget inserts no job.
func (NoJobs) CheckTarget(context.Context, postgres.Tx, uuid.UUID, uuid.UUID, time.Time) error {
	return nil
}

// Batch does nothing.
func (NoJobs) Batch(context.Context, postgres.Tx, uuid.UUID, uuid.UUID, time.Time) error { return nil }

// Verify does nothing.
func (NoJobs) Verify(context.Context, postgres.Tx, uuid.UUID, uuid.UUID, time.Time) error { return nil }

// Unit does nothing.
func (NoJobs) Unit(context.Context, postgres.Tx, workflow.Unit, time.Time) error { return nil }

// Deliver does nothing.
func (NoJobs) Deliver(context.Context, postgres.Tx, uuid.UUID, uuid.UUID, time.Time) error {
	return nil
}

// Log collects a log. Several goroutines may write to it.
type Log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *Log) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// Reports collects what the handler and the resolvers report, as "operation code".
type Reports struct {
	mu    sync.Mutex
	Lines []string
}

func (r *Reports) add(_ context.Context, operation, code string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.Lines = append(r.Lines, operation+" "+code)
}
