package gqlhttp

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/header"
)

const eventMedia = "text/event-stream"

// prefersEvents reports whether the client prefers server-sent events to JSON. It must name their type.
func prefersEvents(r *http.Request) bool {
	accept := header.AcceptOf(r.Header)
	return accept.Names(eventMedia) &&
		accept.Quality(eventMedia) > max(accept.Quality(jsonMedia), accept.Quality(responseMedia))
}

// serveEvents answers one operation with server-sent events: an event next for each answer, then one complete. This is
// the mode "distinct connections" of the protocol graphql-sse. When the caller's token ends or the server stops, the
// stream ends without complete, so that the client connects again.
func (t transports) serveEvents(w http.ResponseWriter, r *http.Request) {
	request, refused := readRequest(r)
	if refused != nil {
		t.refuse(w, r, refused)
		return
	}
	closed, err := t.open(r.Context())
	if err != nil {
		t.refuseOpen(w, r, err)
		return
	}
	defer closed()
	ctx, cancel := untilExpiry(r.Context())
	var goroutines sync.WaitGroup
	defer goroutines.Wait()
	defer cancel()
	s := &eventStream{w: w, controller: http.NewResponseController(w), limit: t.limits.WriteTime}
	// The server's read deadline is for the request. A later read only finds that the client is gone.
	_ = s.controller.SetReadDeadline(time.Time{})
	w.Header().Set("Content-Type", eventMedia+"; charset=utf-8")
	w.Header().Add("Vary", "Accept")
	w.Header().Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	if !s.write(":\n\n") {
		return
	}
	goroutines.Go(func() { s.keepAlive(ctx, t, cancel) })
	goroutines.Go(func() { t.endWhenRevoked(ctx, cancel) })

	errs := t.execute(ctx, request, func(response *graphql.Response) bool { return s.next(response) })
	if len(errs) > 0 {
		s.next(errorResponse{Errors: errs})
	}
	if ctx.Err() == nil {
		s.write("event: complete\ndata:\n\n")
	}
}

// endWhenRevoked ends a stream when the caller's credential is revoked.
func (t transports) endWhenRevoked(ctx context.Context, end func()) {
	select {
	case <-t.revoked(ctx, caller.From(ctx)):
		end()
	case <-ctx.Done():
	}
}

// eventStream writes events, one at a time.
type eventStream struct {
	mu         sync.Mutex
	w          http.ResponseWriter
	controller *http.ResponseController
	limit      time.Duration
}

// next writes an answer. It returns false when the client is gone.
func (s *eventStream) next(response any) bool {
	return s.write("event: next\ndata: " + string(encodeResponse(response)) + "\n\n") // Our JSON has no line breaks.
}

func (s *eventStream) write(event string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.controller.SetWriteDeadline(time.Now().Add(s.limit)) // The recorders of tests have no deadline.
	_, err := s.w.Write([]byte(event))
	if err == nil {
		err = s.controller.Flush()
	}
	return err == nil
}

// keepAlive writes comments until the context ends. It ends the context when the client is gone or the server stops.
func (s *eventStream) keepAlive(ctx context.Context, t transports, end func()) {
	ticker := time.NewTicker(t.limits.Silence)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			if !s.write(":\n\n") {
				end()
			}
		case <-t.stopped:
			end()
			return
		case <-ctx.Done():
			return
		}
	}
}
