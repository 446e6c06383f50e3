//go:build unix

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/workflow"
	"github.com/infin8content/engine/test/chaos/history"
)

// message is a message of a websocket.
type message struct {
	Type    string
	Payload json.RawMessage
}

// subscribe runs a subscription on one connection. It returns nil when the server completes it, or the error that ended
// the connection. The field of the subscription is called "result".
func (c *cluster) subscribe(
	ctx context.Context, address, token, query string, variables map[string]any, news func(json.RawMessage) error,
) error {
	dialing, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	conn, _, err := websocket.Dial(dialing, address+"/graphql", &websocket.DialOptions{ //nolint:bodyclose // The socket's.
		Subprotocols: []string{"graphql-transport-ws"},
	})
	if err != nil {
		return err
	}
	defer func() { _ = conn.CloseNow() }()
	conn.SetReadLimit(1 << 20)
	write := func(m map[string]any) error {
		text, err := json.Marshal(m)
		if err != nil {
			return err
		}
		return conn.Write(ctx, websocket.MessageText, text)
	}
	introduction := map[string]any{"authorization": "Bearer " + token}
	if err := write(map[string]any{"type": "connection_init", "payload": introduction}); err != nil {
		return err
	}
	for {
		text, err := receive(ctx, conn)
		if err != nil {
			return err
		}
		var m message
		if err := json.Unmarshal(text, &m); err != nil {
			return err
		}
		switch m.Type {
		case "connection_ack":
			err = write(map[string]any{
				"id": "1", "type": "subscribe", "payload": map[string]any{"query": query, "variables": variables},
			})
		case "ping":
			err = write(map[string]any{"type": "pong"})
		case "next":
			var payload struct {
				Data   struct{ Result json.RawMessage }
				Errors json.RawMessage
			}
			if err = json.Unmarshal(m.Payload, &payload); err == nil && len(payload.Errors) > 0 {
				return fmt.Errorf("the server sends %s", payload.Errors)
			}
			if err == nil {
				err = news(payload.Data.Result)
			}
		case "complete":
			return nil
		case "error":
			return fmt.Errorf("the server sends %s", m.Payload)
		}
		if err != nil {
			return err
		}
	}
}

// silence is the longest time without a message. A live server sends pings.
const silence = 8 * time.Second

func receive(ctx context.Context, conn *websocket.Conn) ([]byte, error) {
	limited, cancel := context.WithTimeout(ctx, silence)
	defer cancel()
	_, text, err := conn.Read(limited)
	return text, err
}

// follower subscribes to one workflow, from server to server.
type follower struct {
	history.Subscription
	seen atomic.Int64 // number of events
}

const (
	followTransitions = `subscription ($id: ID!, $after: Int!) {
		result: workflowTransitioned(workflowId: $id, afterVersion: $after) { transition { version from to } } }`
	followEntries = `subscription ($id: ID!, $after: Int!) {
		result: spendChanged(workflowId: $id, afterSequence: $after) { entry { sequence } } }`
	followAll = `subscription { result: organizationTransitioned {
		resync workflow { id } transition { version from to } } }`
)

// event is a message of one of the subscriptions.
type event struct {
	Resync     bool
	Workflow   *seenWorkflow
	Transition *struct {
		Version  int
		From, To workflow.State
	}
	Entry *struct{ Sequence int }
}

// run subscribes until the context ends or the workflow is terminal.
func (f *follower) run(ctx context.Context, r *round, random *rand.Rand) {
	query, token := followTransitions, r.token("follower", r.organization)
	if f.Ledger {
		query = followEntries
	}
	for ctx.Err() == nil {
		address := r.anyServer(ctx, random)
		if address == "" {
			continue
		}
		limited, cancel := context.WithTimeout(ctx, 30*time.Second)
		leaves := len(f.Events) + 1 + random.IntN(60)
		err := r.subscribe(limited, address, token, query, map[string]any{
			"id": id("wf", f.Flow), "after": len(f.Events) - 1,
		}, func(text json.RawMessage) error {
			if err := f.note(text); err != nil {
				return err
			}
			if random.IntN(40) == 0 { // This client reads slowly.
				pause(ctx, 300*time.Millisecond)
			}
			if len(f.Events) > leaves && !r.injectionsOver.Load() {
				return fmt.Errorf("the follower changes the server")
			}
			return nil
		})
		cancel()
		if err == nil && !f.Ledger {
			return // The workflow is terminal.
		}
		pause(ctx, 50*time.Millisecond)
	}
}

func (f *follower) note(text json.RawMessage) error {
	var e event
	if err := json.Unmarshal(text, &e); err != nil {
		return err
	}
	switch {
	case e.Transition != nil:
		f.Events = append(f.Events, history.Event{
			Flow:   f.Flow,
			Number: e.Transition.Version,
			From:   e.Transition.From,
			To:     e.Transition.To,
		})
	case e.Entry != nil:
		f.Events = append(f.Events, history.Event{Flow: f.Flow, Number: e.Entry.Sequence})
	}
	f.seen.Store(int64(len(f.Events)))
	return nil
}

// feeder subscribes to the organization, from server to server.
type feeder struct {
	mu    sync.Mutex
	feeds []history.Feed
}

func (f *feeder) run(ctx context.Context, r *round, random *rand.Rand) {
	token := r.token("feeder", r.organization)
	for ctx.Err() == nil {
		address := r.anyServer(ctx, random)
		if address == "" {
			continue
		}
		began := len(f.feeds)
		_ = r.subscribe(ctx, address, token, followAll, nil, func(text json.RawMessage) error {
			return f.note(text, began, r.since())
		})
		if ctx.Err() != nil && len(f.feeds) > began { // The suite has ended this feed after quiescence.
			f.feeds[len(f.feeds)-1].ToTheEnd = true
		}
		pause(ctx, 50*time.Millisecond)
	}
}

// note records a message of a connection. began is the number of feeds at the start of the connection.
func (f *feeder) note(text json.RawMessage, began int, at time.Duration) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	var e event
	if err := json.Unmarshal(text, &e); err != nil {
		return err
	}
	if e.Resync {
		f.feeds = append(f.feeds, history.Feed{Since: at})
		return nil
	}
	if len(f.feeds) == began || e.Transition == nil || e.Workflow == nil {
		return fmt.Errorf("a feed begins with %s", text)
	}
	last := &f.feeds[len(f.feeds)-1]
	last.Events = append(last.Events, history.Event{
		Flow:   plain(e.Workflow.ID),
		Number: e.Transition.Version,
		From:   e.Transition.From,
		To:     e.Transition.To,
	})
	return nil
}

// present returns the current feed as if it ended now, and no feed before the first one.
func (f *feeder) present() []history.Feed {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.feeds) == 0 {
		return nil
	}
	last := f.feeds[len(f.feeds)-1]
	return []history.Feed{{Since: last.Since, Events: slices.Clone(last.Events), ToTheEnd: true}}
}

func newFollower(flow uuid.UUID, ledger bool) *follower {
	return &follower{Subscription: history.Subscription{Flow: flow, Ledger: ledger}}
}
