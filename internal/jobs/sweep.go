package jobs

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/infin8content/engine/internal/engine"
)

// sweepLimit is the longest one sweep may take.
const sweepLimit = time.Minute

// Sweeper finds what nobody works on any more: runs whose lease has ended, workflows that no job speaks of, calls whose
// cost is unknown, and alerts that were not delivered. Every server may have one; they do not get in each other's way.
type Sweeper struct {
	Engine *engine.Engine
	// Ask looks up what a call cost. Without it calls are left to servers that have it.
	Ask engine.AskFunc
	// Alerts says that this server delivers alerts, and so looks for those that nobody has come for.
	Alerts bool
	// Runs and Calls are the pauses between two sweeps, Runs also for alerts. 10 s and 1 s when zero.
	Runs, Calls time.Duration
	Logger      *slog.Logger
}

// Run sweeps until the context ends, and returns nil. An error ends neither the sweeper nor the server: it is logged,
// and the next sweep tries again.
func (s *Sweeper) Run(ctx context.Context) error {
	loops := []loop{{
		name:      "runs",
		every:     s.Runs,
		otherwise: 10 * time.Second,
		sweep:     s.Engine.SweepRuns,
	}}
	if s.Ask != nil {
		loops = append(loops, loop{
			name:      "calls",
			every:     s.Calls,
			otherwise: time.Second,
			sweep:     func(ctx context.Context) (int, error) { return s.Engine.SweepCalls(ctx, s.Ask) },
		})
	}
	if s.Alerts {
		loops = append(loops, loop{
			name:      "alerts",
			every:     s.Runs,
			otherwise: 10 * time.Second,
			sweep:     s.Engine.SweepDeliveries,
		})
	}
	var all sync.WaitGroup
	for _, l := range loops {
		l.log = s.Logger
		all.Go(func() { l.run(ctx) })
	}
	all.Wait()
	return nil
}

// loop repeats one sweep.
type loop struct {
	name             string
	every, otherwise time.Duration
	sweep            func(context.Context) (int, error)
	log              *slog.Logger
}

func (l loop) run(ctx context.Context) {
	if l.every <= 0 {
		l.every = l.otherwise
	}
	if l.log == nil {
		l.log = slog.New(slog.DiscardHandler)
	}
	l.log = l.log.With("sweep", l.name)
	broken := false
	for {
		// Up to a tenth earlier or later, so that servers that started together do not sweep together.
		pause := time.Duration(float64(l.every) * (0.9 + 0.2*rand.Float64())) //nolint:gosec // No secret.
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		broken = l.once(ctx, broken)
	}
}

// once sweeps, and reports whether that failed. Of failures in a row the first is logged, and the end; a cost that could
// not be booked is logged each time.
func (l loop) once(ctx context.Context, broken bool) bool {
	limited, cancel := context.WithTimeout(ctx, sweepLimit)
	defer cancel()
	found, err := l.sweep(limited)
	switch {
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		return broken
	case err != nil && (!broken || errors.As(err, new(*engine.UnbookedError))):
		l.log.Error("a sweep failed", "error", err)
	case err == nil && broken:
		l.log.Info("sweeping works again")
	}
	if found > 0 {
		l.log.Info("swept", "found", found)
	}
	return err != nil
}
