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

// serveEvents answers one operation with server-sent events, each answer an event next and then one complete: the mode
// of distinct connections of graphql-sse. When the caller's authority ends or the server stops, the stream ends without
// complete, so that the client comes back.
func (t transports) serveEvents(w http.ResponseWriter, r *http.Request) {
	asked, refused := read(r)
	if refused != nil {
		t.refuse(w, r, refused)
		return
	}
	ctx, cancel := authorized(r.Context())
	var beside sync.WaitGroup
	defer beside.Wait()
	defer cancel()
	s := &eventStream{w: w, controller: http.NewResponseController(w), limit: t.limits.WriteTime}
	// The server's time for reading a request is over soon; what is read from now on is only that the client has gone.
	_ = s.controller.SetReadDeadline(time.Time{})
	w.Header().Set("Content-Type", eventMedia+"; charset=utf-8")
	w.Header().Add("Vary", "Accept")
	w.Header().Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	if !s.write(":\n\n") {
		return
	}
	beside.Go(func() { s.keepAlive(ctx, t, cancel) })
	beside.Go(func() { t.endWithKey(ctx, cancel) })

	faults := t.answers(ctx, asked, func(response *graphql.Response) bool { return s.next(response) })
	if len(faults) > 0 {
		s.next(refusal{Errors: faults})
	}
	if ctx.Err() == nil {
		s.write("event: complete\ndata:\n\n")
	}
}

// endWithKey ends a stream when the key that its caller has signed in with is revoked.
func (t transports) endWithKey(ctx context.Context, end func()) {
	select {
	case <-t.over(ctx, caller.From(ctx)):
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

// next writes an answer, and reports false when the client is gone.
func (s *eventStream) next(response any) bool {
	return s.write("event: next\ndata: " + string(encode(response)) + "\n\n") // JSON here has no line breaks.
}

func (s *eventStream) write(event string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.controller.SetWriteDeadline(time.Now().Add(s.limit)) // Recorders of tests have none.
	_, err := s.w.Write([]byte(event))
	if err == nil {
		err = s.controller.Flush()
	}
	return err == nil
}

// keepAlive writes a comment every so often until the context ends, and ends it when the client is gone or the server
// stops.
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
