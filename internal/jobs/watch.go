package jobs

import (
	"context"
	"log/slog"
	"time"

	"github.com/infin8content/engine/internal/steps"
)

// look is the longest that one question about a run may take.
const look = 5 * time.Second

// watcher stands beside a run: it asks whether the run still counts, renews its lease, and ends it when it does not.
type watcher struct {
	watch, heartbeat    func(context.Context) error
	every, beats, lease time.Duration
	log                 *slog.Logger
}

// guard watches until the context ends. It ends the attempt with ErrLost as soon as the engine says that the run is
// over, and when the lease has ended without a renewal: a database that cannot be reached may have given the run to
// somebody else. A shorter silence of the database changes nothing. taken is when the lease began.
func (w watcher) guard(ctx context.Context, cancel context.CancelCauseFunc, taken time.Time) {
	ticker := time.NewTicker(min(w.every, w.beats))
	defer ticker.Stop()
	ends, beat := taken.Add(w.lease), taken
	silent := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now := time.Now()
		if !now.Before(ends) {
			w.log.Warn("the lease of a run ended without a renewal")
			cancel(steps.ErrLost)
			return
		}
		question, beating := w.watch, now.Sub(beat) >= w.beats
		if beating {
			question = w.heartbeat
		}
		err := w.ask(ctx, question, ends)
		switch {
		case steps.IsLost(err):
			w.log.Info("a run is over before its attempt", "error", err)
			cancel(steps.ErrLost)
			return
		case err == nil && beating:
			ends, beat = now.Add(w.lease), now
		case err != nil && ctx.Err() == nil && !silent:
			w.log.Warn("a run cannot be watched", "error", err)
		}
		silent = err != nil
	}
}

// ask puts one question, not beyond the end of the lease.
func (w watcher) ask(ctx context.Context, question func(context.Context) error, ends time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, min(look, time.Until(ends)))
	defer cancel()
	return question(ctx)
}
