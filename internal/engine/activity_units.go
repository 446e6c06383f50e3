package engine

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/workflow"
)

// parkedUnits returns the units of the workflows whose last run is parked and open, or has ended with failed units. It
// runs no statement when there is none.
func (e *Engine) parkedUnits(
	ctx context.Context, who caller.Caller, flows []workflow.Workflow, runs map[uuid.UUID][]workflow.Run,
) (map[uuid.UUID][]workflow.Unit, error) {
	wanted := map[workflow.StepKey][]uuid.UUID{}
	for _, flow := range flows {
		last := runs[flow.ID]
		if len(last) == 0 || flow.Step() == nil || flow.Step().Key != last[0].Step {
			continue
		}
		if last[0].Parked && last[0].EndedAt == nil || last[0].Failure == workflow.FailureUnitsFailed {
			wanted[last[0].Step] = append(wanted[last[0].Step], flow.ID)
		}
	}
	found := map[uuid.UUID][]workflow.Unit{}
	for step, ids := range wanted {
		units, err := e.Units(ctx, who, ids, step)
		if err != nil {
			return nil, err
		}
		maps.Copy(found, units)
	}
	return found, nil
}

// overUnits returns the activity of a step that is done in units.
func overUnits(a Activity, step workflow.Step, units []workflow.Unit) Activity {
	counts := workflow.CountUnits(units)
	ended := counts[workflow.UnitDone] + counts[workflow.UnitSkipped]
	switch a.Code {
	case UnitsRunning:
		return Activity{
			Code: UnitsRunning,
			Sentence: fmt.Sprintf("%s: %d of %d units have ended, %d run, %d wait and %d failed.", step.Label, ended,
				len(units), counts[workflow.UnitRunning], counts[workflow.UnitPending], counts[workflow.UnitFailed]),
			NextRetryAt: nextRetry(units),
		}
	case NeedsDecision:
		return Activity{
			Code: NeedsDecision,
			Sentence: fmt.Sprintf("%s: %d of %d units failed. Retry the step, or skip them: %s.", step.Label,
				counts[workflow.UnitFailed], len(units), workflow.NameFailed(units)),
		}
	}
	return a
}

// nextRetry returns the time of the next planned attempt at a unit, or nil.
func nextRetry(units []workflow.Unit) (next *time.Time) {
	for _, u := range units {
		if u.RetryAt != nil && (next == nil || u.RetryAt.Before(*next)) {
			next = u.RetryAt
		}
	}
	return next
}
