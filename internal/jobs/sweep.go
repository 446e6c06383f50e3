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

// sweepLimit limits one sweep.
const sweepLimit = time.Minute

// Sweeper finds lost work: runs and units whose lease has expired, workflows, units, batches and verifications without
// a job, posts that readers still see, calls whose cost is unknown, and undelivered alerts. Any number of servers may
// have one.
type Sweeper struct {
	Engine *engine.Engine
	// Ask queries a provider for the cost of a call. Without it other servers check the calls.
	Ask engine.AskFunc
	// Find looks up calls to services in their provider's list. It may be nil.
	Find engine.FindFunc
	// Alerts is true on a server that delivers alerts; it sweeps undelivered ones.
	Alerts bool
	// Runs and Calls are the pauses between two sweeps, Runs also for units, batches and alerts. 10 s and 1 s when zero.
	// Posts are swept six times less often than runs.
	Runs, Calls time.Duration
	Logger      *slog.Logger
}

// Run sweeps until the context ends, and returns nil. It logs errors, and the next sweep retries.
func (s *Sweeper) Run(ctx context.Context) error {
	loops := []loop{{
		name:      "runs",
		every:     s.Runs,
		otherwise: 10 * time.Second,
		sweep:     s.Engine.SweepRuns,
	}, {
		name:      "units",
		every:     s.Runs,
		otherwise: 10 * time.Second,
		sweep:     s.Engine.SweepUnits,
	}, {
		name:      "batches",
		every:     s.Runs,
		otherwise: 10 * time.Second,
		sweep:     s.Engine.SweepBatches,
	}, {
		name:      "verifications",
		every:     s.Runs,
		otherwise: 10 * time.Second,
		sweep:     s.Engine.SweepVerifications,
	}, {
		name:      "publications",
		every:     6 * s.Runs,
		otherwise: time.Minute,
		sweep:     s.Engine.SweepPublications,
	}}
	if s.Ask != nil {
		loops = append(loops, loop{
			name:      "calls",
			every:     s.Calls,
			otherwise: time.Second,
			sweep: func(ctx context.Context) (int, error) {
				return s.Engine.SweepCallsBy(ctx, engine.LookUps{Ask: s.Ask, Find: s.Find})
			},
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
		// The pause varies by a tenth, so that servers that started together do not sweep together.
		pause := time.Duration(float64(l.every) * (0.9 + 0.2*rand.Float64())) //nolint:gosec // No secret.
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		broken = l.once(ctx, broken)
	}
}

// once sweeps, and reports whether the sweep failed. It logs the first of several failures in a row and their end, and
// each cost that could not be booked.
func (l loop) once(ctx context.Context, broken bool) bool {
	limited, cancel := context.WithTimeout(ctx, sweepLimit)
	defer cancel()
	found, err := l.sweep(limited)
	switch {
	case ctx.Err() != nil && errors.Is(err, context.Canceled):
		return broken
	case err != nil && (!broken || errors.As(err, new(*engine.UnbookedError))):
		l.log.Error("sweep failed", "error", err)
	case err == nil && broken:
		l.log.Info("sweep works again")
	}
	if found > 0 {
		l.log.Info("swept", "found", found)
	}
	return err != nil
}
