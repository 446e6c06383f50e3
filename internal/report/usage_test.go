package report_test

import (
	"context"
	"slices"
	"testing"

	diff "github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/report"
	"github.com/infin8content/engine/internal/workflow"
)

func TestUsage_DaysAreInTheOrganizationsZone(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	b.liveIn(t, b.Who, "Europe/Berlin")
	flow := b.Flow(t, workflow.ICPPending)
	for _, at := range []string{
		"2026-03-28T22:59:59.999999Z", // the 28th
		"2026-03-28T23:00:00Z",        // the 29th, of 23 hours
		"2026-03-29T21:59:59.999999Z", // still
		"2026-03-29T22:00:00Z",        // the 30th
		"2026-03-31T21:59:59.999999Z", // March
		"2026-03-31T22:00:00Z",        // April, which in UTC it is not
	} {
		b.Clock.Set(moment(t, at))
		b.Reserve(t, flow, cent)
	}
	got, err := b.report.Usage(ctx, b.Who, report.UsageInput{
		Days: days(t, "2026-03-01", "2026-04-01"), GroupBy: []report.Dimension{report.ByDay}, First: 100,
	})
	if err != nil {
		t.Fatal(err)
	}
	calls := map[string]int64{}
	for _, g := range got.Groups {
		calls[g.Day.String()] = g.Calls
	}
	want := map[string]int64{"2026-03-28": 1, "2026-03-29": 2, "2026-03-30": 1, "2026-03-31": 1}
	if d := diff.Diff(want, calls); d != "" || got.Total.Calls != 5 || got.Total.Held != 5*cent {
		t.Errorf("got %+v in total, days (-want +got):\n%s", got.Total, d)
	}
}

func TestUsage_DaysOfAMonthSumToItsAccount(t *testing.T) {
	t.Parallel()
	for _, zone := range []string{"America/Los_Angeles", "Asia/Tokyo"} {
		b, ctx := setup(t), context.Background()
		b.Clock.Set(moment(t, "2026-03-15T12:00:00Z"))
		flow := b.Flow(t, workflow.ICPPending)
		b.Reserve(t, flow, cent)
		_, err := b.Engine.SetTimeZone(ctx, b.Who, engine.SetTimeZoneInput{TimeZone: zone, Reason: "we have moved"})
		if err != nil {
			t.Fatal(err)
		}
		for _, at := range []string{
			"2026-03-31T06:30:00Z", "2026-03-31T15:30:00Z", "2026-03-31T23:59:59Z", // March, which began in UTC
			"2026-04-01T00:00:00Z", "2026-04-01T06:59:59Z", "2026-04-01T07:00:00Z", // April, in both zones
			"2026-04-30T14:59:59Z", "2026-04-30T15:00:00Z", "2026-05-01T06:59:59Z", "2026-05-01T07:00:00Z",
		} {
			b.Clock.Set(moment(t, at))
			b.Reserve(t, flow, cent)
		}
		rows, err := b.DB.Super.Query(ctx, `SELECT held_pico::bigint FROM usage_accounts
			WHERE organization_id = $1 AND kind = 'MONTH' ORDER BY period_start`, b.Who.OrganizationID)
		if err != nil {
			t.Fatal(err)
		}
		var held []cost.Pico
		for rows.Next() {
			var pico int64
			if err := rows.Scan(&pico); err != nil {
				t.Fatal(err)
			}
			held = append(held, cost.Pico(pico))
		}
		rows.Close()
		starts := []string{"2026-03-01", "2026-04-01", "2026-05-01", "2026-06-01"}
		if len(held) != 3 {
			t.Fatalf("%s: got %d months, want 3", zone, len(held))
		}
		for i, want := range held {
			got, err := b.report.Usage(ctx, b.Who, report.UsageInput{Days: days(t, starts[i], starts[i+1]), First: 1})
			if err != nil || got.Total.Held != want {
				t.Errorf("%s, the month from %s: got %s, %v, its account holds %s", zone, starts[i], got.Total.Held, err, want)
			}
		}
	}
}

func TestUsage_LargestGroupsComeFirst(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	for n := range 3 {
		call := b.Reserve(t, b.Flow(t, workflow.ICPPending), 10*cent)
		billed := cost.Pico(n+1) * cent
		_, err := b.Engine.Settle(ctx, b.Who, engine.SettleInput{CallID: call.ID, Model: "m", Cost: &billed})
		if err != nil {
			t.Fatal(err)
		}
	}
	today, err := cost.DayOf(b.Clock.Now(), "UTC")
	if err != nil {
		t.Fatal(err)
	}
	for _, dimensions := range [][]report.Dimension{{report.ByWorkflow}, {report.ByWorkflow, report.ByModel}} {
		got, err := b.report.Usage(ctx, b.Who, report.UsageInput{
			Days: cost.Days{From: today, To: today + 1}, GroupBy: dimensions, First: 2,
		})
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Groups) != 2 || got.Groups[0].Settled != 3*cent || got.Groups[1].Settled != 2*cent ||
			!got.More || got.Total.Settled != 6*cent {
			t.Errorf("%v: got %+v", dimensions, got)
		}
	}
}

