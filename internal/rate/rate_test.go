package rate_test

import (
	"context"
	"errors"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/rate"
	"github.com/infin8content/engine/internal/testdb"
)

func TestMain(m *testing.M) { os.Exit(testdb.Run(m)) }

// clock stands still until it is moved.
type clock struct{ nanoseconds atomic.Int64 }

func newClock() *clock {
	c := &clock{}
	c.nanoseconds.Store(time.Date(2026, time.March, 1, 9, 0, 0, 0, time.UTC).UnixNano())
	return c
}

func (c *clock) now() time.Time           { return time.Unix(0, c.nanoseconds.Load()).UTC() }
func (c *clock) advance(by time.Duration) { c.nanoseconds.Add(int64(by)) }

// bundle is servers that share the buckets of a database.
type bundle struct {
	db           *testdb.DB
	clock        *clock
	organization uuid.UUID
	servers      []*rate.Limiter[uuid.UUID]
	statements   *atomic.Int64
}

func setup(t *testing.T, servers int, limit rate.Limit) bundle {
	t.Helper()
	b := bundle{db: testdb.New(t), clock: newClock(), statements: &atomic.Int64{}}
	b.organization = testdb.Caller(t, b.db).OrganizationID
	store := b.db.Store()
	for range servers {
		b.servers = append(b.servers, rate.New(limit,
			func(ctx context.Context, key uuid.UUID, d postgres.TakeRequest) (bool, error) {
				b.statements.Add(1)
				return store.TakeCost(ctx, key, d)
			}, b.clock.now))
	}
	return b
}

// admitted counts how many of n spendings of an amount pass, over all servers at once.
func (b bundle) admitted(t *testing.T, n int, amount int64) int {
	t.Helper()
	var passed atomic.Int64
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			err := b.servers[i%len(b.servers)].Spend(context.Background(), b.organization, amount)
			var limited *rate.LimitedError
			switch {
			case err == nil:
				passed.Add(1)
			case !errors.As(err, &limited) || fault.KindOf(err) != fault.RateLimited || limited.Seconds() < 1:
				t.Errorf("got %v, want RATE_LIMITED", err)
			}
		})
	}
	all.Wait()
	return int(passed.Load())
}

func TestTake_SpendsTheCapacityOnceOverAllServers(t *testing.T) {
	t.Parallel()
	b := setup(t, 4, rate.Limit{Capacity: 1000, MicroPerSecond: rate.PerSecond(100)})
	if got := b.admitted(t, 400, 5); got < 200-4*2 || got > 200 {
		t.Errorf("got %d spendings of 5 of 1000 tokens, want 200 but for the rests of four servers", got)
	}
}

func TestTake_RefillsUpToTheCapacity(t *testing.T) {
	t.Parallel()
	b := setup(t, 1, rate.Limit{Capacity: 100, MicroPerSecond: rate.PerSecond(10)})
	for i, step := range []struct {
		wait time.Duration
		want int
	}{{0, 100}, {0, 0}, {2 * time.Second, 20}, {0, 0}, {time.Hour, 100}, {100 * 24 * time.Hour, 100}, {-time.Hour, 0}} {
		b.clock.advance(step.wait)
		if got := b.admitted(t, 120, 1); got != step.want {
			t.Errorf("step %d: got %d, want %d", i, got, step.want)
		}
	}
}

func TestTake_RunsOneStatementForAHundredRequests(t *testing.T) {
	t.Parallel()
	b := setup(t, 1, rate.Limit{Capacity: 100_000, MicroPerSecond: rate.PerSecond(1)})
	if got := b.admitted(t, 1000, 10); got != 1000 {
		t.Errorf("got %d let through, want 1000", got)
	}
	if got := b.statements.Load(); got != 10 {
		t.Errorf("got %d statements, want 10", got)
	}
}

