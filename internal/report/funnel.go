package report

import (
	"context"
	"fmt"
	"time"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// Funnel is the progress of the workflows that were created in a range of days.
type Funnel struct {
	AsOf    time.Time
	Days    cost.Days
	Created int
	Steps   []FunnelStep  // all seven, in order
	States  []FunnelState // all states, in the order of the graph
}

// FunnelStep counts workflows, each once even after several visits.
type FunnelStep struct {
	Step workflow.Step
	// Reached counts those that have ever entered the step, Completed those that have ever completed it.
	Reached, Completed int
}

// FunnelState describes the visits of workflows to a state.
type FunnelState struct {
	State workflow.State
	// Workflows counts each workflow once, Visits every time one entered the state, Open those that are there now.
	Workflows, Visits, Open int
	// Median and P95 are the longest of the shortest 50 and 95 % of the visits; each is the length of a real visit. An
	// open visit lasts until AsOf. They are nil for a terminal state and for one without a visit.
	Median, P95 *time.Duration
}

// Funnel computes the progress of workflows from the journal. INVALID_INPUT names the field: a range that ends before
// it begins or has more than 400 days.
func (r *Reporter) Funnel(ctx context.Context, who caller.Caller, days cost.Days) (Funnel, error) {
	if err := days.Check([]string{"range"}); err != nil {
		return Funnel{}, err
	}
	o, err := r.organization(ctx, who)
	if err != nil {
		return Funnel{}, err
	}
	created, err := days.Period(o.TimeZone)
	if err != nil {
		return Funnel{}, err
	}
	f := Funnel{AsOf: r.now(), Days: days}
	rows, err := r.store.Stays(ctx, who, created, f.AsOf)
	if err != nil {
		return Funnel{}, fmt.Errorf("find how workflows created in %s have passed: %w", days, err)
	}
	stays := map[workflow.State]postgres.Stay{}
	for _, row := range rows {
		stays[row.State] = row
	}
	f.Created = stays[workflow.Created].Workflows
	for _, step := range workflow.Steps() {
		// A step is entered through its first state only, which a test proves of the graph.
		f.Steps = append(f.Steps, FunnelStep{
			Step: step, Reached: stays[step.Pending].Workflows, Completed: stays[step.Completed].Workflows,
		})
	}
	for _, state := range workflow.States() {
		stay := stays[state]
		passed := FunnelState{
			State:     state,
			Workflows: stay.Workflows,
			Visits:    stay.Visits,
			Open:      stay.Open,
		}
		if stay.Visits > 0 && !state.IsTerminal() {
			passed.Median, passed.P95 = &stay.Median, &stay.P95
		}
		f.States = append(f.States, passed)
	}
	return f, nil
}
