package gqlhttp_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/infin8content/engine/graph/graphtest"
	"github.com/infin8content/engine/internal/gqlhttp"
	"github.com/infin8content/engine/internal/workflow"
)

// serverEvent is one server-sent event.
type serverEvent struct{ event, data string }

// readEvents reads n server-sent events, or those before the end of the stream. It skips comments.
func readEvents(t *testing.T, lines *bufio.Scanner, n int) (all []serverEvent) {
	t.Helper()
	var one serverEvent
	for len(all) < n && lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case lines.Text() == "" && one.event != "":
			all = append(all, one)
			one = serverEvent{}
		case name == "event":
			one.event = value
		case name == "data":
			one.data += value
		}
	}
	return all
}

// follow subscribes to a workflow with server-sent events.
func follow(t *testing.T, b graphtest.Live, token string, flow workflow.Workflow) *bufio.Scanner {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), graphtest.Timeout)
	t.Cleanup(cancel)
	body, _ := json.Marshal(message{
		"query": graphtest.FollowWorkflow, "variables": message{"id": graphtest.IDOf(flow)},
	})
	response := b.Send(ctx, t, graphtest.Request{Token: token, Accept: "text/event-stream", Body: body})
	t.Cleanup(func() { _ = response.Body.Close() })
	if kind := response.Header.Get("Content-Type"); response.StatusCode != http.StatusOK ||
		!strings.HasPrefix(kind, "text/event-stream") {
		t.Fatalf("got %d of %s", response.StatusCode, kind)
	}
	return bufio.NewScanner(response.Body)
}

func TestEventStream_SendsTheSameAsASocket(t *testing.T) {
	t.Parallel()
	b := graphtest.NewLive(t, gqlhttp.SocketLimits{Silence: 50 * time.Millisecond})
	flow := b.Workflow(t, workflow.ICPPending)
	lines := follow(t, b, "viewer", flow)
	got := readEvents(t, lines, 1)
	// This is longer than the read and write timeouts of the server.
	for began := time.Now(); time.Since(began) < 4*time.Second; {
		lines.Scan()
		if text := lines.Text(); text != "" && text != ":" {
			t.Fatalf("got %q, want comments", text)
		}
	}
	b.Move(t, flow, workflow.Cancelled)
	got = append(got, readEvents(t, lines, 9)...)
	var want []serverEvent
	for _, m := range []message{
		graphtest.Event("", 1, workflow.Created, workflow.ICPPending),
		graphtest.Event("", 2, workflow.ICPPending, workflow.Cancelled),
	} {
		text, _ := json.Marshal(m["payload"])
		want = append(want, serverEvent{"next", canonical(t, string(text))})
	}
	want = append(want, serverEvent{event: "complete"})
	for i := range got {
		if got[i].data != "" {
			got[i].data = canonical(t, got[i].data)
		}
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(serverEvent{})); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

// canonical returns JSON with its members sorted by name.
func canonical(t *testing.T, text string) string {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	again, _ := json.Marshal(value)
	return string(again)
}

func TestEventStream_SendsErrorsAsEvents(t *testing.T) {
	t.Parallel()
	b := graphtest.NewLive(t, gqlhttp.SocketLimits{})
	flow := b.Workflow(t, workflow.ICPPending)
	got := readEvents(t, follow(t, b, "mallory", flow), 9)
	if len(got) != 2 || got[0].event != "next" || got[1].event != "complete" || strings.Contains(got[0].data, "data") ||
		!strings.Contains(got[0].data, "NOT_FOUND") {
		t.Errorf("another organization's workflow: got %v, want NOT_FOUND without data", got)
	}
	if status, text := b.Post(t, "text/event-stream", []byte(`{}`)); status != http.StatusBadRequest {
		t.Errorf("no operation: got %d %s, want 400", status, text)
	}
	_, text := b.Post(t, "text/event-stream", []byte(`{"query": "{ viewer { role } }"}`))
	if !strings.Contains(text, "event: next\ndata: {\"data\":{\"viewer\":{\"role\":\"ADMIN\"}}") ||
		!strings.HasSuffix(text, "}\n\nevent: complete\ndata:\n\n") {
		t.Errorf("a query: got %q, want one next and complete", text)
	}
}

func TestEventStream_EndsWithoutCompleteWithItsTokenAndTheServer(t *testing.T) {
	t.Parallel()
	b := graphtest.NewLive(t, gqlhttp.SocketLimits{})
	flow := b.Workflow(t, workflow.ICPPending)
	brief, long := follow(t, b, "brief", flow), follow(t, b, "alice", flow)
	if got := readEvents(t, brief, 9); len(got) != 1 || got[0].event != "next" {
		t.Errorf("with a token that ends: got %v, want one next", got)
	}
	b.Stop()
	if got := readEvents(t, long, 9); len(got) != 1 || got[0].event != "next" {
		t.Errorf("at a server that stops: got %v, want one next", got)
	}
}
