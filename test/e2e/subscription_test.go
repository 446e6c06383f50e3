package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/coder/websocket"
	"github.com/google/go-cmp/cmp"

	"github.com/infin8content/engine/internal/caller"
)

// follower subscribes to a workflow over websockets, from server to server.
type follower struct {
	token, workflow string
	// last is the last version, and seen has all versions in the order of their arrival.
	last int
	seen []int
}

// follow subscribes at one server and records versions until the subscription or the connection ends. The error is nil
// if the server completes the subscription.
func (f *follower) follow(ctx context.Context, address string, news func()) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	conn, response, err := websocket.Dial(ctx, address+"/graphql", &websocket.DialOptions{
		Subprotocols: []string{"graphql-transport-ws"},
	})
	if err != nil {
		return err
	}
	_ = response.Body
	defer func() { _ = conn.CloseNow() }()
	for _, m := range []any{
		map[string]any{"type": "connection_init", "payload": map[string]any{"authorization": "Bearer " + f.token}},
		map[string]any{"id": "1", "type": "subscribe", "payload": map[string]any{
			"query": `subscription ($id: ID!, $after: Int!) {
				workflowTransitioned(workflowId: $id, afterVersion: $after) { transition { version } }
			}`,
			"variables": map[string]any{"id": f.workflow, "after": f.last},
		}},
	} {
		text, err := json.Marshal(m)
		if err != nil {
			return err
		}
		// The protocol requires the acknowledgement before the first subscription.
		if err := conn.Write(ctx, websocket.MessageText, text); err != nil {
			return err
		}
		if strings.Contains(string(text), "connection_init") {
			if _, _, err := conn.Read(ctx); err != nil {
				return err
			}
		}
	}
	for {
		_, text, err := conn.Read(ctx)
		if err != nil {
			return err
		}
		var m struct {
			Type    string
			Payload json.RawMessage
		}
		if err := json.Unmarshal(text, &m); err != nil {
			return err
		}
		switch m.Type {
		case "next":
			var payload struct {
				Data struct {
					WorkflowTransitioned struct{ Transition struct{ Version int } }
				}
			}
			if err := json.Unmarshal(m.Payload, &payload); err != nil {
				return err
			}
			f.last = payload.Data.WorkflowTransitioned.Transition.Version
			f.seen = append(f.seen, f.last)
			news()
		case "complete":
			return nil
		default:
			return fmt.Errorf("the server sends %s", text)
		}
	}
}

func TestSubscription_SeesEachVersionOnceThroughThreeServerDeaths(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	survivor := w.client(t, w.serve(t, "--workers=false"), w.who)
	made := survivor.do(t, "createWorkflow", map[string]any{
		"name": "Followed", "company": map[string]any{"name": "Example", "url": "https://example.com"},
	})
	flow := made.Workflow.ID
	move := func(c client, from, to string) error {
		_, err := c.try(t.Context(), "transitionWorkflow", map[string]any{"workflowId": flow, "from": from, "to": to})
		return err
	}
	for _, edge := range [][2]string{{"CREATED", "ICP_PENDING"}, {"ICP_PENDING", "ICP_PROCESSING"}} {
		if err := move(survivor, edge[0], edge[1]); err != nil {
			t.Fatal(err)
		}
	}

	f := &follower{token: token(t, w.who), workflow: flow, last: -1}
	const deaths, enough = 3, 25
	for death := range deaths {
		victim := w.serve(t, "--workers=false")
		doomed := w.client(t, victim, w.who)
		// Both servers move the workflow as fast as they can. The subscriber sees changes of both.
		stop := make(chan struct{})
		ended := make(chan error, 2)
		for _, c := range []client{survivor, doomed} {
			go func() {
				for {
					select {
					case <-stop:
						ended <- nil
						return
					default:
					}
					err := errors.Join(move(c, "ICP_PROCESSING", "ICP_FAILED"), move(c, "ICP_FAILED", "ICP_PROCESSING"))
					if err != nil && c == doomed { // Its server is dead.
						ended <- nil
						return
					}
					if err != nil {
						ended <- err
						return
					}
				}
			}()
		}
		before := len(f.seen)
		err := f.follow(t.Context(), victim.address, func() {
			if len(f.seen) == before+enough {
				victim.signal(t, syscall.SIGKILL)
			}
		})
		if err == nil || errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("death %d: the subscription ended with %v, want the error of a dead server", death+1, err)
		}
		close(stop)
		if err := errors.Join(<-ended, <-ended); err != nil {
			t.Fatal(err)
		}
	}
	last := w.serve(t, "--workers=false")
	survivor.do(t, "cancelWorkflow", map[string]any{"workflowId": flow})
	if err := f.follow(t.Context(), last.address, func() {}); err != nil {
		t.Fatalf("at the last server: %v", err)
	}
	const journal = `SELECT version FROM workflow_transitions WHERE workflow_id = $1 ORDER BY version`
	want := ask[int](t, w, journal, plain(t, flow))
	if diff := cmp.Diff(want, f.seen); diff != "" {
		t.Errorf("%d versions (-want +got):\n%s", len(want), diff)
	}
	t.Logf("%d versions through %d deaths", len(want), deaths)
}

