package gqlhttp_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"github.com/infin8content/engine/graph/graphtest"
	"github.com/infin8content/engine/internal/gqlhttp"
	"github.com/infin8content/engine/internal/workflow"
)

type message = graphtest.Message

const protocol = "graphql-transport-ws"

func TestSocket_EachMistakeHasItsCloseCode(t *testing.T) {
	t.Parallel()
	b := graphtest.NewLive(t, gqlhttp.SocketLimits{})
	first := func(payload string) string { return `{"type": "connection_init", "payload": ` + payload + `}` }
	known := first(`{"authorization": "Bearer alice"}`)
	subscribe := func(id, payload string) string {
		return `{"id": ` + id + `, "type": "subscribe", "payload": ` + payload + `}`
	}
	forever := `{"query": "subscription { organizationTransitioned { resync } }"}`
	brief := `{"query": "{ viewer { actor } }"}`
	long, padding := `"`+strings.Repeat("é", 200)+`"`, strings.Repeat("x", 70_000)
	for name, mistake := range map[string]struct {
		sent []string
		code websocket.StatusCode
	}{
		"no JSON":                      {[]string{known, `hello`}, 4400},
		"two values":                   {[]string{known, `{"type": "ping"} {}`}, 4400},
		"a list":                       {[]string{known, `[]`}, 4400},
		"no type":                      {[]string{known, `{"id": "1"}`}, 4400},
		"an unknown type":              {[]string{known, `{"type": "start"}`}, 4400},
		"a server's type":              {[]string{known, `{"type": "next", "id": "1", "payload": {}}`}, 4400},
		"an ack":                       {[]string{known, `{"type": "connection_ack"}`}, 4400},
		"no id":                        {[]string{known, `{"type": "subscribe", "payload": {"query": "{ x }"}}`}, 4400},
		"an empty id":                  {[]string{known, subscribe(`""`, brief)}, 4400},
		"a number as id":               {[]string{known, subscribe(`1`, brief)}, 4400},
		"subscribe without payload":    {[]string{known, subscribe(`"1"`, `null`)}, 4400},
		"subscribe without query":      {[]string{known, subscribe(`"1"`, `{}`)}, 4400},
		"variables that are a list":    {[]string{known, subscribe(`"1"`, `{"query": "{ x }", "variables": []}`)}, 4400},
		"complete without id":          {[]string{known, `{"type": "complete"}`}, 4400},
		"ping with text":               {[]string{known, `{"type": "ping", "payload": "hello"}`}, 4400},
		"init with a list":             {[]string{first(`[]`)}, 4400},
		"authorization that is a list": {[]string{first(`{"authorization": []}`)}, 4400},
		"subscribe before init":        {[]string{subscribe(`"1"`, forever)}, 4401},
		"no token":                     {[]string{`{"type": "connection_init"}`}, 4403},
		"an empty payload":             {[]string{first(`{}`)}, 4403},
		"a bad token":                  {[]string{first(`{"authorization": "Bearer eve"}`)}, 4403},
		"an organization not admitted": {[]string{first(`{"authorization": "Bearer unlucky"}`)}, 1013},
		"an id that runs":              {[]string{known, subscribe(`"1"`, forever), subscribe(`"1"`, forever)}, 4409},
		"an id that runs, for a query": {[]string{known, subscribe(`"1"`, forever), subscribe(`"1"`, brief)}, 4409},
		"a long id that runs":          {[]string{known, subscribe(long, forever), subscribe(long, forever)}, 4409},
		"a second init":                {[]string{known, known}, 4429},
		"a message that is too big":    {[]string{known, `{"type": "ping", "x": "` + padding + `"}`}, 1009},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := b.Dial(t, nil, protocol)
			for _, text := range mistake.sent {
				c.Write(websocket.MessageText, text)
			}
			if got := c.CloseCode(); got != mistake.code {
				t.Errorf("close code: got %d, want %d", got, mistake.code)
			}
		})
	}
	t.Run("a binary message", func(t *testing.T) {
		t.Parallel()
		c := b.Dial(t, nil, protocol)
		c.Write(websocket.MessageBinary, known)
		if got := c.ExpectClose(); got != 4400 {
			t.Errorf("close code: got %d, want 4400", got)
		}
	})
	for name, subprotocols := range map[string][]string{"no subprotocol": nil, "an old one": {"graphql-ws"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := b.Dial(t, nil, subprotocols...).ExpectClose(); got != 4406 {
				t.Errorf("close code: got %d, want 4406", got)
			}
		})
	}
}

