package report_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/report"
	"github.com/infin8content/engine/internal/workflow"
)

// TestFunnel_EveryStepBeginsWithItsFirstState is what the funnel counts by.
func TestFunnel_EveryStepBeginsWithItsFirstState(t *testing.T) {
	t.Parallel()
	for _, edge := range workflow.Edges() {
		from, to := edge.From.Step(), edge.To.Step()
		if edge.To == workflow.Completed || to == nil || to.Pending == edge.To {
			continue
		}
		if from == nil || from.Key != to.Key || edge.From == workflow.Created {
			t.Errorf("%s → %s enters the step %s past %s", edge.From, edge.To, to.Key, to.Pending)
		}
	}
}

// walk creates a workflow and takes it through states, each after a pause.
func (b bundle) walk(t *testing.T, name string, stages ...stage) {
	t.Helper()
	ctx := context.Background()
	made, err := b.Engine.Create(ctx, b.Who, engine.CreateInput{
		Name: name, Company: workflow.Company{Name: "Example", URL: "https://example.com"},
	})
	if err != nil {
		t.Fatal(err)
	}
	at := made.Workflow.State
	for _, s := range stages {
		b.Clock.Advance(s.after)
		if _, err := b.Engine.Transition(ctx, b.Who, engine.TransitionInput{
			WorkflowID: made.Workflow.ID, From: at, To: s.to, Reason: "a test",
		}); err != nil {
			t.Fatalf("%s from %s: %v", name, at, err)
		}
		at = s.to
	}
}

type stage struct {
	after time.Duration
	to    workflow.State
}

func TestFunnel_CountsProgressAndVisits(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	b.liveIn(t, b.Who, "Europe/Berlin")
	start := moment(t, "2026-03-28T23:00:00Z") // midnight in Berlin
	again := func(at time.Time) { b.Clock.Set(at) }

	again(start.Add(-time.Microsecond))
	b.walk(t, "the day before", stage{time.Second, workflow.ICPPending})
	again(start)
	b.walk(t, "waits", stage{time.Second, workflow.ICPPending})
	again(start)
	b.walk(t, "is sent back and given up",
		stage{3 * time.Second, workflow.ICPPending}, stage{10 * time.Second, workflow.ICPProcessing},
		stage{20 * time.Second, workflow.ICPFailed}, stage{5 * time.Second, workflow.ICPProcessing},
		stage{40 * time.Second, workflow.ICPCompleted}, stage{time.Second, workflow.ICPPending},
		stage{30 * time.Second, workflow.Cancelled})
	again(start)
	b.walk(t, "goes on",
		stage{2 * time.Second, workflow.ICPPending}, stage{20 * time.Second, workflow.ICPProcessing},
		stage{60 * time.Second, workflow.ICPCompleted}, stage{time.Second, workflow.CompetitorPending})
	stranger := b
	stranger.Who = b.Stranger(t)
	again(start)
	stranger.walk(t, "of another organization", stage{time.Second, workflow.ICPPending})

	again(start.Add(time.Hour))
	got, err := b.report.Funnel(ctx, b.Who, days(t, "2026-03-29", "2026-03-30"))
	if err != nil {
		t.Fatal(err)
	}
	if got.Created != 3 || !got.AsOf.Equal(b.Clock.Now()) {
		t.Errorf("created: got %d as of %s, want 3", got.Created, got.AsOf)
	}
	steps := map[workflow.StepKey][2]int{}
	for i, s := range got.Steps {
		if s.Step.Number != i+1 {
			t.Errorf("step %d: got %d", i+1, s.Step.Number)
		}
		if s.Reached > 0 {
			steps[s.Step.Key] = [2]int{s.Reached, s.Completed}
		}
	}
	want := map[workflow.StepKey][2]int{workflow.StepICP: {3, 2}, workflow.StepCompetitor: {1, 0}}
	if diff := cmp.Diff(want, steps); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	checkStays(t, got)
}

func checkStays(t *testing.T, got report.Funnel) {
	t.Helper()
	lasted := func(d time.Duration) *time.Duration { return &d }
	want := map[workflow.State]report.FunnelState{
		// 1, 2 and 3 seconds.
		workflow.Created: {Workflows: 3, Visits: 3, Median: lasted(2 * time.Second), P95: lasted(3 * time.Second)},
		// 10, 20 and 30 seconds, and one that goes on.
		workflow.ICPPending: {
			Workflows: 3, Visits: 4, Open: 1, Median: lasted(20 * time.Second), P95: lasted(time.Hour - time.Second),
		},
		// 20, 40 and 60 seconds.
		workflow.ICPProcessing: {
			Workflows: 2, Visits: 3, Median: lasted(40 * time.Second), P95: lasted(60 * time.Second),
		},
		workflow.ICPFailed:    {Workflows: 1, Visits: 1, Median: lasted(5 * time.Second), P95: lasted(5 * time.Second)},
		workflow.ICPCompleted: {Workflows: 2, Visits: 2, Median: lasted(time.Second), P95: lasted(time.Second)},
		workflow.CompetitorPending: {
			Workflows: 1, Visits: 1, Open: 1, Median: lasted(time.Hour - 83*time.Second),
			P95: lasted(time.Hour - 83*time.Second),
		},
		workflow.Cancelled: {Workflows: 1, Visits: 1, Open: 1},
	}
	for i, state := range workflow.States() {
		expected := want[state]
		expected.State = state
		if diff := cmp.Diff(expected, got.States[i]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", state, diff)
		}
	}
}

func TestFunnel_EmptyHasAllSteps(t *testing.T) {
	t.Parallel()
	b := setup(t)
	got, err := b.report.Funnel(context.Background(), b.Who, cost.Days{From: 20_000, To: 20_400})
	if err != nil || got.Created != 0 || len(got.Steps) != 7 || len(got.States) != 29 || got.States[0].Median != nil {
		t.Errorf("got %+v, %v", got, err)
	}
}
