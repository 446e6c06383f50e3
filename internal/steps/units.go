package steps

import (
	"context"
	"errors"
	"fmt"

	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/workflow"
)

// unitsError means that units of a step have failed. Its sentence names them.
type unitsError struct{ sentence string }

func (e *unitsError) Error() string { return e.sentence }

// unitPlan plans the units of a visit and finishes their step.
type unitPlan struct {
	// plan returns the units of a visit that has none yet.
	plan func(context.Context, visit) ([]engine.NewUnit, error)
	// result is the result of the step when all its units have ended.
	result func(units []workflow.Unit) ([]byte, error)
}

// overUnits hands a step to its units, or ends it by the completion rule when all of them have ended.
func (r runner) overUnits(ctx context.Context, p unitPlan) error {
	v, err := r.visit(ctx)
	if err != nil {
		return r.fail(ctx, err)
	}
	for {
		err := v.overUnitsOnce(ctx, p)
		if !errors.Is(err, engine.ErrUnitsOpen) {
			return err
		}
	}
}

func (v visit) overUnitsOnce(ctx context.Context, p unitPlan) error {
	var units []workflow.Unit
	err := v.book(ctx, func(ctx context.Context) (err error) {
		units, err = v.options.Engine.UnitsOf(ctx, v.who, v.run, v.Number)
		return err
	})
	if err != nil {
		return v.fail(ctx, err)
	}
	var planned []engine.NewUnit
	if len(units) == 0 {
		if planned, err = p.plan(ctx, v); err != nil {
			return v.fail(ctx, err)
		}
	}
	switch end := workflow.EndOf(units); {
	case len(planned) > 0, end == workflow.UnitsOpen:
		return v.park(ctx, planned)
	case end == workflow.UnitsFailed:
		return v.fail(ctx, &unitsError{failedUnits(units)})
	case end == workflow.UnitsEmpty:
		return v.fail(ctx, &emptyError{"Every part of the step was skipped."})
	}
	content, err := p.result(units)
	if err != nil {
		return err
	}
	return v.finish(ctx, engine.FinishInput{Result: engine.Result{Content: content}})
}

// park hands the run to its units.
func (v visit) park(ctx context.Context, planned []engine.NewUnit) error {
	err := v.book(ctx, func(ctx context.Context) error {
		return v.options.Engine.Park(ctx, v.who, engine.ParkInput{Run: v.run, Visit: v.Number, Units: planned})
	})
	if IsLost(err) {
		return nil
	}
	return err
}

// failedUnits names the units that have failed.
func failedUnits(units []workflow.Unit) string {
	failed := workflow.CountUnits(units)[workflow.UnitFailed]
	return fmt.Sprintf("%d of %d units failed: %s.", failed, len(units), workflow.NameFailed(units))
}