func TestUsage_BadInputNamesTheField(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	good := report.UsageInput{Days: days(t, "2026-03-01", "2026-04-01"), First: 1}
	for name, c := range map[string]struct {
		change func(*report.UsageInput)
		field  []string
	}{
		"ends before it begins": {func(in *report.UsageInput) { in.Days.To = in.Days.From - 1 }, []string{"range", "to"}},
		"401 days":              {func(in *report.UsageInput) { in.Days.To = in.Days.From + 401 }, []string{"range", "to"}},
		"four groupings": {func(in *report.UsageInput) {
			in.GroupBy = []report.Dimension{report.ByDay, report.ByModel, report.ByStep, report.ByOutcome}
		}, []string{"groupBy"}},
		"a grouping twice": {
			func(in *report.UsageInput) { in.GroupBy = []report.Dimension{report.ByDay, report.ByDay} }, []string{"groupBy"},
		},
		"no grouping":     {func(in *report.UsageInput) { in.GroupBy = []report.Dimension{"PHASE"} }, []string{"groupBy"}},
		"no groups":       {func(in *report.UsageInput) { in.First = 0 }, []string{"first"}},
		"too many groups": {func(in *report.UsageInput) { in.First = report.MaxGroups + 1 }, []string{"first"}},
	} {
		in := good
		c.change(&in)
		_, err := b.report.Usage(ctx, b.Who, in)
		_, flowErr := b.report.WorkflowUsage(ctx, b.Who, []uuid.UUID{uuid.New()}, in)
		for _, err := range []error{err, flowErr} {
			if fault.KindOf(err) != fault.InvalidInput || !slices.Equal(fault.FieldOf(err), c.field) {
				t.Errorf("%s: got %v at %v, want INVALID_INPUT at %v", name, err, fault.FieldOf(err), c.field)
			}
		}
	}
	backwards := cost.Days{From: good.Days.To, To: good.Days.From}
	_, funnelErr := b.report.Funnel(ctx, b.Who, backwards)
	_, profileErr := b.report.ICPCost(ctx, b.Who, backwards)
	for _, err := range []error{funnelErr, profileErr} {
		if fault.KindOf(err) != fault.InvalidInput || !slices.Equal(fault.FieldOf(err), []string{"range", "to"}) {
			t.Errorf("backwards: got %v at %v, want INVALID_INPUT at range.to", err, fault.FieldOf(err))
		}
	}
	if _, err := b.report.Usage(ctx, b.Who, report.UsageInput{
		Days: days(t, "2026-01-01", "2027-02-05"), GroupBy: report.Dimensions()[:3], First: report.MaxGroups,
	}); err != nil {
		t.Errorf("400 days and three groupings: got %v, want an answer", err)
	}
}

func TestForecast_FollowsTheRateOfTheMonth(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	b.Clock.Set(moment(t, "2026-04-11T00:00:00Z"))
	call, billed := b.Reserve(t, b.Flow(t, workflow.ICPPending), 50*cent), 30*cent
	b.Reserve(t, b.Flow(t, workflow.ICPPending), 7*cent)
	_, err := b.Engine.Settle(ctx, b.Who, engine.SettleInput{CallID: call.ID, Model: "m", Cost: &billed})
	if err != nil {
		t.Fatal(err)
	}
	got, err := b.report.Forecast(ctx, b.Who)
	if err != nil {
		t.Fatal(err)
	}
	want := report.Forecast{
		AsOf:    b.Clock.Now(),
		Period:  cost.Period{Start: moment(t, "2026-04-01T00:00:00Z"), End: moment(t, "2026-05-01T00:00:00Z")},
		Balance: cost.Balance{Settled: 30 * cent, Held: 7 * cent, Limit: cost.Limit(25 * cost.Dollar)},
		Spend:   cost.FigureOf(90 * cent), // 10 of 30 days have passed
	}
	if d := diff.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestICPCost_IsTheCostOfTheStep(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	today, err := cost.DayOf(b.Clock.Now(), "UTC")
	if err != nil {
		t.Fatal(err)
	}
	part := cost.Days{From: today, To: today + 2}
	empty, err := b.report.ICPCost(ctx, b.Who, part)
	if err != nil || empty.Each != nil || empty.Spent != 0 {
		t.Errorf("without profiles: got %+v, %v", empty, err)
	}
	for range 3 { // The third has failed, but costs.
		call, billed := b.Reserve(t, b.Flow(t, workflow.ICPPending), 10*cent), 5*cent
		if _, err := b.Engine.Settle(ctx, b.Who, engine.SettleInput{
			CallID: call.ID, Model: "m", Cost: &billed,
		}); err != nil {
			t.Fatal(err)
		}
	}
	b.Flow(t, workflow.ICPCompleted)
	b.Flow(t, workflow.CompetitorFailed)
	other := b
	other.Who = b.Stranger(t)
	other.Flow(t, workflow.ICPCompleted)
	got, err := b.report.ICPCost(ctx, b.Who, part)
	if err != nil {
		t.Fatal(err)
	}
	each := 15 * cent / 2
	want := report.ICPCost{AsOf: b.Clock.Now(), Days: part, Spent: 15 * cent, Finished: 2, Each: &each}
	if d := diff.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
