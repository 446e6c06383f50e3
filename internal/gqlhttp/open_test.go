package gqlhttp_test

import (
	"context"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/coder/websocket"

	"github.com/infin8content/engine/graph/graphtest"
	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/gqlhttp"
)

func TestOpen_AFullOrganizationGetsNoStream(t *testing.T) {
	t.Parallel()
	refused := func(context.Context) (func(), error) { return nil, rateLimited{} }
	b := graphtest.New(t).With(func(o *gqlhttp.Options) { o.Open = refused })
	answer := b.Post(map[string]any{"query": `subscription { organizationTransitioned { resync } }`},
		"Accept", "text/event-stream")
	if got := answer.Header().Get("Retry-After"); answer.Code != http.StatusTooManyRequests || got != "7" ||
		graphtest.CodeOf(t, answer) != "RATE_LIMITED" {
		t.Errorf("got %d, Retry-After %q, %s, want 429", answer.Code, got, answer.Body)
	}
}

// Each message of a socket that is open waits for its turn, and one that cannot have it closes the socket.
func TestArrive_IsAskedForEachMessageOfASocket(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	const most = 3
	b := graphtest.NewLive(t, gqlhttp.SocketLimits{}, func(o *gqlhttp.Options) {
		o.Arrive = func(ctx context.Context) error {
			if !caller.From(ctx).Known() {
				t.Error("got no caller")
			}
			if asked.Add(1) > most {
				return rateLimited{}
			}
			return nil
		}
	})
	c := b.Open(t, "alice")
	for range most {
		c.Send(message{"type": "ping"})
		c.Expect(message{"type": "pong"})
	}
	c.Send(message{"type": "ping"})
	if got := c.ExpectClose(); got != websocket.StatusTryAgainLater || asked.Load() != most+1 {
		t.Errorf("got the code %d after %d messages", got, asked.Load())
	}
}
