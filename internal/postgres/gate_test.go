package postgres_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/postgres"
)

func TestGate_IsPassedOnceForEachConnection(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.month(t)
	entered, left := 0, 0
	store := b.store.Through(func(context.Context) (func(time.Duration), error) {
		entered++
		return func(held time.Duration) {
			if held <= 0 {
				t.Errorf("a connection was held for %s", held)
			}
			left++
		}, nil
	})
	ctx := t.Context()
	page := postgres.WorkflowPage{First: 10, AfterAt: time.Unix(0, 0)}
	bucket := postgres.TakeRequest{AmountMicro: 1, CapacityMicro: 10, MicroPerSecond: 1, At: time.Now()}
	for name, use := range map[string]func() error{
		"rows":           func() error { _, err := store.Workflows(ctx, b.who, page); return err },
		"a row":          func() error { _, _, err := store.Month(ctx, b.who, time.Now()); return err },
		"no row":         func() error { _, _, err := store.Workflow(ctx, b.who, uuid.New()); return err },
		"a change":       func() error { _, err := store.TakeCost(ctx, b.who.OrganizationID, bucket); return err },
		"no setup":       func() error { _, err := store.TakeAddress(ctx, 1, bucket); return err },
		"a ping":         func() error { return store.Ping(ctx) },
		"a snapshot":     func() error { return store.Snapshot(ctx, func(*postgres.Store) error { return nil }) },
		"a transaction":  func() error { return store.InTx(ctx, inside(ctx, b, page)) },
		"an end context": func() error { return store.Ping(ended(ctx)) },
	} {
		entered, left = 0, 0
		if err := use(); err != nil && name != "no row" && name != "an end context" {
			t.Errorf("%s: %v", name, err)
		}
		if entered != 1 || left != 1 {
			t.Errorf("%s: entered %d times and left %d times, want once each", name, entered, left)
		}
	}
}

// inside uses the transaction's connection twice.
func inside(ctx context.Context, b bundle, page postgres.WorkflowPage) func(*postgres.Store) error {
	return func(tx *postgres.Store) error {
		_, first := tx.Workflows(ctx, b.who, page)
		_, _, second := tx.Month(ctx, b.who, time.Now())
		return errors.Join(first, second)
	}
}

func ended(ctx context.Context) context.Context {
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	return ctx
}

func TestGate_RefusesEveryStatement(t *testing.T) {
	t.Parallel()
	b := setup(t)
	refused := errors.New("refused")
	store := b.store.Through(func(context.Context) (func(time.Duration), error) { return nil, refused })
	ctx := t.Context()
	_, list := store.Workflows(ctx, b.who, postgres.WorkflowPage{First: 10})
	_, _, row := store.Workflow(ctx, b.who, uuid.New())
	_, change := store.TakeAddress(ctx, 1, postgres.TakeRequest{AmountMicro: 1, CapacityMicro: 1, MicroPerSecond: 1})
	for name, err := range map[string]error{
		"rows": list, "a row": row, "a change": change, "a ping": store.Ping(ctx),
		"a transaction": store.InTx(ctx, func(*postgres.Store) error { return nil }),
		"a snapshot":    store.Snapshot(ctx, func(*postgres.Store) error { return nil }),
	} {
		if !errors.Is(err, refused) {
			t.Errorf("%s: got %v, want the gate's error", name, err)
		}
	}
}
