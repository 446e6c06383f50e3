package web

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/infin8content/engine/internal/fault"
)

// readyTimeout limits the check of a probe. Usual probes wait longer.
const readyTimeout = 2 * time.Second

// Probes returns the handler of /healthz and /readyz alone, for a listener of their own.
func Probes(ready func(ctx context.Context) error) http.Handler {
	mux := http.NewServeMux()
	handleProbes(mux, ready)
	mux.HandleFunc("/", notFound)
	return mux
}

func handleProbes(mux *http.ServeMux, check func(context.Context) error) {
	mux.HandleFunc("GET /healthz", healthy)
	mux.Handle("GET /readyz", ready(check))
}

// healthy answers that the process lives. It does no I/O, so that a slow database does not get the process killed.
func healthy(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, "alive\n")
}

// ready answers whether the server takes requests. The reason is in the log only.
func ready(check func(context.Context) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if check != nil {
			ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
			defer cancel()
			if err := check(ctx); err != nil {
				recordOf(r.Context()).fail(fmt.Errorf("not ready: %w", err))
				refuse(w, r, refusal{http.StatusServiceUnavailable, fault.Unavailable, tryLater})
				return
			}
		}
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = io.WriteString(w, "ready\n")
	})
}