func TestSocket_ClosesWith4408WithoutAnInit(t *testing.T) {
	t.Parallel()
	b := graphtest.NewLive(t, gqlhttp.SocketLimits{InitTime: 2 * time.Second})
	// A client that has sent connection_init stays connected.
	known, silent := b.Open(t, "alice"), b.Dial(t, nil, protocol)
	if got := silent.ExpectClose(); got != 4408 {
		t.Errorf("close code: got %d, want 4408", got)
	}
	known.Send(message{"type": "ping"})
	known.Expect(message{"type": "pong"})
}

func TestSocket_AcceptsTheHeader(t *testing.T) {
	t.Parallel()
	b := graphtest.NewLive(t, gqlhttp.SocketLimits{})
	c := b.Dial(t, http.Header{"Authorization": {"Bearer viewer"}}, "graphql-ws", protocol)
	c.Send(message{"type": "connection_init"})
	c.Expect(message{"type": "connection_ack"})
	c.Subscribe("q", `{ viewer { role } }`, nil)
	c.Expect(message{"id": "q", "type": "next", "payload": message{"data": message{"viewer": message{"role": "VIEWER"}}}})
	c.Expect(message{"id": "q", "type": "complete"})
	c.Subscribe("m", `mutation { cancelWorkflow(input: {workflowId: "wf_x"}) { replayed } }`, nil)
	m := c.Next()
	payload, _ := m["payload"].(map[string]any)
	if m["type"] != "next" || payload["errors"] == nil {
		t.Errorf("a viewer's mutation: got %v, want FORBIDDEN", m)
	}
	c.Expect(message{"id": "m", "type": "complete"})
}

func TestSocket_AnswersAPingAndIgnoresUnknownIDs(t *testing.T) {
	t.Parallel()
	b := graphtest.NewLive(t, gqlhttp.SocketLimits{})
	c := b.Dial(t, nil, protocol)
	c.Send(message{"type": "ping", "payload": message{"n": 1}})
	c.Expect(message{"type": "pong", "payload": message{"n": 1}})
	c.Send(message{"type": "connection_init", "payload": message{"Authorization": "Bearer alice"}})
	c.Expect(message{"type": "connection_ack"})
	c.Send(message{"type": "pong"})
	c.Send(message{"type": "complete", "id": "unknown"})
	c.Send(message{"type": "ping", "payload": nil})
	c.Expect(message{"type": "pong"})
}

func TestSocket_SendsNothingAfterTheOutcome(t *testing.T) {
	t.Parallel()
	b := graphtest.NewLive(t, gqlhttp.SocketLimits{})
	flow := b.Workflow(t, workflow.ICPProcessing)
	c := b.Open(t, "alice")
	// The client completes an operation and uses its id again. It must get messages of the new operation only.
	for range 30 {
		c.Subscribe("1", graphtest.FollowWorkflow, message{"id": graphtest.IDOf(flow)})
		if m := c.Next(); m["type"] != "next" {
			t.Fatalf("got %v, want the present state", m)
		}
		c.Send(message{"id": "1", "type": "complete"})
		flow = b.Move(t, flow, flow.NextStates()[0])
		if flow.State == workflow.ICPCompleted {
			flow = b.Move(t, flow, workflow.ICPPending, workflow.ICPProcessing)
		}
		c.Send(message{"type": "ping"})
		for m := c.Next(); m["type"] != "pong"; m = c.Next() {
			if m["type"] == "complete" {
				t.Fatal("the server sends complete for an operation that the client has completed")
			}
		}
		c.Subscribe("1", `{ viewer { role } }`, nil)
		c.Expect(message{"id": "1", "type": "next", "payload": message{"data": message{"viewer": message{"role": "ADMIN"}}}})
		c.Expect(message{"id": "1", "type": "complete"})
	}
}

func TestSocket_LimitsItsOperations(t *testing.T) {
	t.Parallel()
	b := graphtest.NewLive(t, gqlhttp.SocketLimits{Operations: 2})
	flow := b.Workflow(t, workflow.ICPPending)
	c := b.Open(t, "alice")
	for _, id := range []string{"1", "2"} {
		c.Subscribe(id, graphtest.FollowWorkflow, message{"id": graphtest.IDOf(flow)})
		c.Expect(graphtest.Event(id, 1, workflow.Created, workflow.ICPPending))
	}
	c.Subscribe("3", graphtest.FollowWorkflow, message{"id": graphtest.IDOf(flow)})
	if got := c.ExpectError("3"); got != "RATE_LIMITED" {
		t.Errorf("the third: got %s, want RATE_LIMITED", got)
	}
	c.Send(message{"id": "1", "type": "complete"})
	c.Subscribe("3", graphtest.FollowWorkflow, message{"id": graphtest.IDOf(flow)})
	c.Expect(graphtest.Event("3", 1, workflow.Created, workflow.ICPPending))
}

