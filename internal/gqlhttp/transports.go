package gqlhttp

import (
	"cmp"
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/header"
)

// SocketLimits limits WebSockets and streams of server-sent events. A field that is 0 has its default.
type SocketLimits struct {
	// Operations is the number of operations that run on one socket. Default 64.
	Operations int
	// MessageBytes is the greatest message of a client. Default 64 KiB.
	MessageBytes int64
	// InitTime is the time for connection_init. Default 3 s.
	InitTime time.Duration
	// WriteTime is the time for a client to accept one message. Default 10 s. A slower client is cut off.
	WriteTime time.Duration
	// Silence is the time between two pings, and the time for a client to answer one. A stream gets a comment as often,
	// so that no proxy takes it for dead. Default 25 s.
	Silence time.Duration
}

func (l SocketLimits) withDefaults() SocketLimits {
	return SocketLimits{
		Operations:   cmp.Or(l.Operations, 64),
		MessageBytes: cmp.Or(l.MessageBytes, 64<<10),
		InitTime:     cmp.Or(l.InitTime, 3*time.Second),
		WriteTime:    cmp.Or(l.WriteTime, 10*time.Second),
		Silence:      cmp.Or(l.Silence, 25*time.Second),
	}
}

// transports serves the three transports: plain HTTP, server-sent events and WebSocket. Decision 0036 says why gqlgen's
// are not used.
type transports struct {
	endpoint
	// plain is the endpoint with compressed answers.
	plain   http.Handler
	limits  SocketLimits
	signIn  func(ctx context.Context, authorization ...string) (context.Context, error)
	open    func(ctx context.Context) (closed func(), err error)
	arrive  func(ctx context.Context) error
	stopped <-chan struct{}
	revoked func(ctx context.Context, who caller.Caller) <-chan struct{}
	logger  *slog.Logger
}

// ServeHTTP serves the transport that the request asks for.
func (t transports) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case header.AsksForWebSocket(r):
		t.serveSocket(w, r)
	case r.Method == http.MethodPost && prefersEvents(r):
		t.serveEvents(w, r)
	default:
		t.plain.ServeHTTP(w, r)
	}
}

// refuseOpen answers a socket or stream beyond a limit, before it begins.
func (t transports) refuseOpen(w http.ResponseWriter, r *http.Request, err error) {
	errs := gqlerror.List{gqlerror.Wrap(err)}
	setRetryAfter(w, errs)
	response := t.executor.DispatchError(r.Context(), errs)
	write(w, jsonMedia, http.StatusTooManyRequests, errorResponse{Errors: response.Errors})
}

// untilExpiry returns a context that ends with the caller's token.
func untilExpiry(ctx context.Context) (context.Context, context.CancelFunc) {
	if end, ends := caller.End(ctx); ends {
		return context.WithDeadline(ctx, end)
	}
	return context.WithCancel(ctx)
}
