package web

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/infin8content/engine/internal/fault"
)

// readyPatience is how long a probe waits for the database: less than the usual probe waits for us.
const readyPatience = 2 * time.Second

// healthy answers that the process lives. It asks nobody, so that a slow database does not get the process killed.
func healthy(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = io.WriteString(w, "alive\n")
}

// ready answers whether requests should be sent here. Why not is for the log.
func ready(check func(context.Context) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if check != nil {
			ctx, cancel := context.WithTimeout(r.Context(), readyPatience)
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
