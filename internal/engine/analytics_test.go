package engine_test

import (
	"cmp"
	"context"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	diff "github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/workflow"
)

// liveIn puts the organization into a time zone, past every rule of how a zone is changed.
func (b bundle) liveIn(t *testing.T, who caller.Caller, zone string) {
	t.Helper()
	ctx := context.Background()
	tx, err := b.db.Super.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		`SET LOCAL session_replication_role = replica`,
		`UPDATE organizations SET time_zone = '` + zone + `' WHERE id = '` + who.OrganizationID.String() + `'`,
	} {
		if _, err := tx.Exec(ctx, statement); err != nil {
			t.Fatal(err)
		}
	}
	if err := tx.Commit(ctx); err != nil {
		t.Fatal(err)
	}
}

func days(t *testing.T, from, to string) cost.Days {
	t.Helper()
	var d cost.Days
	var err error
	if d.From, err = cost.ParseDay(nil, from); err != nil {
		t.Fatal(err)
	}
	if d.To, err = cost.ParseDay(nil, to); err != nil {
		t.Fatal(err)
	}
	return d
}

func moment(t *testing.T, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		t.Fatal(err)
	}
	return at.UTC()
}

// history is a seeded sequence of everything that can happen to calls of one organization.
type history struct {
	bundle
	random *rand.Rand
	flows  []uuid.UUID
	calls  []uuid.UUID
}

// step does one thing. What a limit refuses is refused.
func (h *history) step(t *testing.T) {
	t.Helper()
	ctx := context.Background()
	if len(h.flows) == 0 || h.random.IntN(12) == 0 {
		h.flows = append(h.flows, h.flow(t, workflow.ICPPending).ID)
	}
	var err error
	one := func() uuid.UUID { return h.calls[h.random.IntN(len(h.calls))] }
	switch n := h.random.IntN(20); {
	case n < 8 || len(h.calls) == 0:
		amount := cost.Pico(h.random.Int64N(int64(20 * cent)))
		var made engine.Charged
		made, err = h.engine.Reserve(ctx, h.who, engine.ReserveInput{
			WorkflowID: h.flows[h.random.IntN(len(h.flows))], Amount: &amount,
			Step: workflow.Steps()[h.random.IntN(7)].Key,
		})
		if err == nil {
			h.calls = append(h.calls, made.Call.ID)
		}
	case n < 15:
		_, err = h.engine.Settle(ctx, h.who, h.bill(one()))
	case n < 16:
		_, err = h.engine.Release(ctx, h.who, engine.ReleaseInput{CallID: one(), Reason: "not sent"})
	case n < 17:
		err = h.engine.Suspect(ctx, h.who, one(), workflow.FailureTimeout)
	case n < 18:
		_, err = h.engine.SettleLate(ctx, h.who, h.bill(one()))
	case n < 19:
		_, err = h.engine.SweepCalls(ctx, func(context.Context, string, string) (*engine.SettleInput, error) {
			return nil, nil
		})
	default:
		h.clock.advance(time.Duration(h.random.Int64N(40*3600)) * time.Second)
	}
	if fault.KindOf(err) == fault.Internal {
		t.Fatal(err)
	}
}

func (h *history) bill(call uuid.UUID) engine.SettleInput {
	billed := cost.Pico(h.random.Int64N(int64(21 * cent)))
	return engine.SettleInput{
		CallID: call, Cost: &billed, Model: []string{"perplexity/sonar", "openai/gpt-4o-mini"}[h.random.IntN(2)],
		Usage: cost.Usage{PromptTokens: h.random.Int64N(1000), CompletionTokens: h.random.Int64N(1000)},
	}
}

// spent is one call as the ledger and the calls tell it, one by one and without the database's sums.
type spent struct {
	engine.UsageGroup
}

