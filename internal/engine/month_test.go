package engine_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// at moves the clock.
func (b bundle) at(t *testing.T, text string) {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	b.Clock.Set(at)
}

func TestSetTimeZone_BeginsWithTheNextMonth(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.at(t, "2026-01-15T12:00:00Z")
	flow := b.Flow(t, workflow.Created)
	b.limit(t, flow, cost.Unlimited)
	for _, s := range []struct{ at, zone, start, end string }{
		// Nine hours ahead: January goes on to the end it had, though Tokyo shows February.
		{"2026-01-31T20:00:00Z", "Asia/Tokyo", "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"},
		{"2026-01-31T23:59:59Z", "", "2026-01-01T00:00:00Z", "2026-02-01T00:00:00Z"},
		{"2026-02-01T00:00:00Z", "", "2026-02-01T00:00:00Z", "2026-02-28T15:00:00Z"},
		// Fourteen hours back: a February of its own would have lasted for fourteen hours more; it is part of March.
		{"2026-02-20T00:00:00Z", "America/New_York", "2026-02-01T00:00:00Z", "2026-02-28T15:00:00Z"},
		{"2026-02-28T15:00:00Z", "", "2026-02-28T15:00:00Z", "2026-04-01T04:00:00Z"},
		{"2026-03-31T23:00:00Z", "UTC", "2026-02-28T15:00:00Z", "2026-04-01T04:00:00Z"},
		// After a time without calls a month is the calendar's.
		{"2026-07-04T00:00:00Z", "", "2026-07-01T00:00:00Z", "2026-08-01T00:00:00Z"},
	} {
		b.at(t, s.at)
		if s.zone != "" {
			if err := b.zone(s.zone); err != nil {
				t.Fatal(err)
			}
		}
		shown := b.month(t) // Before anything is spent, and after.
		b.settle(t, b.Reserve(t, flow, cent), cent)
		for _, got := range []*cost.Period{shown.Period, b.month(t).Period} {
			if text := got.Start.Format(time.RFC3339) + " " + got.End.Format(time.RFC3339); text != s.start+" "+s.end {
				t.Errorf("at %s: got %s, want %s %s", s.at, text, s.start, s.end)
			}
		}
	}
	b.Sound(t)
}

func TestSetTimeZone_SameZoneWritesNothing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for range 3 {
		if err := b.zone("Europe/Berlin"); err != nil {
			t.Fatal(err)
		}
	}
	if n := b.Count(t, `SELECT count(*) FROM organization_changes`); n != 2 {
		t.Errorf("got %d rows, want the first and the change", n)
	}
}

// A caller who sets another zone every day gets a month's limit twelve times in a year, and once more for the month in
// which the year began.
func TestSetTimeZone_FlippingGivesNoFreshLimit(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := context.Background()
	b.at(t, "2027-12-31T12:00:00Z")
	flow := b.Flow(t, workflow.Created)
	b.limit(t, flow, cost.Unlimited)
	b.limitMonth(t, cost.Limit(cent))
	zones := []string{
		"Pacific/Kiritimati", "Etc/GMT+12", "UTC", "Asia/Kolkata", "America/St_Johns", "America/Asuncion", "Pacific/Apia",
	}
	random := rand.New(rand.NewPCG(7, 7))
	admitted := 0
	amount := cent
	for range 366 {
		b.Clock.Advance(24 * time.Hour)
		day := b.Clock.Now().Day()
		if day > 3 && day < 28 && random.IntN(6) > 0 {
			continue
		}
		if err := b.zone(zones[random.IntN(len(zones))]); err != nil {
			t.Fatal(err)
		}
		_, err := b.Engine.Reserve(ctx, b.Who, engine.ReserveInput{WorkflowID: flow.ID, Amount: &amount})
		switch fault.KindOf(err) {
		case "":
			admitted++
		case fault.BudgetHeld:
		default:
			t.Fatal(err)
		}
	}
	if admitted < 12 || admitted > 13 {
		t.Errorf("got the limit of %d months in a year, want 12 or 13", admitted)
	}
	const overlaps = `SELECT count(*) FROM usage_accounts AS a JOIN usage_accounts AS b
		ON a.id < b.id AND a.period_start < b.period_end AND b.period_start < a.period_end`
	if n := b.Count(t, overlaps); n != 0 {
		t.Errorf("%d months overlap", n)
	}
	b.Sound(t)
}

// A zone that is set while the next month is being opened is that month's: its end and its zone belong together.
func TestMonth_IsOpenedInTheZoneOfItsEnd(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.at(t, "2026-01-31T23:59:59Z")
	flow := b.Flow(t, workflow.Created)
	b.Reserve(t, flow, cent)
	var between sync.Once
	next := b.NewEngine(t, b.DB.Store(), func(o *engine.Options) {
		o.Now = func() time.Time { return time.Date(2026, 2, 1, 0, 0, 1, 0, time.UTC) }
		o.NewID = func() uuid.UUID { // The period is known, and the month is about to be opened.
			between.Do(func() {
				if err := b.zone("Asia/Tokyo"); err != nil {
					t.Error(err)
				}
			})
			return uuid.New()
		}
	})
	amount := cent
	_, err := next.Reserve(context.Background(), b.Who, engine.ReserveInput{WorkflowID: flow.ID, Amount: &amount})
	if err != nil {
		t.Fatal(err)
	}
	b.at(t, "2026-02-10T00:00:00Z")
	if got := b.month(t).Period.End.Format(time.RFC3339); got != "2026-02-28T15:00:00Z" {
		t.Errorf("got a month that ends at %s, want Tokyo's", got)
	}
	if n := b.Count(t, `SELECT count(*) FROM usage_accounts WHERE time_zone = 'Asia/Tokyo'`); n != 1 {
		t.Errorf("got %d months of Tokyo, want 1", n)
	}
	b.Sound(t)
}

