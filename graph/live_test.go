package graph_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/infin8content/engine/graph"
	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/live"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// patience is the longest that a test waits for one fact.
const patience = 20 * time.Second

// liveBundle is a server with an engine that announces, on a database of its own.
type liveBundle struct {
	db      *testdb.DB
	engine  *engine.Engine
	hub     *live.Hub
	url     string
	who     caller.Caller
	log     *logBuffer
	stopHub func()
}

// setupLive starts a server. Its tokens are names: alice is an administrator, viewer one who may read, mallory of
// another organization, and brief an alice whose token ends in half a second.
func setupLive(t *testing.T, limits graph.SocketLimits) liveBundle {
	t.Helper()
	db := testdb.New(t)
	b := liveBundle{db: db, who: testdb.Caller(t, db), log: &logBuffer{}}
	logger := slog.New(slog.NewTextHandler(b.log, nil))
	var err error
	b.hub, b.stopHub = runHub(t, db, logger)
	b.engine, err = engine.New(engine.Options{
		Store: db.Store().Telling(b.hub.Announce), Jobs: noJobs{}, WorkflowLimit: cost.Dollar, MonthLimit: 25 * cost.Dollar,
	})
	if err != nil {
		t.Fatal(err)
	}
	signIn := b.signIn(testdb.Caller(t, db))
	handler := graph.NewHandler(graph.Options{
		Schema:  graph.NewSchema(&graph.Resolver{Engine: b.engine, Live: b.hub}),
		Stopped: b.hub.Stopped(), Revoked: b.engine.KeyOver, SignIn: signIn, Sockets: limits, Logger: logger,
	})
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if values := r.Header.Values("Authorization"); len(values) > 0 {
			ctx, err := signIn(r.Context(), values...)
			if err != nil {
				http.Error(w, err.Error(), http.StatusUnauthorized)
				return
			}
			r = r.WithContext(ctx)
		}
		handler.ServeHTTP(w, r)
	}))
	server.Listener = narrow{server.Listener}
	server.Config.WriteTimeout, server.Config.ReadTimeout = 3*time.Second, 3*time.Second
	server.Start()
	b.url = server.URL
	t.Cleanup(func() {
		b.stopHub()
		server.Close()
		b.hub.Close()
	})
	return b
}

// runHub returns a hub that runs until it is stopped.
func runHub(t *testing.T, db *testdb.DB, logger *slog.Logger) (hub *live.Hub, stop func()) {
	t.Helper()
	hub, err := live.New(live.Options{Store: db.Store(), Connection: db.Pool.Config().ConnConfig, Logger: logger})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = hub.Run(ctx) })
	return hub, func() {
		cancel()
		running.Wait()
	}
}

// narrow is a listener whose connections hold little that their client has not read.
type narrow struct{ net.Listener }

func (n narrow) Accept() (net.Conn, error) {
	conn, err := n.Listener.Accept()
	if tcp, ok := conn.(*net.TCPConn); ok {
		err = errors.Join(err, tcp.SetWriteBuffer(4<<10))
	}
	return conn, err
}

func (b liveBundle) signIn(mallory caller.Caller) func(context.Context, ...string) (context.Context, error) {
	viewer := b.who
	viewer.Role = caller.Viewer
	return func(ctx context.Context, authorization ...string) (context.Context, error) {
		switch strings.TrimPrefix(authorization[0], "Bearer ") {
		case "alice":
			return caller.WithEnd(caller.With(ctx, b.who), time.Now().Add(time.Hour)), nil
		case "viewer":
			return caller.With(ctx, viewer), nil
		case "mallory":
			return caller.With(ctx, mallory), nil
		case "brief":
			return caller.WithEnd(caller.With(ctx, b.who), time.Now().Add(500*time.Millisecond)), nil
		case "unlucky":
			return nil, errors.New("the database is away")
		}
		return nil, fault.New(fault.Unauthenticated, "Who are you?")
	}
}

// workflow returns a workflow of alice in a state.
func (b liveBundle) workflow(t *testing.T, state workflow.State) workflow.Workflow {
	t.Helper()
	return testdb.Workflow(t, b.db, b.who, testdb.WorkflowOpts{State: state})
}

