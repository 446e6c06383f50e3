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

// Funnel is how far the workflows that were created in a range of days have come.
type Funnel struct {
	AsOf    time.Time
	Days    cost.Days
	Created int
	Steps   []FunnelStep  // all seven, in order
	States  []FunnelState // all states, in the order of the graph
}

// FunnelStep counts workflows, each once however often it came by.
type FunnelStep struct {
	Step workflow.Step
	// Reached counts those that have ever entered the step, Completed those that have ever completed it.
	Reached, Completed int
}

// FunnelState is how workflows have passed through a state.
type FunnelState struct {
	State workflow.State
	// Workflows counts each workflow once, Visits every time one entered the state, Open those that are there now.
	Workflows, Visits, Open int
	// Median and P95 are how long half, and 95 in 100, of the visits lasted at most; each is the length of a real visit. A
	// visit that goes on counts up to AsOf. Nil for a state that nothing leaves or nobody has reached.
	Median, P95 *time.Duration
}

// Funnel computes from the journal how far workflows have come. INVALID_INPUT names the field: a range that ends before
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
