package gqlhttp

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/header"
)

// SocketLimits bound websockets and streams of server-sent events. A field that is 0 has its default.
type SocketLimits struct {
	// Operations is how many operations one websocket may have at once: 64.
	Operations int
	// MessageBytes is the greatest message that a client may send: 64 KiB.
	MessageBytes int64
	// InitTime is how long a client may take for connection_init: 3 s.
	InitTime time.Duration
	// WriteTime is how long a client may take to accept one message: 10 s. Whoever is slower is cut off.
	WriteTime time.Duration
	// Silence is how long nothing may be heard of a client before it is asked, and then how long it may take to answer:
	// 25 s. A stream has a comment as often, so that nobody in between takes it for dead.
	Silence time.Duration
}

func (l SocketLimits) withDefaults() SocketLimits {
	return SocketLimits{
		Operations: cmp.Or(l.Operations, 64), MessageBytes: cmp.Or(l.MessageBytes, 64<<10),
		InitTime: cmp.Or(l.InitTime, 3*time.Second), WriteTime: cmp.Or(l.WriteTime, 10*time.Second),
		Silence: cmp.Or(l.Silence, 25*time.Second),
	}
}

// transports are the ways to ask: plain HTTP, and two for answers that come one after another.
type transports struct {
	endpoint
	limits  SocketLimits
	signIn  func(ctx context.Context, authorization ...string) (context.Context, error)
	stopped <-chan struct{} // nil never
	// over is closed when what the caller has signed in with is revoked; nil never.
	over   func(ctx context.Context, who caller.Caller) <-chan struct{}
	logger *slog.Logger
}

func newTransports(e endpoint, o Options) http.Handler {
	return transports{
		endpoint: e, limits: o.Sockets.withDefaults(), signIn: o.SignIn, over: o.Revoked, logger: o.Logger,
		stopped: o.Stopped,
	}
}

// ServeHTTP answers in the way that the request asks for.
func (t transports) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case header.AsksForWebSocket(r):
		t.serveSocket(w, r)
	case r.Method == http.MethodPost && prefersEvents(r):
		t.serveEvents(w, r)
	default:
		t.endpoint.ServeHTTP(w, r)
	}
}

// answers executes an operation and hands out its answers until there are no more, take refuses one, or the context
// ends. An operation that cannot be executed has errors and no answer.
func (e endpoint) answers(
	ctx context.Context, asked *request, take func(*graphql.Response) bool,
) gqlerror.List {
	ctx = graphql.StartOperationTrace(ctx)
	operation, faults := e.create(ctx, asked)
	if len(faults) > 0 {
		return e.executor.DispatchError(graphql.WithOperationContext(ctx, operation), faults).Errors
	}
	next, ctx := e.executor.DispatchOperation(ctx, operation)
	for response := next(ctx); response != nil; response = next(ctx) {
		if response.Data == nil { // The subscription has not begun.
			return response.Errors
		}
		if !take(response) {
			return nil
		}
	}
	return nil
}

// authorized bounds a context by the end of its caller's authority.
func authorized(ctx context.Context) (context.Context, context.CancelFunc) {
	if end, ends := caller.End(ctx); ends {
		return context.WithDeadline(ctx, end)
	}
	return context.WithCancel(ctx)
}