func TestSubscription_EndsWhenTheServerStops(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := w.serve(t, "--workers=false")
	flow := w.client(t, server, w.who).do(t, "createWorkflow", map[string]any{
		"name": "Followed", "company": map[string]any{"name": "Example", "url": "https://example.com"},
	}).Workflow.ID
	f := &follower{token: token(t, w.who), workflow: flow, last: -1}
	err := f.follow(t.Context(), server.address, func() { server.signal(t, syscall.SIGTERM) })
	if got := websocket.CloseStatus(err); got != websocket.StatusGoingAway {
		t.Errorf("the subscription ended with %v, want the code 1001", err)
	}
	eventually(t, "the server ends", server.isOver)
	if code := server.command.ProcessState.ExitCode(); code != 0 {
		t.Errorf("exit status: got %d, want 0", code)
	}
}

func TestSubscription_ChecksTokenAndOrigin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	server := w.serve(t, "--workers=false", "--origins=https://app.example.com")
	flow := w.client(t, server, w.who).do(t, "createWorkflow", map[string]any{
		"name": "Followed", "company": map[string]any{"name": "Example", "url": "https://example.com"},
	}).Workflow.ID
	stranger := caller.Caller{Actor: "mallory", OrganizationID: w.who.OrganizationID, Role: caller.Admin}
	stranger.OrganizationID[0] ^= 0xff
	for name, one := range map[string]struct {
		token string
		code  websocket.StatusCode
		says  string
	}{
		"a forged token":                    {token: "forged", code: 4403},
		"the token of another organization": {token: token(t, stranger), code: -1, says: "NOT_FOUND"},
	} {
		f := &follower{token: one.token, workflow: flow, last: -1}
		err := f.follow(t.Context(), server.address, func() { t.Errorf("%s: got an event", name) })
		if err == nil || websocket.CloseStatus(err) != one.code || !strings.Contains(err.Error(), one.says) {
			t.Errorf("%s: got %v, want the code %d, %s", name, err, one.code, one.says)
		}
	}
	for origin, want := range map[string]int{"https://app.example.com": 101, "https://evil.example.com": 403} {
		ctx, cancel := context.WithTimeout(t.Context(), timeout)
		conn, response, err := websocket.Dial(ctx, server.address+"/graphql", &websocket.DialOptions{
			Subprotocols: []string{"graphql-transport-ws"}, HTTPHeader: http.Header{"Origin": {origin}},
		})
		if response == nil || response.StatusCode != want {
			t.Errorf("from %s: got %v, %v, want %d", origin, response, err, want)
		}
		if conn != nil {
			_ = conn.CloseNow()
		}
		cancel()
	}
}

func TestSubscription_IdleServerSendsFewStatements(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	silence := w.transactionsPerSecond(t) // transactions of the database itself and of the test
	server := w.serve(t)
	flow := w.client(t, server, w.who).do(t, "createWorkflow", map[string]any{
		"name": "Followed", "company": map[string]any{"name": "Example", "url": "https://example.com"},
	}).Workflow.ID
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	told := make(chan struct{}, 1)
	for range 3 {
		f := &follower{token: token(t, w.who), workflow: flow, last: -1}
		go func() { _ = f.follow(ctx, server.address, func() { told <- struct{}{} }) }()
		<-told
	}
	// A starting server sends more statements than an idle one, so one quiet window is enough.
	var loudness float64
	eventually(t, "the server sends fewer than five statements per second", func() bool {
		loudness = w.transactionsPerSecond(t) - silence
		return loudness < 5
	})
	t.Logf("%.1f transactions per second", loudness)
}

// transactionsPerSecond counts the transactions of all clients of the database within five seconds.
func (w world) transactionsPerSecond(t *testing.T) float64 {
	t.Helper()
	const ended = `SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()`
	before, began := ask[int64](t, w, ended)[0], time.Now()
	<-time.After(5 * time.Second)
	return float64(ask[int64](t, w, ended)[0]-before) / time.Since(began).Seconds()
}