// move takes edges through the engine.
func (b liveBundle) move(t *testing.T, flow workflow.Workflow, path ...workflow.State) workflow.Workflow {
	t.Helper()
	for _, to := range path {
		m, err := b.engine.Transition(t.Context(), b.who, engine.TransitionInput{
			WorkflowID: flow.ID, From: flow.State, To: to,
		})
		if err != nil {
			t.Fatal(err)
		}
		flow = m.Workflow
	}
	return flow
}

// What the tests subscribe to.
const (
	followWorkflow = `subscription ($id: ID!, $after: Int) {
		workflowTransitioned(workflowId: $id, afterVersion: $after) {
			resync workflow { state version } transition { version from to }
		}
	}`
	followOrganization = `subscription { organizationTransitioned { resync transition { version workflow { id name } } } }`
	followSpend        = `subscription ($id: ID!, $after: Int) {
		spendChanged(workflowId: $id, afterSequence: $after) { spend { held } entry { sequence kind } }
	}`
)

func idOf(flow workflow.Workflow) string { return "wf_" + flow.ID.String() }

// event is the next message of followWorkflow.
func event(id string, version int, from, to workflow.State) said {
	var before any
	if from != "" {
		before = from
	}
	return said{"id": id, "type": "next", "payload": said{"data": said{"workflowTransitioned": said{
		"resync": false, "workflow": said{"state": to, "version": version},
		"transition": said{"version": version, "from": before, "to": to},
	}}}}
}

func TestASubscriptionTellsThePresentStateFirstAndIsCompleteAfterTheLast(t *testing.T) {
	t.Parallel()
	b := setupLive(t, graph.SocketLimits{})
	flow := b.workflow(t, workflow.ICPPending)
	c := b.open(t, "viewer")
	c.subscribe("1", followWorkflow, said{"id": idOf(flow)})
	c.hear(event("1", 1, workflow.Created, workflow.ICPPending))
	flow = b.move(t, flow, workflow.ICPProcessing, workflow.ICPFailed, workflow.Cancelled)
	c.hear(event("1", 2, workflow.ICPPending, workflow.ICPProcessing))
	c.hear(event("1", 3, workflow.ICPProcessing, workflow.ICPFailed))
	c.hear(event("1", 4, workflow.ICPFailed, workflow.Cancelled))
	c.hear(said{"id": "1", "type": "complete"})

	// The same id may be used again. From a cursor only what came after it is told.
	c.subscribe("1", followWorkflow, said{"id": idOf(flow), "after": 2})
	c.hear(event("1", 3, workflow.ICPProcessing, workflow.ICPFailed))
	c.hear(event("1", 4, workflow.ICPFailed, workflow.Cancelled))
	c.hear(said{"id": "1", "type": "complete"})
	c.subscribe("1", followWorkflow, said{"id": idOf(flow), "after": 4})
	c.hear(said{"id": "1", "type": "complete"})
	c.subscribe("all", followWorkflow, said{"id": idOf(flow), "after": -1})
	c.hear(event("all", 0, "", workflow.Created))
	c.hear(event("all", 1, workflow.Created, workflow.ICPPending))
}

func TestWhatCannotBeFollowedIsAnErrorAndNothingElse(t *testing.T) {
	t.Parallel()
	b := setupLive(t, graph.SocketLimits{})
	flow := b.workflow(t, workflow.ICPPending)
	foreign := b.open(t, "mallory")
	for query, name := range map[string]string{followWorkflow: "transitions", followSpend: "spend"} {
		foreign.subscribe(name, query, said{"id": idOf(flow)})
		if got := foreign.refused(name); got != "NOT_FOUND" {
			t.Errorf("%s of another organization: got %s, want NOT_FOUND", name, got)
		}
	}
	c := b.open(t, "alice")
	for _, refused := range []struct {
		query     string
		variables said
		code      string
	}{
		{followWorkflow, said{"id": "wf_" + uuid.NewString()}, "NOT_FOUND"},
		{followWorkflow, said{"id": "hello"}, "INVALID_INPUT"},
		{followWorkflow, said{"id": idOf(flow), "after": -2}, "INVALID_INPUT"},
		{followWorkflow, said{"id": idOf(flow), "after": flow.Version + 1}, "INVALID_INPUT"},
		{followSpend, said{"id": idOf(flow), "after": 1}, "INVALID_INPUT"},
		{`subscription { nothing }`, nil, "GRAPHQL_VALIDATION_FAILED"},
		{`subscription {`, nil, "GRAPHQL_PARSE_FAILED"},
		{`subscription { organizationTransitioned @skip(if: true) { resync } }`, nil, "GRAPHQL_VALIDATION_FAILED"},
		{
			`subscription { a: organizationTransitioned { resync } b: organizationTransitioned { resync } }`, nil,
			"GRAPHQL_VALIDATION_FAILED",
		},
	} {
		c.subscribe("x", refused.query, refused.variables)
		if got := c.refused("x"); got != refused.code {
			t.Errorf("%s %v: got %s, want %s", refused.query, refused.variables, got, refused.code)
		}
	}
	c.say(said{"type": "ping"})
	c.hear(said{"type": "pong"}) // and so nothing more was said of all that
}

