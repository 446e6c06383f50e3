package engine

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/workflow"
)

// cancelTries limits how often Cancel reads again because the workflow has moved.
const cancelTries = 20

// CancelInput ends a workflow.
type CancelInput struct {
	WorkflowID     uuid.UUID
	Reason         string
	IdempotencyKey string
}

// Cancel ends the workflow in any state. It wins over a running step: the worker gets *LostRunError, and only the cost
// of its calls is booked.
func (e *Engine) Cancel(ctx context.Context, who caller.Caller, in CancelInput) (_ Moved, err error) {
	ctx, end := e.begin(ctx, "Cancel")
	defer end(&err)
	if err := checkReason(in.Reason); err != nil {
		return Moved{}, err
	}
	key := in.IdempotencyKey
	in.IdempotencyKey = ""
	for range cancelTries {
		current, err := e.Workflow(ctx, who, in.WorkflowID)
		if err != nil {
			return Moved{}, err
		}
		if current.IsTerminal() { // The compare-and-set loses, so a replay is found first.
			current.State = workflow.Created
		}
		at := e.now()
		move := e.moveTo(current.ID, workflow.Cancelled, at)
		move.From, move.Kind, move.Version, move.Reason = current.State, workflow.Cancel, &current.Version, in.Reason
		moved, err := e.makeOnce(ctx, who, request{
			key:       key,
			operation: "cancelWorkflow",
			content:   in,
			flow:      current.ID,
			at:        at,
		}, move)
		var stale *StaleStateError
		if !errors.As(err, &stale) {
			return moved, err
		}
	}
	return Moved{}, e.explainLost(ctx, who, in.WorkflowID, errLost)
}