// A limit that is being set while the next month is being opened is that month's too.
func TestMonth_WaitsForAChangeOfTheLimit(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	b.at(t, "2026-01-31T23:59:59Z")
	flow := b.Flow(t, workflow.Created)
	b.Reserve(t, flow, cent)
	next := b.NewEngine(t, b.DB.Store(), func(o *engine.Options) {
		o.Now = func() time.Time { return time.Date(2026, 2, 1, 0, 0, 1, 0, time.UTC) }
	})
	// Another transaction has locked January's account, so the change of its limit has to wait.
	busy, err := b.DB.Super.Begin(ctx)
	if err == nil {
		_, err = busy.Exec(ctx, `SELECT FROM usage_accounts WHERE id = $1 FOR UPDATE`, b.month(t).ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = busy.Rollback(ctx) }()
	var both errgroup.Group
	both.Go(func() error {
		_, err := b.Engine.SetMonthlyLimit(ctx, b.Who, engine.SetMonthlyLimitInput{Limit: cost.Limit(2 * cent)})
		return err
	})
	testdb.AwaitBlocked(t, b.DB, 1)
	both.Go(func() error {
		amount := cent
		_, err := next.Reserve(ctx, b.Who, engine.ReserveInput{WorkflowID: flow.ID, Amount: &amount})
		return err
	})
	testdb.AwaitBlocked(t, b.DB, 2)
	if err := busy.Rollback(ctx); err != nil {
		t.Fatal(err)
	}
	if err := both.Wait(); err != nil {
		t.Fatal(err)
	}
	b.at(t, "2026-02-01T00:00:02Z")
	if got := b.month(t).Balance.Limit; got != cost.Limit(2*cent) {
		t.Errorf("got a month with the limit %s, want 0.02", got)
	}
	b.Sound(t)
}

// clerk is a server with a clock of its own, and what it has spent in each month.
type clerk struct {
	engine *engine.Engine
	now    atomic.Pointer[time.Time]
	spent  map[bool]cost.Pico // by whether it was admitted before midnight
}

func TestMonth_AThousandSettlementsAtItsEndAddUp(t *testing.T) {
	t.Parallel()
	const clerks, calls = 8, 125
	b := setup(t)
	midnight := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	b.Clock.Set(midnight.Add(-time.Minute))
	b.limitMonth(t, cost.Unlimited)
	all := make([]*clerk, clerks)
	flows := make([]workflow.Workflow, clerks)
	for i := range all {
		c := &clerk{spent: map[bool]cost.Pico{}}
		c.engine = b.NewEngine(t, b.DB.Store(), func(o *engine.Options) { o.Now = func() time.Time { return *c.now.Load() } })
		all[i], flows[i] = c, b.Flow(t, workflow.Created)
		b.limit(t, flows[i], cost.Unlimited)
	}
	for _, err := range testdb.Together(clerks, func(i int) error {
		return all[i].work(b.Who, flows[i].ID, rand.New(rand.NewPCG(3, uint64(i))), midnight, calls)
	}) {
		if err != nil {
			t.Fatal(err)
		}
	}
	want := map[bool]cost.Pico{}
	for _, c := range all {
		want[true] += c.spent[true]
		want[false] += c.spent[false]
	}
	for old, at := range map[bool]time.Time{true: midnight.Add(-time.Hour), false: midnight.Add(time.Hour)} {
		b.Clock.Set(at)
		month := b.month(t)
		var booked, held cost.Pico
		if err := b.DB.Super.QueryRow(context.Background(), `SELECT sum(settled_delta)::bigint, sum(held_delta)::bigint
			FROM ai_usage_ledger WHERE account_id = $1`, month.ID).Scan(&booked, &held); err != nil {
			t.Fatal(err)
		}
		if month.Balance.Settled != want[old] || booked != want[old] || held != 0 || month.Balance.Held != 0 {
			t.Errorf("old %t: got %+v, its ledger %s and %s, want %s", old, month.Balance, booked, held, want[old])
		}
		if want[old] == 0 {
			t.Errorf("old %t: nothing was spent", old)
		}
	}
	b.Sound(t)
}

// work makes calls within two seconds around midnight; each settles a little later than it was admitted.
func (c *clerk) work(who caller.Caller, flow uuid.UUID, random *rand.Rand, midnight time.Time, calls int) error {
	ctx := context.Background()
	for n := range calls {
		admitted := midnight.Add(time.Duration(random.IntN(2000)-1000) * time.Millisecond)
		if n == 0 {
			admitted = midnight.Add(-time.Microsecond)
		}
		hold := cost.Pico(1 + random.IntN(1000))
		c.now.Store(&admitted)
		charged, err := c.engine.Reserve(ctx, who, engine.ReserveInput{WorkflowID: flow, Amount: &hold})
		if err != nil {
			return fmt.Errorf("reserve: %w", err)
		}
		ended := admitted.Add(time.Duration(random.IntN(2000)) * time.Millisecond)
		c.now.Store(&ended)
		billed := cost.Pico(random.IntN(int(hold) + 1))
		if _, err := c.engine.Settle(ctx, who, engine.SettleInput{
			CallID: charged.Call.ID, Model: "m", Cost: &billed,
		}); err != nil {
			return fmt.Errorf("settle: %w", err)
		}
		c.spent[admitted.Before(midnight)] += billed
	}
	return nil
}
