package engine

import (
	"context"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/workflow"
)

// GenerateICPInput starts the first step.
type GenerateICPInput struct {
	WorkflowID     uuid.UUID
	IdempotencyKey string
}

// GenerateICP starts the first step and returns at once. From CREATED it inserts a job; from ICP_FAILED it begins a run
// that the next free worker adopts. In any other state the error is *StaleStateError or *TerminalError.
func (e *Engine) GenerateICP(ctx context.Context, who caller.Caller, in GenerateICPInput) (_ Moved, err error) {
	ctx, end := e.begin(ctx, "GenerateICP")
	defer end(&err)
	r := request{
		key:       in.IdempotencyKey,
		operation: "generateIcp",
		content:   in.WorkflowID,
		flow:      in.WorkflowID,
	}
	current, err := e.Workflow(ctx, who, in.WorkflowID)
	if err != nil {
		return Moved{}, err
	}
	r.at = e.now()
	if current.State == workflow.ICPFailed {
		outside, err := e.OutsideSteps(ctx, who)
		if err != nil {
			return Moved{}, err
		}
		return e.makeOnce(ctx, who, r, e.retry(who, current, outside, r.at))
	}
	// From every state but CREATED the compare-and-set loses, and a replay is found.
	first := 0
	move := e.moveTo(current.ID, workflow.ICPPending, r.at)
	move.From, move.Kind, move.Version = workflow.Created, workflow.Advance, &first
	return e.makeOnce(ctx, who, r, move)
}
