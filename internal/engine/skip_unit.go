package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// ChangedUnit is a unit after a change by a person.
type ChangedUnit struct {
	Workflow workflow.Workflow
	Unit     workflow.Unit
	Replayed bool
}

// SkipUnitInput leaves a unit out.
type SkipUnitInput struct {
	UnitID         uuid.UUID
	Reason         string // required
	IdempotencyKey string
}

// SkipUnit leaves a pending or failed unit out, with a reason. The step then ends without it, also one that has failed:
// when no failed unit is left, a worker ends it by the completion rule. CONFLICT for a unit in another state,
// *StaleStateError when its step is over.
func (e *Engine) SkipUnit(ctx context.Context, who caller.Caller, in SkipUnitInput) (_ ChangedUnit, err error) {
	ctx, end := e.begin(ctx, "SkipUnit")
	defer end(&err)
	if err := checkReason(in.Reason); err != nil {
		return ChangedUnit{}, err
	}
	if err := checkGiven(in.Reason); err != nil {
		return ChangedUnit{}, err
	}
	key := in.IdempotencyKey
	in.IdempotencyKey = ""
	return e.changeUnit(ctx, who, unitChange{
		id:        in.UnitID,
		operation: "skipUnit",
		key:       key,
		content:   in,
	}, func(tx *postgres.Store, l *lockedUnit) (workflow.Unit, error) {
		return e.skipIn(ctx, tx, who, l, in.Reason)
	})
}

// skipIn leaves a locked unit out. It sets l.flow to the workflow after a new run.
func (e *Engine) skipIn(
	ctx context.Context, tx *postgres.Store, who caller.Caller, l *lockedUnit, reason string,
) (workflow.Unit, error) {
	if !l.isInStep(l.step().Processing, l.step().Failed) {
		return l.unit, &StaleStateError{Current: l.flow}
	}
	next, err := l.unit.Skip(l.at)
	if err != nil {
		return l.unit, err
	}
	m := postgres.UnitMove{
		Before: l.unit,
		After:  next,
		Kind:   workflow.UnitSkip,
		Reason: reason,
	}
	if err := e.moveUnit(ctx, tx, who, m); err != nil {
		return l.unit, err
	}
	if err := e.endFailed(ctx, tx, who, l, reason); err != nil {
		return next, err
	}
	return next, e.afterUnit(ctx, tx, who, *l)
}

// endFailed begins a run of a failed step whose units have all ended. The run opens none of them: it ends the step by
// the completion rule. It sets l.flow to the workflow after the new run.
func (e *Engine) endFailed(
	ctx context.Context, tx *postgres.Store, who caller.Caller, l *lockedUnit, reason string,
) error {
	step := l.step()
	if !l.isInStep(step.Failed) || !e.drives[step.Key] {
		return nil
	}
	outside, err := tx.OutsideSteps(ctx, who)
	if err != nil || outside.Has(step.Key) {
		return err
	}
	units, err := tx.Units(ctx, who, map[uuid.UUID]int{l.flow.ID: l.unit.Visit})
	if err != nil {
		return fmt.Errorf("read the units of workflow %s: %w", l.flow.ID, err)
	}
	if end := workflow.EndOf(units[l.flow.ID]); end == workflow.UnitsOpen || end == workflow.UnitsFailed {
		return nil
	}
	move := e.retry(who, l.flow, outside, l.at)
	move.Reason = cutReason(fmt.Sprintf("%q left out: %s", l.unit.Label, reason))
	moved, err := e.makeIn(ctx, tx, who, move)
	if err == nil {
		l.flow = moved.Workflow
	}
	return err
}

// cutReason returns the part of a reason that the journal takes.
func cutReason(reason string) string {
	runes := []rune(reason)
	return string(runes[:min(len(runes), maxReason)])
}

// checkGiven returns an error for a reason that says nothing.
func checkGiven(reason string) error {
	if saysNothing(reason) {
		return fault.Invalid([]string{"reason"}, "Give a reason.")
	}
	return nil
}

// step returns the step of the unit.
func (l lockedUnit) step() workflow.Step {
	step, _ := workflow.StepOf(l.unit.Step)
	return step
}

// isInStep reports whether the workflow is in one of the states.
func (l lockedUnit) isInStep(states ...workflow.State) bool {
	for _, state := range states {
		if l.flow.State == state {
			return true
		}
	}
	return false
}

// unitChange is a change of a unit by a person, as idempotency sees it.
type unitChange struct {
	id             uuid.UUID
	operation, key string
	content        any
}

// changeUnit changes a unit of the current visit under an idempotency key. change sets the workflow of the unit when it
// moves that too.
func (e *Engine) changeUnit(
	ctx context.Context, who caller.Caller, c unitChange, change func(*postgres.Store, *lockedUnit) (workflow.Unit, error),
) (ChangedUnit, error) {
	unit, err := e.Unit(ctx, who, c.id)
	if err != nil {
		return ChangedUnit{}, err
	}
	changed := ChangedUnit{Unit: unit}
	replay, err := e.once(ctx, who, request{
		key:       c.key,
		operation: c.operation,
		content:   c.content,
		flow:      unit.WorkflowID,
		at:        e.now(),
	}, func(tx *postgres.Store) error {
		l, err := e.lockUnit(ctx, tx, who, c.id)
		if err != nil {
			return err
		}
		if err := checkCurrent(ctx, tx, who, l); err != nil {
			return err
		}
		changed.Unit, err = change(tx, &l)
		changed.Workflow = l.flow
		return err
	})
	var illegal *workflow.IllegalUnitMoveError
	switch {
	case errors.As(err, &illegal):
		return ChangedUnit{}, fault.New(fault.Conflict, "%s", illegal)
	case err != nil:
		return ChangedUnit{}, e.explainLost(ctx, who, unit.WorkflowID, err)
	case replay == nil:
		return changed, nil
	}
	changed.Replayed = true
	if changed.Workflow, err = e.Workflow(ctx, who, unit.WorkflowID); err != nil {
		return ChangedUnit{}, err
	}
	changed.Unit, err = e.Unit(ctx, who, c.id)
	return changed, err
}

// checkCurrent returns *StaleStateError for a unit whose visit a RESET has superseded, and *TerminalError when the
// workflow is over.
func checkCurrent(ctx context.Context, tx *postgres.Store, who caller.Caller, l lockedUnit) error {
	if l.flow.IsTerminal() {
		return &TerminalError{Current: l.flow}
	}
	visits, err := tx.CurrentVisits(ctx, who, []uuid.UUID{l.flow.ID}, l.unit.Step)
	if err != nil {
		return err
	}
	if visits[l.flow.ID] != l.unit.Visit {
		return &StaleStateError{Current: l.flow}
	}
	return nil
}
