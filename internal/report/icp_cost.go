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

// ICPCost is the cost of ideal customer profiles in a range of days.
type ICPCost struct {
	AsOf time.Time
	Days cost.Days
	// Spent is all that was booked for the step's calls, those without a result among them.
	Spent cost.Pico
	// Finished counts the profiles that were finished in the range; one that is made anew counts again.
	Finished int64
	// Each is Spent / Finished, rounded up; nil when none was finished.
	Each *cost.Pico
}

// ICPCost returns the average cost of a finished profile. The faults are those of Usage.
func (r *Reporter) ICPCost(ctx context.Context, who caller.Caller, days cost.Days) (ICPCost, error) {
	in := UsageInput{Days: days, GroupBy: []Dimension{ByStep}, First: MaxGroups}
	if err := in.check(who); err != nil {
		return ICPCost{}, err
	}
	o, err := r.organization(ctx, who)
	if err != nil {
		return ICPCost{}, err
	}
	within, err := days.Period(o.TimeZone)
	if err != nil {
		return ICPCost{}, err
	}
	c := ICPCost{AsOf: r.now(), Days: days}
	step, _ := workflow.StepOf(workflow.StepICP)
	err = r.store.Snapshot(ctx, func(s *postgres.Store) error {
		query := in.query()
		query.First = MaxGroups
		_, groups, err := s.Usage(ctx, who, query)
		if err != nil {
			return err
		}
		for _, g := range groups {
			if g.Step == step.Key {
				if c.Spent, err = g.Booked(); err != nil {
					return err
				}
			}
		}
		c.Finished, err = s.CountEntered(ctx, who, step.Completed, within)
		return err
	})
	if err != nil {
		return ICPCost{}, fmt.Errorf("find the cost of profiles in %s: %w", days, err)
	}
	if c.Finished > 0 {
		each := cost.Each(c.Spent, c.Finished)
		c.Each = &each
	}
	return c, nil
}
