package jobs

import (
	"context"
	"log/slog"
	"time"

	"github.com/infin8content/engine/internal/steps"
)

// checkTimeout limits one check of a run.
const checkTimeout = 5 * time.Second

// watcher checks during an attempt that its run is still valid, renews the lease, and ends the attempt of a lost run.
type watcher struct {
	watch, heartbeat    func(context.Context) error
	every, beats, lease time.Duration
	log                 *slog.Logger
}

// during makes an attempt under watch. taken is the time at which the lease began.
func (w watcher) during(ctx context.Context, taken time.Time, attempt func(context.Context) error) error {
	watched, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	over := make(chan struct{})
	go func() {
		defer close(over)
		w.guard(watched, cancel, taken)
	}()
	w.log.Info("run began")
	began := time.Now()
	err := attempt(watched)
	lost := context.Cause(watched)
	cancel(nil)
	<-over
	w.log.LogAttrs(ctx, slog.LevelInfo, "run ended",
		slog.Int64("milliseconds", time.Since(began).Milliseconds()), slog.Any("stopped_by", lost))
	return err
}

// guard runs until the context ends. It ends the attempt with ErrLost when the engine reports that the run is over,
// and when the lease has expired without a renewal: while the database cannot be reached, another worker may have the
// run. A shorter outage of the database changes nothing. taken is the time at which the lease began.
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
			w.log.Warn("lease expired without a renewal")
			cancel(steps.ErrLost)
			return
		}
		check, beating := w.watch, now.Sub(beat) >= w.beats
		if beating {
			check = w.heartbeat
		}
		err := w.check(ctx, check, ends)
		switch {
		case steps.IsLost(err):
			w.log.Info("run lost during its attempt", "error", err)
			cancel(steps.ErrLost)
			return
		case err == nil && beating:
			ends, beat = now.Add(w.lease), now
		case err != nil && ctx.Err() == nil && !silent:
			w.log.Warn("run cannot be checked", "error", err)
		}
		silent = err != nil
	}
}

// check runs one check, at most until the end of the lease.
func (w watcher) check(ctx context.Context, check func(context.Context) error, ends time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, min(checkTimeout, time.Until(ends)))
	defer cancel()
	return check(ctx)
}
