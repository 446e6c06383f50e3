package engine_test

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// limit sets the limit of a workflow.
func (b bundle) limit(t *testing.T, flow workflow.Workflow, to cost.Limit) engine.Limited {
	t.Helper()
	limited, err := b.Engine.SetWorkflowLimit(context.Background(), b.Who, engine.SetWorkflowLimitInput{
		WorkflowID: flow.ID, Limit: to, Reason: "because",
	})
	if err != nil {
		t.Fatalf("set a workflow's limit: %v", err)
	}
	return limited
}

// limitMonth sets the limit of the running month and of all that follow.
func (b bundle) limitMonth(t *testing.T, to cost.Limit) engine.Limited {
	t.Helper()
	limited, err := b.Engine.SetMonthlyLimit(context.Background(), b.Who, engine.SetMonthlyLimitInput{
		Limit: to, Reason: "because",
	})
	if err != nil {
		t.Fatalf("set the month's limit: %v", err)
	}
	return limited
}

// try asks for a hold, and returns how it was refused.
func (b bundle) try(flow workflow.Workflow, amount cost.Pico) error {
	_, err := b.Engine.Reserve(context.Background(), b.Who, engine.ReserveInput{WorkflowID: flow.ID, Amount: &amount})
	return err
}

// settle books a cost for a call.
func (b bundle) settle(t *testing.T, call cost.Call, billed cost.Pico) cost.Call {
	t.Helper()
	charged, err := b.Engine.Settle(context.Background(), b.Who, engine.SettleInput{
		CallID: call.ID, Model: "m", Cost: &billed,
	})
	if err != nil {
		t.Fatalf("settle: %v", err)
	}
	return charged.Call
}

func refusedAs(t *testing.T, err error, want fault.Kind) {
	t.Helper()
	if got := fault.KindOf(err); got != want {
		t.Errorf("got %q (%v), want %q", got, err, want)
	}
}

func TestSetWorkflowLimit_LowerKeepsCallsInFlight(t *testing.T) {
	t.Parallel()
	b := setup(t)
	flow := b.Flow(t, workflow.Created)
	b.settle(t, b.Reserve(t, flow, 30*cent), 30*cent)
	open := b.Reserve(t, flow, 60*cent)

	account := b.limit(t, flow, cost.Limit(50*cent)).Account
	want := cost.Balance{Settled: 30 * cent, Held: 60 * cent, Limit: cost.Limit(50 * cent)}
	if diff := cmp.Diff(want, account.Balance); diff != "" {
		t.Errorf("lowered (-want +got):\n%s", diff)
	}
	if got, limited := account.Balance.Remaining(); got.String() != "-0.4" || !limited {
		t.Errorf("remaining: got %s, limited %t, want -0.4", got, limited)
	}
	refusedAs(t, b.try(flow, 1), fault.BudgetHeld)

	if call := b.settle(t, open, 60*cent); call.State != cost.CallSettled || call.Overage {
		t.Errorf("got %+v, want it settled as if nothing had happened", call)
	}
	refusedAs(t, b.try(flow, 1), fault.BudgetExhausted)
	refusedAs(t, b.try(flow, 0), fault.BudgetExhausted)

	b.limit(t, flow, cost.Limit(91*cent))
	refusedAs(t, b.try(flow, cent+1), fault.BudgetExhausted)
	refusedAs(t, b.try(flow, cent), "")
	b.Sound(t)
}

func TestSetWorkflowLimit_WritesAnEntryWithActorAndReason(t *testing.T) {
	t.Parallel()
	b := setup(t)
	flow := b.Flow(t, workflow.Created)
	b.Reserve(t, flow, 10*cent)
	for name, limited := range map[string]engine.Limited{
		"workflow": b.limit(t, flow, cost.Limit(2*cost.Dollar)), "month": b.limitMonth(t, cost.Limit(2*cost.Dollar)),
	} {
		e := limited.Entry
		if e.Kind != cost.EntryLimit || e.Actor != b.Who.Actor || e.Reason != "because" || e.CallID != nil ||
			e.After.Limit != cost.Limit(2*cost.Dollar) || e.Delta != (cost.Delta{Limit: e.After.Limit - e.Before.Limit}) ||
			e.AccountID != limited.Account.ID || e.Sequence != limited.Account.Sequence || e.After != limited.Account.Balance {
			t.Errorf("%s: got %+v of %+v", name, e, limited.Account)
		}
	}
	b.Sound(t)
}