func TestAnOrganizationIsToldOfItsOwnWorkflowsOnly(t *testing.T) {
	t.Parallel()
	b := setupLive(t, graph.SocketLimits{})
	ours, theirs := b.open(t, "alice"), b.open(t, "mallory")
	begins := func(c client) {
		c.subscribe("o", followOrganization, nil)
		c.hear(said{"id": "o", "type": "next", "payload": said{"data": said{
			"organizationTransitioned": said{"resync": true, "transition": nil},
		}}})
	}
	begins(ours)
	begins(theirs)
	create := `mutation ($name: String!) {
		createWorkflow(input: {name: $name, company: {name: "Example", url: "https://example.com"}}) { replayed }
	}`
	created := said{"id": "m", "type": "next", "payload": said{"data": said{"createWorkflow": said{"replayed": false}}}}
	for name, c := range map[string]client{"Ours": ours, "Theirs": theirs} {
		c.subscribe("m", create, said{"name": name})
		// The answer and the event come in any order.
		var told, answered, completed bool
		for !told || !answered || !completed {
			m := c.next()
			switch {
			case m["type"] == "complete":
				completed = true
			case cmp.Equal(plainly(t, m), plainly(t, created)):
				answered = true
			default:
				told = true
				text, _ := json.Marshal(m)
				if !strings.Contains(string(text), `"name":"`+name+`"`) {
					t.Errorf("%s is told %s", name, text)
				}
			}
		}
	}
}

func TestTheBillIsToldAsItGrows(t *testing.T) {
	t.Parallel()
	b := setupLive(t, graph.SocketLimits{})
	flow := b.workflow(t, workflow.ICPPending)
	c := b.open(t, "alice")
	c.subscribe("s", followSpend, said{"id": idOf(flow)})
	entry := func(sequence int, kind, held string) said {
		return said{"id": "s", "type": "next", "payload": said{"data": said{"spendChanged": said{
			"spend": said{"held": held}, "entry": said{"sequence": sequence, "kind": kind},
		}}}}
	}
	c.hear(entry(0, "OPEN", "0"))
	amount := cost.Dollar / 10
	charged, err := b.engine.Reserve(t.Context(), b.who, engine.ReserveInput{
		WorkflowID: flow.ID, Amount: &amount, IdempotencyKey: "one",
	})
	if err != nil {
		t.Fatal(err)
	}
	c.hear(entry(1, "RESERVE", "0.1"))
	_, err = b.engine.Release(t.Context(), b.who, engine.ReleaseInput{CallID: charged.Call.ID, Reason: "not sent"})
	if err != nil {
		t.Fatal(err)
	}
	c.hear(entry(2, "RELEASE", "0"))
}

func TestASubscriptionOverPlainHTTPIsToldWhereToGo(t *testing.T) {
	t.Parallel()
	b := setupLive(t, graph.SocketLimits{})
	body, _ := json.Marshal(said{"query": followOrganization})
	status, text := b.post(t, "application/json", body)
	if status != http.StatusBadRequest || !strings.Contains(text, "INVALID_INPUT") ||
		!strings.Contains(text, "text/event-stream") || !strings.Contains(text, "graphql-transport-ws") {
		t.Errorf("got %d %s, want 400 with the ways to subscribe", status, text)
	}
}

// post sends a body as alice and returns all that comes back.
func (b liveBundle) post(t *testing.T, accept string, body []byte) (status int, text string) {
	t.Helper()
	response := b.send(t.Context(), t, "alice", accept, body)
	defer func() { _ = response.Body.Close() }()
	all, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(all)
}

func (b liveBundle) send(ctx context.Context, t *testing.T, token, accept string, body []byte) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, b.url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", accept)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	return response
}
