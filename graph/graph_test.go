package graph_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
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
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

func TestMain(m *testing.M) { os.Exit(testdb.Run(m)) }

// bundle is a handler on a database of its own, in which the same requests always get the same answers: ids count up
// from 1, and each look at the clock is a second after the last.
type bundle struct {
	db      *testdb.DB
	engine  *engine.Engine
	handler http.Handler
	who     caller.Caller
	log     *logBuffer
	reports *reports
}

// theOrganization is whose requests the tests send; anotherOrganization sees nothing of it.
var (
	theOrganization     = uuid.MustParse("aaaaaaaa-0000-4000-8000-000000000000")
	anotherOrganization = uuid.MustParse("bbbbbbbb-0000-4000-8000-000000000000")
)

func setup(t *testing.T) bundle {
	t.Helper()
	db := testdb.New(t)
	return setupOn(t, db, db.Store())
}

func setupOn(t *testing.T, db *testdb.DB, store *postgres.Store) bundle {
	t.Helper()
	b := bundle{
		db: db, log: &logBuffer{}, reports: &reports{},
		who: caller.Caller{Actor: "alice", OrganizationID: theOrganization, Role: caller.Admin},
	}
	var err error
	b.engine, err = engine.New(engine.Options{
		Store: store, Jobs: noJobs{}, Drives: []workflow.StepKey{workflow.StepICP}, Now: ticking(), NewID: counting(),
		WorkflowLimit: cost.Dollar, MonthLimit: 25 * cost.Dollar, Jitter: func() float64 { return 0.5 },
		Random: strings.NewReader(strings.Repeat("no secret", 100)),
		Webhook: engine.Webhook{
			Check: func(url string) error {
				if url == "https://localhost" {
					return fault.Invalid([]string{"url"}, "The address must be a public one.")
				}
				return nil
			},
			Secret: func(_ uuid.UUID, version int) string { return fmt.Sprint("whsec_", version) },
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.engine.Admit(context.Background(), b.who); err != nil {
		t.Fatal(err)
	}
	b.handler = graph.NewHandler(graph.Options{
		Schema:    graph.NewSchema(&graph.Resolver{Engine: b.engine, Report: b.reports.add}),
		Revoked:   b.engine.KeyOver,
		RequestID: func(context.Context) string { return "request-1" },
		Report:    b.reports.add,
		Logger:    slog.New(slog.NewTextHandler(b.log, nil)),
	})
	return b
}

// as returns the bundle with another role.
func (b bundle) as(role caller.Role) bundle {
	b.who.Role = role
	return b
}

// of returns the bundle with an administrator of another organization.
func (b bundle) of(t *testing.T, organization uuid.UUID) bundle {
	t.Helper()
	b.who = caller.Caller{Actor: "mallory", OrganizationID: organization, Role: caller.Admin}
	if err := b.engine.Admit(context.Background(), b.who); err != nil {
		t.Fatal(err)
	}
	return b
}

// ask sends an operation and returns the body of the answer.
func (b bundle) ask(t *testing.T, operation string, variables map[string]any) []byte {
	t.Helper()
	body, err := json.Marshal(map[string]any{"query": operation, "variables": variables})
	if err != nil {
		t.Fatal(err)
	}
	answer := b.send(httptest.NewRequest(http.MethodPost, "/graphql", bytes.NewReader(body)))
	if answer.Code != http.StatusOK {
		t.Fatalf("status: got %d, want 200; %s", answer.Code, answer.Body)
	}
	return answer.Body.Bytes()
}

func (b bundle) send(r *http.Request) *httptest.ResponseRecorder {
	switch {
	case r.Method == http.MethodPost && r.Header.Get("Content-Type") == "":
		r.Header.Set("Content-Type", "application/json")
	case r.Method == http.MethodGet && r.Header.Get("Content-Type") == "":
		r.Header.Set("GraphQL-Preflight", "1")
	}
	answer := httptest.NewRecorder()
	b.handler.ServeHTTP(answer, r.WithContext(caller.With(r.Context(), b.who)))
	return answer
}

// get reads the value at a path of an answer: text for a field, a number for an item of a list.
func get(t *testing.T, body []byte, path ...any) any {
	t.Helper()
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		t.Fatal(err)
	}
	for _, key := range path {
		switch key := key.(type) {
		case string:
			object, _ := value.(map[string]any)
			value = object[key]
		case int:
			list, _ := value.([]any)
			if key >= len(list) {
				t.Fatalf("%v: got a list of %d in %s", path, len(list), body)
			}
			value = list[key]
		}
	}
	return value
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

// ticking returns a clock that goes on by a second each time.
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

// noJobs wakes nobody.
type noJobs struct{}

func (noJobs) Drive(context.Context, postgres.Tx, uuid.UUID, uuid.UUID, time.Time) error { return nil }

func (noJobs) Deliver(context.Context, postgres.Tx, uuid.UUID, uuid.UUID, time.Time) error {
	return nil
}

// logBuffer is a log that many may write to.
type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logBuffer) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// reports remembers what was reported: "operation code".
type reports struct {
	mu    sync.Mutex
	lines []string
}

func (r *reports) add(_ context.Context, operation, code string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, operation+" "+code)
}
