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

// unitPlan says how a step is done in units.
type unitPlan struct {
	// park plans the units of a visit that has none yet, and parks the run over them.
	park func(context.Context, visit) error
	// result is the result of the step when all its units have ended.
	result func(context.Context, visit, []workflow.Unit) (engine.Result, error)
	// empty is the sentence for a step of which every unit was skipped.
	empty string
}

// overUnits hands a step to its units, or ends it by the completion rule when all of them have ended.
func (r runner) overUnits(ctx context.Context, p unitPlan) error {
	v := visit{runner: r}
	err := v.book(ctx, func(ctx context.Context) (err error) {
		v.Number, err = r.options.Engine.VisitOf(ctx, r.who, r.run)
		return err
	})
	if err != nil {
		return r.fail(ctx, err)
	}
	for {
		// A person may open a unit again at the moment when the step ends.
		if err := v.overUnitsOnce(ctx, p); !errors.Is(err, engine.ErrUnitsOpen) || ctx.Err() != nil {
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
	end := workflow.EndOf(units)
	switch {
	case len(units) == 0:
		return v.parked(ctx, p.park(ctx, v))
	case end == workflow.UnitsOpen:
		return v.parked(ctx, v.book(ctx, func(ctx context.Context) error {
			return v.options.Engine.Park(ctx, v.who, engine.ParkInput{Run: v.run, Visit: v.Number})
		}))
	case end == workflow.UnitsFailed:
		failed := workflow.CountUnits(units)[workflow.UnitFailed]
		return v.fail(ctx, &unitsError{
			fmt.Sprintf("%d of %d failed: %s.", failed, len(units), workflow.NameFailed(units)),
		})
	case end == workflow.UnitsEmpty:
		return v.fail(ctx, &emptyError{p.empty})
	}
	result, err := p.result(ctx, v, units)
	if err != nil {
		return v.fail(ctx, err)
	}
	return v.finish(ctx, engine.FinishInput{Result: result})
}

// parked ends the attempt of a run that was handed to its units, or fails it.
func (v visit) parked(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	return v.fail(ctx, err)
}