func TestSocket_ClosesWith4403WhenItsTokenEnds(t *testing.T) {
	t.Parallel()
	b := graphtest.NewLive(t, gqlhttp.SocketLimits{})
	flow := b.Workflow(t, workflow.ICPPending)
	began := time.Now()
	c := b.Open(t, "brief")
	c.Subscribe("1", graphtest.FollowWorkflow, message{"id": graphtest.IDOf(flow)})
	c.Expect(graphtest.Event("1", 1, workflow.Created, workflow.ICPPending))
	if got := c.ExpectClose(); got != 4403 { // No complete comes before it.
		t.Errorf("close code: got %d, want 4403", got)
	}
	if lived := time.Since(began); lived < graphtest.BriefLife {
		t.Errorf("the socket has ended after %s, before its token", lived)
	}
}

func TestSocket_ClosesWith1001WhenTheServerStops(t *testing.T) {
	t.Parallel()
	b := graphtest.NewLive(t, gqlhttp.SocketLimits{})
	flow := b.Workflow(t, workflow.ICPPending)
	c, idle := b.Open(t, "alice"), b.Dial(t, nil, protocol)
	c.Subscribe("1", graphtest.FollowWorkflow, message{"id": graphtest.IDOf(flow)})
	c.Expect(graphtest.Event("1", 1, workflow.Created, workflow.ICPPending))
	b.Stop()
	for _, one := range []graphtest.Client{c, idle} {
		if got := one.ExpectClose(); got != websocket.StatusGoingAway {
			t.Errorf("close code: got %d, want 1001", got)
		}
	}
}

func TestSocket_CutsOffAClientThatDoesNotReadAndServesTheOthers(t *testing.T) {
	t.Parallel()
	b := graphtest.NewLive(t, gqlhttp.SocketLimits{WriteTime: 2 * time.Second})
	flow := b.Workflow(t, workflow.ICPProcessing)
	slow, quick := b.Open(t, "alice"), b.Open(t, "alice")
	quick.Subscribe("1", graphtest.FollowWorkflow, message{"id": graphtest.IDOf(flow), "after": flow.Version})
	// The unread answers fill the buffers until a write of the server fails.
	big := `subscription { organizationTransitioned { resync } }`
	slow.Subscribe("o", big, nil)
	padding := strings.Repeat("x", 60_000)
	cut := make(chan error, 1)
	go func() {
		for {
			ctx, cancel := context.WithTimeout(context.Background(), graphtest.Timeout)
			err := slow.Conn.Write(ctx, websocket.MessageText, []byte(`{"type": "ping", "payload": {"p": "`+padding+`"}}`))
			cancel()
			if err != nil {
				cut <- err
				return
			}
		}
	}()
	for range 20 {
		before := flow
		flow = b.Move(t, flow, map[workflow.State]workflow.State{
			workflow.ICPProcessing: workflow.ICPFailed, workflow.ICPFailed: workflow.ICPProcessing,
		}[flow.State])
		quick.Expect(graphtest.Event("1", flow.Version, before.State, flow.State))
	}
	if err := <-cut; errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the client that does not read is not cut off: %v", err)
	}
}

func TestSocket_CutsOffAClientThatAnswersNoPing(t *testing.T) {
	t.Parallel()
	b := graphtest.NewLive(t, gqlhttp.SocketLimits{Silence: time.Second})
	// A client of this library answers pings while it reads. This one reads only at the end.
	c := b.Open(t, "alice")
	reading := b.Open(t, "alice")
	flow := b.Workflow(t, workflow.ICPPending)
	c.Subscribe("1", graphtest.FollowWorkflow, message{"id": graphtest.IDOf(flow)})
	if got := reading.ReadFor(5 * time.Second); !errors.Is(got, context.DeadlineExceeded) {
		t.Errorf("a client that reads: got %v, want that it stays", got)
	}
	if got := c.CloseCode(); got != -1 {
		t.Errorf("close code: got %d, want none", got)
	}
}

// This test is not parallel: it counts the goroutines of the whole process.
func TestSocket_LeavesNoGoroutine(t *testing.T) {
	b := graphtest.NewLive(t, gqlhttp.SocketLimits{})
	flow := b.Workflow(t, workflow.ICPPending)
	first := b.Open(t, "alice")
	first.Subscribe("1", graphtest.FollowWorkflow, message{"id": graphtest.IDOf(flow)})
	first.Next()
	before := goleak.IgnoreCurrent()
	for range 5 {
		c := b.Open(t, "alice")
		for i, query := range []string{graphtest.FollowWorkflow, graphtest.FollowSpend, graphtest.FollowOrganization} {
			c.Subscribe(string(rune('a'+i)), query, message{"id": graphtest.IDOf(flow)})
			c.Next()
		}
		c.Send(message{"id": "a", "type": "complete"})
		_ = c.Conn.CloseNow()
	}
	goleak.VerifyNone(t, before)
}
