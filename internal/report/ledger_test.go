package report_test

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	diff "github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/report"
	"github.com/infin8content/engine/internal/testengine"
	"github.com/infin8content/engine/internal/workflow"
)

// liveIn puts the organization into a time zone, past every rule of how a zone is changed.
func (b bundle) liveIn(t *testing.T, who caller.Caller, zone string) {
	t.Helper()
	ctx := context.Background()
	tx, err := b.DB.Super.Begin(ctx)
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

// history is a history of one organization whose usage is checked.
type history struct {
	*testengine.History
	report *report.Reporter
}

// spent is one call as the ledger and the calls have it, one by one and without the database's sums.
type spent struct {
	report.UsageGroup
}

// read returns all calls of the history.
func (h *history) read(t *testing.T, zone string) []spent {
	t.Helper()
	ctx := context.Background()
	calls, err := h.Engine.Calls(ctx, h.Who, engine.CallsInput{Workflows: h.Flows, First: 10_000})
	if err != nil {
		t.Fatal(err)
	}
	entries, err := h.Engine.Entries(ctx, h.Who, engine.EntriesInput{Accounts: h.Flows, After: -1, First: 10_000})
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
	for _, flow := range h.Flows {
		for _, c := range calls[flow] {
			day, err := cost.DayOf(c.ReservedAt, zone)
			if err != nil {
				t.Fatal(err)
			}
			var s spent
			s.Day, s.Model, s.Step, s.Workflow = day, c.AnsweredModel, workflow.StepKey(c.Step), flow
			s.Outcome, s.Calls, s.Adjusted = c.State, 1, adjusted[c.ID]
			if s.Actor = c.Actor; strings.HasPrefix(s.Actor, "worker:") {
				s.Actor = "worker:"
			}
			s.Provider = c.Provider
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
func sum(t *testing.T, all []spent, in report.UsageInput) (total cost.Sums, groups []report.UsageGroup) {
	t.Helper()
	found := map[report.UsageGroup]cost.Sums{}
	by := func(d report.Dimension) bool { return slices.Contains(in.GroupBy, d) }
	for _, s := range all {
		if s.Day < in.Days.From || s.Day >= in.Days.To {
			continue
		}
		var key report.UsageGroup
		if by(report.ByDay) {
			key.Day = s.Day
		}
		if by(report.ByModel) {
			key.Model = s.Model
		}
		if by(report.ByStep) {
			key.Step = s.Step
		}
		if by(report.ByWorkflow) {
			key.Workflow = s.Workflow
		}
		if by(report.ByOutcome) {
			key.Outcome = s.Outcome
		}
		if by(report.ByActor) {
			key.Actor = s.Actor
		}
		if by(report.ByProvider) {
			key.Provider = s.Provider
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

func dearest(a, b report.UsageGroup) int {
	x, _ := a.Booked()
	y, _ := b.Booked()
	return cmp.Or(cmp.Compare(y, x), cmp.Compare(a.Day, b.Day), cmp.Compare(a.Model, b.Model),
		cmp.Compare(a.Step, b.Step), slices.Compare(a.Workflow[:], b.Workflow[:]), cmp.Compare(a.Outcome, b.Outcome),
		cmp.Compare(a.Actor, b.Actor), cmp.Compare(a.Provider, b.Provider))
}

// combinations returns every choice of at most three dimensions.
func combinations() [][]report.Dimension {
	var all [][]report.Dimension
	for bits := range 1 << len(report.Dimensions()) {
		var chosen []report.Dimension
		for i, d := range report.Dimensions() {
			if bits>>i&1 == 1 {
				chosen = append(chosen, d)
			}
		}
		if len(chosen) <= report.MaxDimensions {
			all = append(all, chosen)
		}
	}
	return all
}

func TestUsage_EqualsTheLedger(t *testing.T) {
	t.Parallel()
	for seed, zone := range []string{"UTC", "Europe/Berlin", "Pacific/Kiritimati", "America/Los_Angeles"} {
		t.Run(zone, func(t *testing.T) {
			t.Parallel()
			b, ctx := setup(t), context.Background()
			// Two organizations with histories of their own: neither sees the other's.
			mine := &history{testengine.NewHistory(b.Fixture, uint64(seed), 1), b.report}
			other := testengine.NewHistory(b.Fixture, uint64(seed), 2)
			other.Who = b.Stranger(t)
			b.liveIn(t, b.Who, zone)
			b.Clock.Set(moment(t, "2026-03-24T20:00:00Z")) // The history crosses the end of a month and of winter time.
			for range 150 {
				mine.Step(t)
				other.Step(t)
			}
			calls := mine.read(t, zone)
			whole := days(t, "2026-03-01", "2026-12-01")
			for _, part := range []cost.Days{whole, days(t, "2026-03-26", "2026-04-01"), {From: whole.To, To: whole.To}} {
				for _, dimensions := range combinations() {
					in := report.UsageInput{Days: part, GroupBy: dimensions, First: report.MaxGroups}
					got, err := b.report.Usage(ctx, b.Who, in)
					if err != nil {
						t.Fatal(err)
					}
					slices.SortFunc(got.Groups, dearest) // the database orders text by its own rules
					total, groups := sum(t, calls, in)
					want := report.Usage{
						AsOf: b.Clock.Now(), Days: part, GroupBy: dimensions, Total: total, Groups: groups,
					}
					if d := diff.Diff(want, got); d != "" {
						t.Errorf("%v of %s (-want +got):\n%s", dimensions, part, d)
					}
				}
			}
			mine.checkWorkflows(t, calls, whole)
			mine.checkMonths(t)
			b.liveIn(t, b.Who, "UTC") // The journal of the settings has no other zone.
			b.Sound(t)
		})
	}
}

// checkWorkflows compares the usage of single workflows.
func (h *history) checkWorkflows(t *testing.T, calls []spent, part cost.Days) {
	t.Helper()
	in := report.UsageInput{
		Days: part, GroupBy: []report.Dimension{report.ByStep, report.ByOutcome}, First: report.MaxGroups,
	}
	stranger := h.Stranger(t)
	foreign, err := h.report.WorkflowUsage(context.Background(), stranger, h.Flows, in)
	if err != nil {
		t.Fatal(err)
	}
	got, err := h.report.WorkflowUsage(context.Background(), h.Who, h.Flows, in)
	if err != nil {
		t.Fatal(err)
	}
	for _, flow := range h.Flows {
		own := slices.DeleteFunc(slices.Clone(calls), func(s spent) bool { return s.Workflow != flow })
		total, groups := sum(t, own, in)
		want := report.Usage{AsOf: h.Clock.Now(), Days: part, GroupBy: in.GroupBy, Total: total, Groups: groups}
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
	rows, err := h.DB.Super.Query(ctx, `SELECT to_char(period_start AT TIME ZONE time_zone, 'YYYY-MM-DD'),
		to_char(period_end AT TIME ZONE time_zone, 'YYYY-MM-DD'), settled_pico::bigint, held_pico::bigint
		FROM usage_accounts WHERE organization_id = $1 AND kind = 'MONTH' ORDER BY period_start`, h.Who.OrganizationID)
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
		usage, err := h.report.Usage(ctx, h.Who, report.UsageInput{Days: days(t, from, to), First: 1})
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