func TestSetWorkflowLimit_EndsAStop(t *testing.T) {
	t.Parallel()
	b := setup(t)
	flow := b.Flow(t, workflow.Created)
	// More than was held: booked in full and flagged, and nothing of it is rolled back.
	if call := b.settle(t, b.Reserve(t, flow, 10*cent), 20*cent); *call.Cost != 20*cent || !call.Overage {
		t.Errorf("got %+v, want it to have cost $0.2 and to be flagged", call)
	}
	b.balances(t, flow.ID, cost.Balance{Settled: 20 * cent, Limit: cost.Limit(cost.Dollar), Stopped: true},
		cost.Balance{Settled: 20 * cent, Limit: cost.Limit(25 * cost.Dollar)})
	refusedAs(t, b.try(flow, 1), fault.BudgetExhausted)

	b.limitMonth(t, cost.Limit(30*cost.Dollar)) // Not what is stopped.
	refusedAs(t, b.try(flow, 1), fault.BudgetExhausted)
	b.limit(t, flow, cost.Limit(20*cent)) // Lets it go on, and leaves no room.
	refusedAs(t, b.try(flow, 1), fault.BudgetExhausted)
	b.limit(t, flow, cost.Limit(20*cent)) // The same again is a word as well.
	b.limit(t, flow, cost.Limit(20*cent+1))
	refusedAs(t, b.try(flow, 1), "")
	b.Sound(t)
}

func TestSetWorkflowLimit_UnlimitedDoesNotOverflow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := context.Background()
	flow := b.Flow(t, workflow.Created)
	const most cost.Pico = math.MaxInt64 - 1 // The greatest amount that a text can name.
	b.limit(t, flow, cost.Unlimited)
	if got, limited := b.limitMonth(t, cost.Unlimited).Account.Balance.Remaining(); limited {
		t.Errorf("remaining: got %s, want no limit", got)
	}
	free, second := b.Reserve(t, flow, 0), b.Reserve(t, flow, 0)
	refusedAs(t, b.try(flow, most), "")
	refusedAs(t, b.try(flow, 2), fault.BudgetHeld)
	refusedAs(t, b.try(flow, most+1), fault.BudgetHeld)
	refusedAs(t, b.try(flow, 1), "")
	refusedAs(t, b.try(flow, 1), fault.BudgetHeld)

	// What a provider bills and holds together reach beyond what a number holds; each of them does not.
	charged, err := b.Engine.SettleLate(ctx, b.Who, settle(free, most))
	if err != nil || !charged.Call.Overage {
		t.Fatalf("settle: got %+v, %v, want it booked and flagged", charged.Call, err)
	}
	before := b.rows(t)
	_, err = b.Engine.SettleLate(ctx, b.Who, settle(second, most))
	refusedAs(t, err, fault.InvalidInput)
	if diff := cmp.Diff(before, b.rows(t)); diff != "" {
		t.Errorf("a refused settlement has written (-before +after):\n%s", diff)
	}
	refusedAs(t, b.try(flow, 1), fault.BudgetExhausted)
	// The settlement of most and the two open holds, of most and of 1.
	if got, _ := b.limit(t, flow, 0).Account.Balance.Remaining(); got.String() != "-18446744.073709551613" {
		t.Errorf("remaining: got %s, want -18446744.073709551613", got)
	}
	refusedAs(t, b.try(flow, 0), fault.BudgetExhausted)
	refusedAs(t, b.try(flow, most+1), fault.BudgetExhausted)
	b.Sound(t)
}

