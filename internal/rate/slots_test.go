package rate_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/rate"
	"github.com/infin8content/engine/internal/testdb"
)

func TestSlots(t *testing.T) {
	t.Parallel()
	slots := func(t *testing.T, most int) rate.Slots {
		t.Helper()
		return rate.Slots{
			Store:   testdb.New(t).Store(),
			Service: "test",
			Most:    most,
			Lease:   time.Minute,
			Wait:    time.Minute,
			Now:     time.Now,
		}
	}
	t.Run("NeverMoreAtOnceThanThereAre", func(t *testing.T) {
		t.Parallel()
		s := slots(t, 3)
		var now, most atomic.Int64
		errs := testdb.Together(15, func(int) error {
			free, err := s.Take(t.Context())
			if err != nil {
				return err
			}
			defer free()
			for n := now.Add(1); n > most.Load(); {
				most.Store(n)
			}
			time.Sleep(5 * time.Millisecond)
			now.Add(-1)
			return nil
		})
		if err := errors.Join(errs...); err != nil || most.Load() > 3 {
			t.Errorf("got %v and %d at once, want at most 3", err, most.Load())
		}
	})
	t.Run("AFullServiceIsRefusedAfterTheWait", func(t *testing.T) {
		t.Parallel()
		s := slots(t, 1)
		if _, err := s.Take(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.Wait = 0
		if _, err := s.Take(t.Context()); fault.KindOf(err) != fault.RateLimited {
			t.Errorf("got %v, want RATE_LIMITED", err)
		}
	})
	t.Run("AServerThatDiesKeepsNoSlot", func(t *testing.T) {
		t.Parallel()
		s := slots(t, 1)
		if _, err := s.Take(t.Context()); err != nil {
			t.Fatal(err)
		}
		s.Now, s.Wait = func() time.Time { return time.Now().Add(s.Lease) }, 0
		if _, err := s.Take(t.Context()); err != nil {
			t.Errorf("after the lease: got %v, want the slot", err)
		}
	})
	t.Run("TheEndOfTheContextEndsTheWait", func(t *testing.T) {
		t.Parallel()
		s := slots(t, 1)
		if _, err := s.Take(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		if _, err := s.Take(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the end of the context", err)
		}
	})
}

func TestLimiterWait_WaitsForAToken(t *testing.T) {
	t.Parallel()
	limit := rate.Limit{Capacity: 1, MicroPerSecond: rate.PerSecond(20)}
	l := rate.New(limit, testdb.New(t).Store().TakeService, time.Now)
	for range 4 {
		if err := l.Wait(t.Context(), "test", 10*time.Second); err != nil {
			t.Fatal(err)
		}
	}
	limit.MicroPerSecond = rate.PerMinute(1)
	slow := rate.New(limit, testdb.New(t).Store().TakeService, time.Now)
	if err := slow.Wait(t.Context(), "test", time.Second); err != nil {
		t.Fatal(err)
	}
	if err := slow.Wait(t.Context(), "test", time.Second); fault.KindOf(err) != fault.RateLimited {
		t.Errorf("got %v, want RATE_LIMITED", err)
	}
}
