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

// Observation is the result of Options.Observe for one request.
type Observation struct {
	// Context replaces the context of the request.
	Context context.Context //nolint:containedctx // The request takes it over.
	// Trace is the trace id of the request, for the access log; "" without one.
	Trace string
	// Ended receives the outcome of the request; nil receives none.
	Ended func(Outcome)
}

// Outcome describes the end of a request. The client chooses only the name of the operation.
type Outcome struct {
	// Method is a method of HTTP, or "OTHER". Route is one that New lists, or "/" for any other path.
	Method, Route string
	Status        int
	// Operation is the name of the GraphQL operation, and Code the code of the first error. Either may be empty.
	Operation, Code string
	Took            time.Duration
}

// observe gives each request an id, in the context and in the header of the answer. It writes one line of the access
// log after the answer, also after a panic. Successful probes are logged at debug level.
func (o Options) observe(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		rec := &record{id: requestID(r.Header.Get("X-Request-Id")), address: o.Proxies.clientAddress(r)}
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
				// A query string may have an operation, or a token by mistake.
				slog.String("path", cut(r.URL.Path, maxLoggedBytes)),
				slog.Int("status", counted.answered()),
				slog.Int64("bytes", counted.bytes),
				slog.Float64("milliseconds", float64(took.Microseconds())/1000),
			}, rec.attributes()...)
			o.Logger.LogAttrs(
				r.Context(), level(r.URL.Path, counted.answered(), rec.hasPanicked()), "request", attributes...)
			if seen.Ended != nil {
				seen.Ended(rec.outcome(r, counted.answered(), took))
			}
		}()
		next.ServeHTTP(counted, r) // The router writes the pattern of the route into r.
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

// recovered answers a panic with INTERNAL and keeps its stack for the log. If the answer has begun, it cuts the
// connection, so that no client takes half an answer for a whole one. http.ErrAbortHandler passes through, as net/http
// requires.
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
				w.Header().Del(name) // They describe the answer that failed.
			}
			refuse(w, r, refusal{http.StatusInternalServerError, fault.Internal, quoteRequestID})
		}()
		next.ServeHTTP(w, r)
	})
}

// countingWriter keeps the status and the size of the answer. Its status is 0 until the answer begins.
type countingWriter struct {
	http.ResponseWriter
	status int
	bytes  int64
}

// answered returns the status that the client sees: net/http sends 200 when a handler sets none.
func (w *countingWriter) answered() int {
	if w.status == 0 {
		return http.StatusOK
	}
	return w.status
}

func (w *countingWriter) WriteHeader(status int) {
	// A 1xx precedes an answer, but 101 ends HTTP on this connection.
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

// Flush implements http.Flusher for handlers that stream.
func (w *countingWriter) Flush() {
	w.status = w.answered()
	// A connection that cannot flush sends when its buffer is full.
	_ = http.NewResponseController(w.ResponseWriter).Flush()
}

// Unwrap lets http.ResponseController reach the connection.
func (w *countingWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
