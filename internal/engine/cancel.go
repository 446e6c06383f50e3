package engine

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/workflow"
)

// cancelTries is how often Cancel reads again when the workflow moves under its hands.
const cancelTries = 20

// CancelInput asks for the end.
type CancelInput struct {
	WorkflowID     uuid.UUID
	Reason         string
	IdempotencyKey string
}

// Cancel ends the workflow wherever it stands. It wins over a running step: the run's worker finds that it has lost,
// and only its cost is booked.
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
		if current.IsTerminal() { // Loses, so that a replay is found first and the answer is the same for all others.
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
