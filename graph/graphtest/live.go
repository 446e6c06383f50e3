package graphtest

import (
	"bytes"
	"context"
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

	"github.com/infin8content/engine/graph"
	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/gqlhttp"
	"github.com/infin8content/engine/internal/live"
	"github.com/infin8content/engine/internal/report"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// Timeout is the longest that a test waits for one fact.
const Timeout = time.Minute

// BriefLife is the life of brief's token. It is long enough for a busy machine to answer before its end.
const BriefLife = 2 * time.Second

// Live is a server with subscriptions, on a database of its own.
type Live struct {
	DB     *testdb.DB
	Engine *engine.Engine
	// Who is the caller behind the token "alice".
	Who caller.Caller
	// Stop ends the hub, as a server that stops does. It may be called twice.
	Stop func()
	url  string
}

// NewLive starts a server. Its tokens are names: alice is an administrator, viewer may only read, mallory belongs to
// another organization, brief is an alice whose token ends after BriefLife, and unlucky meets a broken database.
func NewLive(t *testing.T, limits gqlhttp.SocketLimits, changes ...func(*gqlhttp.Options)) Live {
	t.Helper()
	db := testdb.New(t)
	l := Live{DB: db, Who: testdb.Caller(t, db)}
	logger := slog.New(slog.NewTextHandler(&Log{}, nil))
	hub, stop := RunHub(t, db, logger)
	l.Stop = stop
	var err error
	l.Engine, err = engine.New(engine.Options{
		Store:         db.Store().OnCommit(hub.Announce),
		Jobs:          NoJobs{},
		WorkflowLimit: cost.Dollar,
		MonthLimit:    25 * cost.Dollar,
	})
	if err != nil {
		t.Fatal(err)
	}
	signIn := l.signIn(testdb.Caller(t, db))
	options := gqlhttp.Options{
		Schema: graph.NewSchema(&graph.Resolver{
			Engine:   l.Engine,
			Reporter: report.New(l.DB.Store(), time.Now),
			Live:     hub,
		}),
		Stopped: hub.Stopped(),
		Revoked: l.Engine.APIKeyRevoked,
		SignIn:  signIn,
		Sockets: limits,
		Logger:  logger,
	}
	for _, change := range changes {
		change(&options)
	}
	server := httptest.NewUnstartedServer(authenticated(signIn, gqlhttp.NewHandler(options)))
	server.Listener = narrow{server.Listener}
	server.Config.WriteTimeout, server.Config.ReadTimeout = 3*time.Second, 3*time.Second
	server.Start()
	l.url = server.URL
	t.Cleanup(func() {
		l.Stop()
		server.Close()
		hub.Close()
	})
	return l
}

// authenticated signs in by the header, where there is one.
func authenticated(signIn func(context.Context, ...string) (context.Context, error), next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if values := r.Header.Values("Authorization"); len(values) > 0 {
			ctx, err := signIn(r.Context(), values...)
			if err != nil {
				http.Error(w, err.Error(), http.StatusUnauthorized)
				return
			}
			r = r.WithContext(ctx)
		}
		next.ServeHTTP(w, r)
	})
}

// RunHub returns a hub that runs until stop.
func RunHub(t *testing.T, db *testdb.DB, logger *slog.Logger) (hub *live.Hub, stop func()) {
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

// narrow is a listener whose connections buffer little that their client has not read.
type narrow struct{ net.Listener }

func (n narrow) Accept() (net.Conn, error) {
	conn, err := n.Listener.Accept()
	if tcp, ok := conn.(*net.TCPConn); ok {
		err = errors.Join(err, tcp.SetWriteBuffer(4<<10))
	}
	return conn, err
}

func (l Live) signIn(mallory caller.Caller) func(context.Context, ...string) (context.Context, error) {
	return func(ctx context.Context, authorization ...string) (context.Context, error) {
		token := strings.TrimPrefix(authorization[0], "Bearer ")
		if role := caller.Role(strings.ToUpper(token)); role.Valid() { // Alice in another role.
			who := l.Who
			who.Role = role
			return caller.With(ctx, who), nil
		}
		switch token {
		case "alice":
			return caller.WithEnd(caller.With(ctx, l.Who), time.Now().Add(time.Hour)), nil
		case "mallory":
			return caller.With(ctx, mallory), nil
		case "brief":
			return caller.WithEnd(caller.With(ctx, l.Who), time.Now().Add(BriefLife)), nil
		case "unlucky":
			return nil, errors.New("the database is away")
		}
		return nil, fault.New(fault.Unauthenticated, "Who are you?")
	}
}

// Workflow returns a workflow of alice in a state.
func (l Live) Workflow(t *testing.T, state workflow.State) workflow.Workflow {
	t.Helper()
	return testdb.Workflow(t, l.DB, l.Who, testdb.WorkflowOpts{State: state})
}

// Move takes edges through the engine.
func (l Live) Move(t *testing.T, flow workflow.Workflow, path ...workflow.State) workflow.Workflow {
	t.Helper()
	for _, to := range path {
		m, err := l.Engine.Transition(t.Context(), l.Who, engine.TransitionInput{
			WorkflowID: flow.ID, From: flow.State, To: to,
		})
		if err != nil {
			t.Fatal(err)
		}
		flow = m.Workflow
	}
	return flow
}

// Post posts a body as alice and returns the whole answer.
func (l Live) Post(t *testing.T, accept string, body []byte) (status int, text string) {
	t.Helper()
	response := l.Send(t.Context(), t, Request{Token: "alice", Accept: accept, Body: body})
	defer func() { _ = response.Body.Close() }()
	all, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(all)
}

// Request is one that Send posts.
type Request struct {
	Token, Accept string
	Body          []byte
}

// Send posts a body and returns the response, which the caller closes.
func (l Live) Send(ctx context.Context, t *testing.T, r Request) *http.Response {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, l.url, bytes.NewReader(r.Body))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+r.Token)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Accept", r.Accept)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	return response
}

// The subscriptions of the tests.
const (
	FollowWorkflow = `subscription ($id: ID!, $after: Int) {
		workflowTransitioned(workflowId: $id, afterVersion: $after) {
			resync workflow { state version } transition { version from to }
		}
	}`
	FollowOrganization = `subscription { organizationTransitioned { resync transition { version workflow { id name } } } }`
	FollowSpend        = `subscription ($id: ID!, $after: Int) {
		spendChanged(workflowId: $id, afterSequence: $after) { spend { held } entry { sequence kind } }
	}`
)

// IDOf returns the id that the API has for a workflow.
func IDOf(flow workflow.Workflow) string { return "wf_" + flow.ID.String() }

// Event returns the message that FollowWorkflow sends for a transition; from is "" for the creation.
func Event(id string, version int, from, to workflow.State) Message {
	var before any
	if from != "" {
		before = from
	}
	return Message{"id": id, "type": "next", "payload": Message{"data": Message{"workflowTransitioned": Message{
		"resync": false, "workflow": Message{"state": to, "version": version},
		"transition": Message{"version": version, "from": before, "to": to},
	}}}}
}