func TestTake_RemembersARefusal(t *testing.T) {
	t.Parallel()
	b := setup(t, 1, rate.Limit{Capacity: 100, MicroPerSecond: rate.PerMinute(1)})
	b.admitted(t, 100, 1)
	before := b.statements.Load()
	if got := b.admitted(t, 500, 1); got != 0 {
		t.Errorf("got %d let through, want none", got)
	}
	if got := b.statements.Load() - before; got > 2 {
		t.Errorf("got %d statements, want at most 2", got)
	}
	if err := b.servers[0].Empty(b.organization); fault.KindOf(err) != fault.RateLimited {
		t.Errorf("Empty: got %v, want RATE_LIMITED", err)
	}
	b.clock.advance(time.Minute)
	if err := b.servers[0].Empty(b.organization); err != nil {
		t.Errorf("Empty: got %v, want nil", err)
	}
}

func TestTake_AsksAgainForASmallerAmount(t *testing.T) {
	t.Parallel()
	b := setup(t, 1, rate.Limit{Capacity: 100, MicroPerSecond: rate.PerMinute(60)})
	for i, step := range []struct{ amount, want int }{{90, 1}, {50, 0}, {10, 1}, {1, 0}} {
		if got := b.admitted(t, 1, int64(step.amount)); got != step.want {
			t.Errorf("step %d: got %d let through, want %d", i, got, step.want)
		}
	}
	b.clock.advance(500 * time.Millisecond)
	var limited *rate.LimitedError
	if err := b.servers[0].Spend(t.Context(), b.organization, 100); !errors.As(err, &limited) || limited.Seconds() != 100 {
		t.Errorf("got %v, want to wait for 100 seconds", err)
	}
}

func TestTake_ReturnsDatabaseErrors(t *testing.T) {
	t.Parallel()
	away := errors.New("away")
	l := rate.New(rate.Limit{Capacity: 10, MicroPerSecond: 1},
		func(context.Context, int, postgres.TakeRequest) (bool, error) { return false, away }, newClock().now)
	if err := l.Spend(t.Context(), 1, 1); !errors.Is(err, away) {
		t.Errorf("got %v, want %v", err, away)
	}
}

func TestTake_WaitsAtMostTwoSecondsForTheDatabase(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := rate.New(rate.Limit{Capacity: 10, MicroPerSecond: 1},
			func(ctx context.Context, _ int, _ postgres.TakeRequest) (bool, error) {
				<-ctx.Done()
				return false, ctx.Err()
			}, time.Now)
		began := time.Now()
		for range 50 {
			go func() {
				err := l.Spend(t.Context(), 1, 1)
				if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || took != 2*time.Second {
					t.Errorf("got %v after %s, want its silence noticed after 2 s", err, took)
				}
			}()
		}
		synctest.Wait()
		if err := l.Empty(1); err != nil {
			t.Errorf("Empty meanwhile: got %v, want nil at once", err)
		}
		time.Sleep(time.Minute)
	})
}

func TestAddress_IsCountedByNetwork(t *testing.T) {
	t.Parallel()
	for _, same := range [][2]string{
		{"192.0.2.1:1", "192.0.2.1:65535"},
		{"192.0.2.1:1", "192.0.2.1"},
		{"192.0.2.1:1", "[::ffff:192.0.2.1]:1"},
		{"[2001:db8::1]:1", "[2001:db8::ffff:1%eth0]:2"},
	} {
		if a, b := rate.SlotOf(same[0]), rate.SlotOf(same[1]); a != b {
			t.Errorf("%s and %s: got %d and %d, want one slot", same[0], same[1], a, b)
		}
	}
	for _, other := range []string{"192.0.2.2:1", "[2001:db8:0:1::1]:1", "", "@"} {
		if slot := rate.SlotOf(other); slot == rate.SlotOf("192.0.2.1:1") || slot < 0 || slot >= postgres.AddressSlots {
			t.Errorf("%s: got the slot %d", other, slot)
		}
	}
	l := rate.New(rate.Limit{Capacity: 2, MicroPerSecond: rate.PerMinute(2)}, testdb.New(t).Store().TakeAddress, time.Now)
	for i, want := range []fault.Kind{"", "", fault.RateLimited} {
		if got := fault.KindOf(l.Spend(t.Context(), 7, 1)); got != want {
			t.Errorf("failure %d: got %q, want %q", i, got, want)
		}
	}
}
