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
	return e.makeOnce(ctx, who, r, e.retry(who, current, outside, r.at))
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
