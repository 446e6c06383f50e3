package engine

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// RetryStepInput names a workflow whose step has failed.
type RetryStepInput struct {
	WorkflowID     uuid.UUID
	IdempotencyKey string
}

// RetryStep begins a new run of a failed step at once. A worker of the engine takes it up. A run of a step in
// OutsideSteps waits for ClaimWork. A run of any other step belongs to the caller, with the new version as its token.
// *StaleStateError or *TerminalError when no step has failed.
func (e *Engine) RetryStep(ctx context.Context, who caller.Caller, in RetryStepInput) (_ Moved, err error) {
	ctx, end := e.begin(ctx, "RetryStep")
	defer end(&err)
	current, err := e.Workflow(ctx, who, in.WorkflowID)
	if err != nil {
		return Moved{}, err
	}
	r := request{
		key:       in.IdempotencyKey,
		operation: "retryStep",
		content:   in.WorkflowID,
		flow:      in.WorkflowID,
		at:        e.now(),
	}
	if current.Status() != workflow.StatusFailed {
		return e.startElsewhere(ctx, who, r, current, errLost)
	}
	outside, err := e.OutsideSteps(ctx, who)
	if err != nil {
		return Moved{}, err
	}
	if step := current.Step(); step.Key.HasUnits() && e.drives[step.Key] && !outside.Has(step.Key) {
		return e.retryUnits(ctx, who, r, current, func(u workflow.Unit) bool { return u.State == workflow.UnitFailed })
	}
	return e.makeOnce(ctx, who, r, e.retry(who, current, outside, r.at))
}

// retryUnits begins a new run of a failed step and opens units of it again: those that choose accepts, and those that
// had not ended. The run is parked at once. Without such a unit a worker takes the run up and ends it.
func (e *Engine) retryUnits(
	ctx context.Context, who caller.Caller, r request, current workflow.Workflow, choose func(workflow.Unit) bool,
) (Moved, error) {
	step := *current.Step()
	var m Moved
	replay, err := e.once(ctx, who, r, func(tx *postgres.Store) (err error) {
		if err := tx.LockUnits(ctx, who); err != nil {
			return err
		}
		move := e.retry(who, current, OutsideSteps{}, r.at)
		if m, err = e.makeIn(ctx, tx, who, move); err != nil {
			return err
		}
		if err := e.reopenForRun(ctx, tx, who, step, reopening{
			flow:   m.Workflow,
			reason: "retried",
			at:     r.at,
			choose: func(u workflow.Unit) bool { return u.State.IsOpen() || choose(u) },
		}); err != nil || r.key == "" {
			return err
		}
		return tx.CompleteIdempotencyRecord(ctx, who, r.key, postgres.Made{Version: &m.Transition.Version})
	})
	if err != nil || replay == nil {
		return m, e.explainLost(ctx, who, current.ID, err)
	}
	return e.replayMoved(ctx, who, *replay)
}

// reopenForRun opens units again for a run that has just begun, and parks it when there are any.
func (e *Engine) reopenForRun(
	ctx context.Context, tx *postgres.Store, who caller.Caller, step workflow.Step, r reopening,
) error {
	visit, there, err := tx.OpenVisit(ctx, who, r.flow.ID, step)
	if err != nil || !there {
		return err
	}
	r.visit = visit
	opened, err := e.reopenUnits(ctx, tx, who, r)
	if err != nil || opened == 0 {
		return err
	}
	run := workflow.Run{WorkflowID: r.flow.ID, Token: r.flow.Version}
	if _, won, err := tx.ParkRun(ctx, who, run); err != nil || !won {
		return lostUnless(won, err)
	}
	return e.fillPlaces(ctx, tx, who, r.at)
}

// retry is the transition that begins a new run of a failed step.
func (e *Engine) retry(who caller.Caller, current workflow.Workflow, outside OutsideSteps, at time.Time) change {
	step := current.Step()
	move := e.moveTo(current.ID, step.Processing, at)
	move.From, move.Kind, move.Version = current.State, workflow.Retry, &current.Version
	move.Run = &postgres.NewRun{Step: step.Key, Attempt: 1, LeaseExpiresAt: at.Add(e.lease)}
	switch {
	case outside.Has(step.Key): // ClaimWork hands the run out.
	case e.drives[step.Key]:
		move.driveAt = &at
	default:
		move.Run.Worker = who.Actor
	}
	return move
}