// read returns all calls of the history.
func (h *history) read(t *testing.T, zone string) []spent {
	t.Helper()
	ctx := context.Background()
	calls, err := h.engine.Calls(ctx, h.who, engine.CallsInput{Workflows: h.flows, First: 10_000})
	if err != nil {
		t.Fatal(err)
	}
	entries, err := h.engine.Entries(ctx, h.who, engine.EntriesInput{Accounts: h.flows, After: -1, First: 10_000})
	if err != nil {
		t.Fatal(err)
	}
	adjusted := map[uuid.UUID]cost.Pico{}
	for _, account := range entries {
		for _, e := range account {
			if e.Kind == cost.EntryAdjust {
				adjusted[*e.CallID] += e.Delta.Settled
			}
		}
	}
	var all []spent
	for _, flow := range h.flows {
		for _, c := range calls[flow] {
			day, err := cost.DayOf(c.ReservedAt, zone)
			if err != nil {
				t.Fatal(err)
			}
			var s spent
			s.Day, s.Model, s.Step, s.Workflow = day, c.AnsweredModel, workflow.StepKey(c.Step), flow
			s.Outcome, s.Calls, s.Adjusted = c.State, 1, adjusted[c.ID]
			s.PromptTokens, s.CompletionTokens = c.Usage.PromptTokens, c.Usage.CompletionTokens
			switch {
			case c.State.Open():
				s.Held = c.Hold
			case c.State == cost.CallSettled:
				s.Settled, s.Overage = *c.Cost, max(*c.Cost-c.Hold, 0)
			case c.State == cost.CallAssumed:
				s.Assumed = c.Hold
			}
			all = append(all, s)
		}
	}
	return all
}

// sum groups calls as the engine is asked to.
func sum(t *testing.T, all []spent, in engine.UsageInput) (total cost.Sums, groups []engine.UsageGroup) {
	t.Helper()
	found := map[engine.UsageGroup]cost.Sums{}
	by := func(d engine.Dimension) bool { return slices.Contains(in.GroupBy, d) }
	for _, s := range all {
		if s.Day < in.Days.From || s.Day >= in.Days.To {
			continue
		}
		var key engine.UsageGroup
		if by(engine.ByDay) {
			key.Day = s.Day
		}
		if by(engine.ByModel) {
			key.Model = s.Model
		}
		if by(engine.ByStep) {
			key.Step = s.Step
		}
		if by(engine.ByWorkflow) {
			key.Workflow = s.Workflow
		}
		if by(engine.ByOutcome) {
			key.Outcome = s.Outcome
		}
		var err, otherErr error
		found[key], err = found[key].Plus(s.Sums)
		total, otherErr = total.Plus(s.Sums)
		if err != nil || otherErr != nil {
			t.Fatal(err, otherErr)
		}
	}
	if len(in.GroupBy) == 0 {
		return total, nil
	}
	for key, sums := range found {
		key.Sums = sums
		groups = append(groups, key)
	}
	slices.SortFunc(groups, dearest)
	return total, groups
}

func dearest(a, b engine.UsageGroup) int {
	x, _ := a.Booked()
	y, _ := b.Booked()
	return cmp.Or(cmp.Compare(y, x), cmp.Compare(a.Day, b.Day), cmp.Compare(a.Model, b.Model),
		cmp.Compare(a.Step, b.Step), slices.Compare(a.Workflow[:], b.Workflow[:]), cmp.Compare(a.Outcome, b.Outcome))
}

// combinations returns every choice of at most three dimensions.
func combinations() [][]engine.Dimension {
	var all [][]engine.Dimension
	for bits := range 1 << len(engine.Dimensions()) {
		var chosen []engine.Dimension
		for i, d := range engine.Dimensions() {
			if bits>>i&1 == 1 {
				chosen = append(chosen, d)
			}
		}
		if len(chosen) <= engine.MaxDimensions {
			all = append(all, chosen)
		}
	}
	return all
}

