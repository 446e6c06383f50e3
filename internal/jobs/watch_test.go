package jobs

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/steps"
)

// guarded runs a watcher until it ends the attempt, and returns the cause.
func guarded(t *testing.T, w watcher) error {
	t.Helper()
	w.log = slog.New(slog.DiscardHandler)
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	go w.guard(ctx, cancel, time.Now())
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(10 * time.Second):
		t.Fatal("the watcher did not end the attempt")
		return nil
	}
}

func TestWatcher_EndsALostRun(t *testing.T) {
	t.Parallel()
	fine := func(context.Context) error { return nil }
	lost := func(context.Context) error { return &engine.LostRunError{} }
	over := func(context.Context) error { return &engine.TerminalError{} }

	t.Run("WhenTheWatchSaysSo", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			w := watcher{watch: lost, heartbeat: fine, every: time.Millisecond, beats: time.Hour, lease: time.Hour}
			if got := guarded(t, w); !errors.Is(got, steps.ErrLost) {
				t.Errorf("got %v, want %v", got, steps.ErrLost)
			}
		})
	})
	t.Run("WhenTheHeartbeatSaysSo", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			w := watcher{watch: fine, heartbeat: lost, every: time.Millisecond, beats: time.Millisecond, lease: time.Hour}
			if got := guarded(t, w); !errors.Is(got, steps.ErrLost) {
				t.Errorf("got %v, want %v", got, steps.ErrLost)
			}
		})
	})
	t.Run("WhenTheWorkflowIsOver", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			w := watcher{watch: over, heartbeat: fine, every: time.Millisecond, beats: time.Hour, lease: time.Hour}
			if got := guarded(t, w); !errors.Is(got, steps.ErrLost) {
				t.Errorf("got %v, want %v", got, steps.ErrLost)
			}
		})
	})
}

func TestWatcher_BrokenDatabaseEndsTheRunAtTheEndOfItsLease(t *testing.T) {
	t.Parallel()
	broken := func(context.Context) error { return errors.New("connection refused") }

	t.Run("NotBefore", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			const lease = 300 * time.Millisecond
			began := time.Now()
			w := watcher{
				watch: broken, heartbeat: broken, every: time.Millisecond, beats: 10 * time.Millisecond, lease: lease,
			}
			if got := guarded(t, w); !errors.Is(got, steps.ErrLost) {
				t.Errorf("got %v, want %v", got, steps.ErrLost)
			}
			if took := time.Since(began); took < lease-10*time.Millisecond || took > lease+10*time.Millisecond {
				t.Errorf("the run ended after %s, want at the end of its lease of %s", took, lease)
			}
		})
	})
	t.Run("AlsoWhenItHangs", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			hangs := func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
			const lease = 100 * time.Millisecond
			w := watcher{watch: hangs, heartbeat: hangs, every: time.Millisecond, beats: time.Hour, lease: lease}
			if got := guarded(t, w); !errors.Is(got, steps.ErrLost) {
				t.Errorf("got %v, want %v", got, steps.ErrLost)
			}
		})
	})
	t.Run("NotWhenItComesBack", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			const lease = 200 * time.Millisecond
			var beats atomic.Int64
			ctx, cancel := context.WithCancelCause(context.Background())
			defer cancel(nil)
			began := time.Now()
			outlived := make(chan struct{})
			w := watcher{
				watch: broken,
				heartbeat: func(context.Context) error {
					if beats.Add(1)%2 == 1 {
						return errors.New("connection refused")
					}
					if time.Since(began) > 2*lease {
						select {
						case outlived <- struct{}{}:
						default:
						}
					}
					return nil
				},
				every: time.Millisecond, beats: 5 * time.Millisecond, lease: lease, log: slog.New(slog.DiscardHandler),
			}
			go w.guard(ctx, cancel, began)
			select {
			case <-outlived:
			case <-ctx.Done():
				t.Errorf("the run ended with %v though its lease was renewed", context.Cause(ctx))
			}
		})
	})
}

func TestWatcher_EndsWithItsAttempt(t *testing.T) {
	t.Parallel()
	fine := func(context.Context) error { return nil }
	w := watcher{
		watch: fine, heartbeat: fine, every: time.Millisecond, beats: time.Millisecond, lease: time.Hour,
		log: slog.New(slog.DiscardHandler),
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	cancel(nil)
	w.guard(ctx, cancel, time.Now()) // It returns.
}
