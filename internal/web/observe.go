package web

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/infin8content/engine/internal/fault"
)

// Observation is what somebody who watches requests makes of one. The zero value is nobody's.
type Observation struct {
	// Context is what the request goes on with.
	Context context.Context //nolint:containedctx // It is handed over, not kept.
	// Trace is the request's name in the traces, for the access log; "" when it has none.
	Trace string
	// Ended is told how the request ended; nil when nobody asks.
	Ended func(Answered)
}

// Answered says how a request ended. Nothing of it but the operation's name was chosen by the client.
type Answered struct {
	// Method is one of HTTP's own, or "OTHER". Route is the one that New names, or "/" for what is not there.
	Method, Route string
	Status        int
	// Operation is the name of the GraphQL operation, if it has one; Code the first error's, if there is one.
	Operation, Code string
	Took            time.Duration
}

// observe gives the request its id, in the context and in the answer's header, and writes the one line of the access
// log when the answer is complete, also when it ended in a panic. Probes that went well are written at debug level.
func (o Options) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		rec := &record{id: requestID(r.Header.Get("X-Request-Id")), address: o.Proxies.clientOf(r)}
		var seen Observation
		if o.Observe != nil {
			seen = o.Observe(r, rec.id)
			r = r.WithContext(seen.Context)
			rec.trace = seen.Trace
		}
		r = r.WithContext(context.WithValue(r.Context(), recordKey{}, rec))
		counted := &countingWriter{ResponseWriter: w}
		counted.Header().Set("X-Request-Id", rec.id)
		defer func() {
			took := time.Since(start)
			attributes := append([]slog.Attr{
				slog.String("id", rec.id),
				slog.String("method", cut(r.Method, maxLoggedBytes)),
				// The path only: a query string may hold an operation, or a token that somebody put there.
				slog.String("path", cut(r.URL.Path, maxLoggedBytes)),
				slog.Int("status", counted.answered()),
				slog.Int64("bytes", counted.bytes),
				slog.Float64("milliseconds", float64(took.Microseconds())/1000),
			}, rec.attributes()...)
			o.Logger.LogAttrs(
				r.Context(), level(r.URL.Path, counted.answered(), rec.hasPanicked()), "request", attributes...)
			if seen.Ended != nil {
				seen.Ended(rec.answered(r, counted.answered(), took))
			}
		}()
		next.ServeHTTP(counted, r) // The router writes into r by which route it came.
	})
}

func level(path string, status int, panicked bool) slog.Level {
	switch {
	case panicked || status >= http.StatusInternalServerError:
		return slog.LevelError
	case path == "/healthz" || path == "/readyz":
		return slog.LevelDebug
	default:
		return slog.LevelInfo
	}
}

// recovered answers a panic with INTERNAL and keeps its stack for the log. When the answer had begun, the connection is
// cut instead, so that half an answer is not taken for a whole one. http.ErrAbortHandler passes, as net/http wants it.
func recovered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() {
			cause := recover()
			if cause == nil {
				return
			}
			if err, ok := cause.(error); ok && errors.Is(err, http.ErrAbortHandler) {
				panic(http.ErrAbortHandler)
			}
			recordOf(r.Context()).panics(fmt.Sprint(cause), string(debug.Stack()))
			if counted, ok := w.(*countingWriter); ok && counted.status != 0 {
				Annotate(r.Context(), "", string(fault.Internal))
				panic(http.ErrAbortHandler)
			}
			for _, name := range []string{"Content-Length", "Content-Encoding", "ETag", "Last-Modified"} {
				w.Header().Del(name) // of the answer that will not come
			}
			refuse(w, r, refusal{http.StatusInternalServerError, fault.Internal, quoteTheRequest})
		}()
		next.ServeHTTP(w, r)
	})
}

// countingWriter remembers what was answered. Its status is 0 until the answer begins.
type countingWriter struct {
	http.ResponseWriter
	status int
	bytes  int64
}

// answered is the status that the client saw: net/http answers 200 when a handler says nothing.
func (w *countingWriter) answered() int {
	if w.status == 0 {
		return http.StatusOK
	}
	return w.status
}

func (w *countingWriter) WriteHeader(status int) {
	// A 1xx announces an answer and is none, but 101 is the last word on this connection.
	if w.status == 0 && (status >= http.StatusOK || status == http.StatusSwitchingProtocols) {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *countingWriter) Write(b []byte) (int, error) {
	w.status = w.answered()
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// Flush is here because handlers that stream ask for an http.Flusher.
func (w *countingWriter) Flush() {
	w.status = w.answered()
	// A connection that cannot flush sends when it is full; nothing is lost.
	_ = http.NewResponseController(w.ResponseWriter).Flush()
}

// Unwrap lets http.ResponseController reach the connection.
func (w *countingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
