package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// ReopenUnitInput asks for another attempt at a unit.
type ReopenUnitInput struct {
	UnitID         uuid.UUID
	Reason         string
	IdempotencyKey string
}

// ReopenUnit makes a unit that has ended wait for another attempt. Of a step that has failed it begins a new run for
// this unit alone; a step that has finished stays finished. CONFLICT for a unit that is open, *StaleStateError when the
// workflow has left the step.
func (e *Engine) ReopenUnit(ctx context.Context, who caller.Caller, in ReopenUnitInput) (_ ChangedUnit, err error) {
	ctx, end := e.begin(ctx, "ReopenUnit")
	defer end(&err)
	if err := checkReason(in.Reason); err != nil {
		return ChangedUnit{}, err
	}
	key := in.IdempotencyKey
	in.IdempotencyKey = ""
	return e.changeUnit(ctx, who, unitChange{
		id:        in.UnitID,
		operation: "reopenUnit",
		key:       key,
		content:   in,
	}, func(tx *postgres.Store, l *lockedUnit) (workflow.Unit, error) {
		return e.reopenIn(ctx, tx, who, l, in.Reason)
	})
}

// reopenIn opens a locked unit again. It sets l.flow to the workflow after a new run.
func (e *Engine) reopenIn(
	ctx context.Context, tx *postgres.Store, who caller.Caller, l *lockedUnit, reason string,
) (workflow.Unit, error) {
	step := l.step()
	switch {
	case !l.isInStep(step.Processing, step.Failed, step.Completed):
		return l.unit, &StaleStateError{Current: l.flow}
	case l.unit.State.IsOpen():
		return l.unit, &workflow.IllegalUnitMoveError{From: l.unit.State, Kind: workflow.UnitReopen}
	case l.isInStep(step.Failed):
		if err := e.runFor(ctx, tx, who, l); err != nil {
			return l.unit, err
		}
	}
	next, err := l.unit.Reopen(l.flow.Version, l.at)
	if err != nil {
		return l.unit, err
	}
	m := postgres.UnitMove{
		Before: l.unit,
		After:  next,
		Kind:   workflow.UnitReopen,
		Reason: reason,
	}
	if err := e.moveUnit(ctx, tx, who, m); err != nil {
		return l.unit, err
	}
	return next, e.fillPlaces(ctx, tx, who, l.at)
}

// runFor begins a parked run of a failed step, for a unit that is opened again.
func (e *Engine) runFor(ctx context.Context, tx *postgres.Store, who caller.Caller, l *lockedUnit) error {
	step := l.step()
	move := change{Move: postgres.Move{
		WorkflowID: l.flow.ID,
		From:       step.Failed,
		To:         step.Processing,
		Kind:       workflow.Retry,
		Version:    &l.flow.Version,
		Reason:     fmt.Sprintf("unit %d again", l.unit.Position),
		At:         l.at,
		Run:        &postgres.NewRun{Step: step.Key, Attempt: 1, LeaseExpiresAt: l.at.Add(time.Minute)},
	}}
	moved, err := e.makeIn(ctx, tx, who, move)
	if err != nil {
		return err
	}
	l.flow = moved.Workflow
	run := workflow.Run{WorkflowID: l.flow.ID, Token: l.flow.Version}
	_, won, err := tx.ParkRun(ctx, who, run)
	return lostUnless(won, err)
}
