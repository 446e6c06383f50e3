package jobs

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/infin8content/engine/internal/steps"
	"github.com/infin8content/engine/internal/workflow"
)

func TestRunner_StartsWhenTheDatabaseIsReachable(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var refused atomic.Int64
	config := b.db.Pool.Config()
	config.BeforeConnect = func(context.Context, *pgx.ConnConfig) error {
		if refused.Add(1) <= 3 {
			return errors.New("too many clients already")
		}
		return nil
	}
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	flow := b.workflow(t)
	r, err := NewRunner(Options{
		Pool: pool, Engine: b.engine, Executors: []steps.Executor{executor{b.finish}}, Heartbeat: time.Second,
		Lease: testLease,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	over := make(chan error, 1)
	go func() { over <- r.Run(ctx) }()
	b.reaches(t, flow.ID, workflow.ICPCompleted)
	stop()
	if err := receive(t, "the workers to stop", over); err != nil {
		t.Errorf("run the workers: %v", err)
	}
}

func TestRunner_EndsBeforeItsStart(t *testing.T) {
	t.Parallel()
	b := setup(t)
	asked := make(chan struct{}, 1)
	config := b.db.Pool.Config()
	config.BeforeConnect = func(context.Context, *pgx.ConnConfig) error {
		select {
		case asked <- struct{}{}:
		default:
		}
		return errors.New("no answer")
	}
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	r, err := NewRunner(Options{Pool: pool, Engine: b.engine, Executors: []steps.Executor{executor{b.finish}}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	over := make(chan error, 1)
	go func() { over <- r.Run(ctx) }()
	receive(t, "a first try", asked)
	stop()
	if err := receive(t, "the workers to stop", over); err != nil {
		t.Errorf("run the workers: %v", err)
	}
}