func TestSetMonthlyLimit_AppliesToTheRunningAndLaterMonths(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := context.Background()
	b.Clock.Set(time.Date(2026, time.January, 31, 23, 30, 0, 0, time.UTC))
	flow := b.Flow(t, workflow.Created)
	b.Reserve(t, flow, 50*cent)
	// Another server, whose clock is an hour ahead, has opened the next month.
	ahead := b.NewEngine(t, b.DB.Store(), func(o *engine.Options) {
		o.Now = func() time.Time { return b.Clock.Now().Add(time.Hour) }
	})
	amount := cent
	if _, err := ahead.Reserve(ctx, b.Who, engine.ReserveInput{WorkflowID: flow.ID, Amount: &amount}); err != nil {
		t.Fatal(err)
	}
	limited := b.limitMonth(t, cost.Limit(40*cent))
	if !limited.Account.Period.End.Equal(time.Date(2026, time.February, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("got the month %v, want January", limited.Account.Period)
	}
	refusedAs(t, b.try(flow, 1), fault.BudgetHeld)
	for _, later := range []time.Duration{0, 24 * time.Hour, 40 * 24 * time.Hour, 400 * 24 * time.Hour} {
		b.Clock.Advance(later)
		if got := b.month(t).Balance.Limit; got != cost.Limit(40*cent) {
			t.Errorf("%s: got the limit %s, want 0.4", b.Clock.Now(), got)
		}
		if later > 0 {
			refusedAs(t, b.try(flow, 40*cent+1), fault.BudgetExhausted)
		}
	}
	b.Sound(t)
}

func TestSetMonthlyLimit_WritesTheJournalOfSettings(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := context.Background()
	b.limitMonth(t, cost.Limit(3*cost.Dollar))
	_, err := b.Engine.SetTimeZone(ctx, b.Who, engine.SetTimeZoneInput{TimeZone: "Asia/Tokyo", Reason: "moved"})
	if err != nil {
		t.Fatal(err)
	}
	rows, err := b.DB.Super.Query(ctx, `SELECT version || ' ' || time_zone || ' ' || month_limit_pico / 1000000000000
		|| ' ' || actor || ' ' || reason FROM organization_changes ORDER BY version`)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		got = append(got, line)
	}
	want := []string{"0 UTC 25 alice ", "1 UTC 3 alice because", "2 Asia/Tokyo 3 alice moved"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSetWorkflowLimit_ConcurrentLimitsAreOneEntryEach(t *testing.T) {
	t.Parallel()
	const n = 60
	for name, set := range map[string]func(bundle, *engine.Engine, uuid.UUID, cost.Limit) (engine.Limited, error){
		"Workflow": func(b bundle, e *engine.Engine, flow uuid.UUID, to cost.Limit) (engine.Limited, error) {
			return e.SetWorkflowLimit(context.Background(), b.Who, engine.SetWorkflowLimitInput{WorkflowID: flow, Limit: to})
		},
		"Month": func(b bundle, e *engine.Engine, _ uuid.UUID, to cost.Limit) (engine.Limited, error) {
			return e.SetMonthlyLimit(context.Background(), b.Who, engine.SetMonthlyLimitInput{Limit: to})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			flow, servers := b.Flow(t, workflow.Created), b.servers(t)
			made := make([]engine.Limited, n)
			for _, err := range testdb.Together(n, func(i int) (err error) {
				made[i], err = set(b, servers[i%2], flow.ID, cost.Limit(cost.Pico(i+1)*cent))
				return err
			}) {
				if err != nil {
					t.Errorf("got %v, want every one to be set", err)
				}
			}
			entries := b.ledger(t, made[0].Account.ID)
			last := entries[len(entries)-1]
			if len(entries) != n+1 {
				t.Errorf("got %d entries, want %d", len(entries), n+1)
			}
			for i, m := range made {
				if m.Entry.After.Limit != cost.Limit(cost.Pico(i+1)*cent) {
					t.Errorf("%d: got the entry of another: %+v", i, m.Entry)
				}
			}
			if name == "Month" {
				o, err := b.Engine.Organization(context.Background(), b.Who)
				if err != nil || o.MonthLimit != last.After.Limit {
					t.Errorf("got the setting %s, %v, want that of the last entry, %s", o.MonthLimit, err, last.After.Limit)
				}
			}
			b.Sound(t)
		})
	}
}

func TestSetWorkflowLimit_SetsOnceForOneKey(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := context.Background()
	flow, servers := b.Flow(t, workflow.Created), b.servers(t)
	set := map[string]func(e *engine.Engine, to cost.Limit) (engine.Limited, error){
		"workflow": func(e *engine.Engine, to cost.Limit) (engine.Limited, error) {
			return e.SetWorkflowLimit(ctx, b.Who, engine.SetWorkflowLimitInput{
				WorkflowID: flow.ID, Limit: to, IdempotencyKey: "one",
			})
		},
		"month": func(e *engine.Engine, to cost.Limit) (engine.Limited, error) {
			return e.SetMonthlyLimit(ctx, b.Who, engine.SetMonthlyLimitInput{Limit: to, IdempotencyKey: "two"})
		},
	}
	for name, set := range set {
		made := make([]engine.Limited, 20)
		replayed := 0
		for i, err := range testdb.Together(20, func(i int) (err error) {
			made[i], err = set(servers[i%2], cost.Limit(3*cost.Dollar))
			return err
		}) {
			if err != nil || !cmp.Equal(made[i].Entry, made[0].Entry) {
				t.Errorf("%s: got %+v, %v, want the one entry", name, made[i].Entry, err)
			}
			if made[i].Replayed {
				replayed++
			}
		}
		if entries := b.ledger(t, made[0].Account.ID); len(entries) != 2 || replayed != 19 {
			t.Errorf("%s: got %d entries and %d replays, want 2 and 19", name, len(entries), replayed)
		}
		_, err := set(b.Engine, cost.Limit(4*cost.Dollar))
		refusedAs(t, err, fault.IdempotencyMismatch)
	}
	b.limit(t, flow, cost.Limit(5*cost.Dollar))
	again, err := set["workflow"](b.Engine, cost.Limit(3*cost.Dollar))
	if err != nil || again.Entry.Sequence != 1 || again.Account.Balance.Limit != cost.Limit(5*cost.Dollar) ||
		again.Workflow == nil {
		t.Errorf("got %+v, %v, want the first entry and the account as it is now", again, err)
	}
	b.Sound(t)
}

func TestSettings_RefuseBadInputWithoutAChange(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx := context.Background()
	flow := b.Flow(t, workflow.Created)
	b.month(t)
	stranger := b.Stranger(t)
	before, changes := b.rows(t), `SELECT count(*) FROM organization_changes`
	settings := b.Count(t, changes)
	for name, c := range map[string]struct {
		err  func() error
		want fault.Kind
	}{
		"a negative limit": {func() error {
			_, err := b.Engine.SetWorkflowLimit(ctx, b.Who, engine.SetWorkflowLimitInput{WorkflowID: flow.ID, Limit: -1})
			return err
		}, fault.InvalidInput},
		"a negative limit of the month": {func() error {
			_, err := b.Engine.SetMonthlyLimit(ctx, b.Who, engine.SetMonthlyLimitInput{Limit: -1})
			return err
		}, fault.InvalidInput},
		"another organization's workflow": {func() error {
			_, err := b.Engine.SetWorkflowLimit(ctx, stranger, engine.SetWorkflowLimitInput{WorkflowID: flow.ID, Limit: 1})
			return err
		}, fault.NotFound},
		"a long reason": {func() error {
			_, err := b.Engine.SetMonthlyLimit(ctx, b.Who, engine.SetMonthlyLimitInput{Reason: strings.Repeat("a", 2001)})
			return err
		}, fault.InvalidInput},
		"no time zone": {func() error { return b.zone("") }, fault.InvalidInput},
		"the server's": {func() error { return b.zone("Local") }, fault.InvalidInput},
		"nowhere":      {func() error { return b.zone("Mars/Olympus") }, fault.InvalidInput},
		"a path":       {func() error { return b.zone("../../etc/passwd") }, fault.InvalidInput},
	} {
		if got := fault.KindOf(c.err()); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
	if diff := cmp.Diff(before, b.rows(t)); diff != "" || b.Count(t, changes) != settings {
		t.Errorf("something was written (-before +after):\n%s", diff)
	}
}

// zone sets the time zone.
func (b bundle) zone(name string) error {
	_, err := b.Engine.SetTimeZone(context.Background(), b.Who, engine.SetTimeZoneInput{TimeZone: name})
	if err != nil {
		return fmt.Errorf("set the time zone: %w", err)
	}
	return nil
}

func ptr[T any](v T) *T { return &v }