func TestUsageIsWhatTheLedgerSaysWhateverHappened(t *testing.T) {
	t.Parallel()
	for seed, zone := range []string{"UTC", "Europe/Berlin", "Pacific/Kiritimati", "America/Los_Angeles"} {
		t.Run(zone, func(t *testing.T) {
			t.Parallel()
			b, ctx := setup(t), context.Background()
			// Two organizations with histories of their own: neither sees the other's.
			mine := &history{bundle: b, random: rand.New(rand.NewPCG(uint64(seed), 1))}
			other := &history{bundle: b, random: rand.New(rand.NewPCG(uint64(seed), 2))}
			other.who = b.stranger(t)
			b.liveIn(t, b.who, zone)
			b.clock.at = moment(t, "2026-03-24T20:00:00Z") // over a month's end, and a change of clocks in Berlin
			for range 150 {
				mine.step(t)
				other.step(t)
			}
			calls := mine.read(t, zone)
			whole := days(t, "2026-03-01", "2026-12-01")
			for _, part := range []cost.Days{whole, days(t, "2026-03-26", "2026-04-01"), {From: whole.To, To: whole.To}} {
				for _, dimensions := range combinations() {
					in := engine.UsageInput{Days: part, GroupBy: dimensions, First: engine.MaxGroups}
					got, err := b.engine.Usage(ctx, b.who, in)
					if err != nil {
						t.Fatal(err)
					}
					slices.SortFunc(got.Groups, dearest) // the database orders text by its own rules
					total, groups := sum(t, calls, in)
					want := engine.Usage{
						AsOf: b.clock.now(), Days: part, GroupBy: dimensions, Total: total, Groups: groups,
					}
					if d := diff.Diff(want, got); d != "" {
						t.Errorf("%v of %s (-want +got):\n%s", dimensions, part, d)
					}
				}
			}
			mine.checkWorkflows(t, calls, whole)
			mine.checkMonths(t)
			b.sound(t)
		})
	}
}

// checkWorkflows compares the usage of single workflows.
func (h *history) checkWorkflows(t *testing.T, calls []spent, part cost.Days) {
	t.Helper()
	in := engine.UsageInput{
		Days: part, GroupBy: []engine.Dimension{engine.ByStep, engine.ByOutcome}, First: engine.MaxGroups,
	}
	stranger := h.stranger(t)
	foreign, err := h.engine.WorkflowUsage(context.Background(), stranger, h.flows, in)
	if err != nil {
		t.Fatal(err)
	}
	got, err := h.engine.WorkflowUsage(context.Background(), h.who, h.flows, in)
	if err != nil {
		t.Fatal(err)
	}
	for _, flow := range h.flows {
		own := slices.DeleteFunc(slices.Clone(calls), func(s spent) bool { return s.Workflow != flow })
		total, groups := sum(t, own, in)
		want := engine.Usage{AsOf: h.clock.now(), Days: part, GroupBy: in.GroupBy, Total: total, Groups: groups}
		usage := got[flow]
		slices.SortFunc(usage.Groups, dearest)
		if d := diff.Diff(want, usage); d != "" {
			t.Errorf("workflow %s (-want +got):\n%s", flow, d)
		}
		if foreign[flow].Total != (cost.Sums{}) {
			t.Errorf("a stranger sees of workflow %s: %+v", flow, foreign[flow].Total)
		}
	}
}

// checkMonths compares the days of each month with the month's account.
func (h *history) checkMonths(t *testing.T) {
	t.Helper()
	ctx := context.Background()
	rows, err := h.db.Super.Query(ctx, `SELECT to_char(period_start AT TIME ZONE time_zone, 'YYYY-MM-DD'),
		to_char(period_end AT TIME ZONE time_zone, 'YYYY-MM-DD'), settled_pico::bigint, held_pico::bigint
		FROM usage_accounts WHERE organization_id = $1 AND kind = 'MONTH' ORDER BY period_start`, h.who.OrganizationID)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	months := 0
	for ; rows.Next(); months++ {
		var from, to string
		var settled, held int64
		if err := rows.Scan(&from, &to, &settled, &held); err != nil {
			t.Fatal(err)
		}
		usage, err := h.engine.Usage(ctx, h.who, engine.UsageInput{Days: days(t, from, to), First: 1})
		if err != nil {
			t.Fatal(err)
		}
		booked, err := usage.Total.Booked()
		if err != nil || booked != cost.Pico(settled) || usage.Total.Held != cost.Pico(held) {
			t.Errorf("%s: got %s settled and %s held, %v, the account says %s and %s",
				from, booked, usage.Total.Held, err, cost.Pico(settled), cost.Pico(held))
		}
	}
	if months < 2 {
		t.Errorf("the history has %d months, want more", months)
	}
}
