package engine

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/workflow"
)

// Dispatch marks a call as sent, before the caller sends it. The error is *LostRunError when the run that reserved it
// is over, and CONFLICT when the call is no longer RESERVED. After an error the caller must not send it.
func (e *Engine) Dispatch(ctx context.Context, who caller.Caller, id uuid.UUID, provider string) (err error) {
	ctx, end := e.begin(ctx, "Dispatch")
	defer end(&err)
	_, won, err := e.store.DispatchCall(ctx, who, id, provider, e.now())
	if err != nil {
		return fmt.Errorf("dispatch call %s: %w", id, err)
	}
	if won {
		return nil
	}
	call, err := e.Call(ctx, who, id)
	if err != nil {
		return err
	}
	if call.State != cost.CallReserved {
		return fault.New(fault.Conflict, "The call is %s: it must not be sent.", inWords(call.State))
	}
	return e.lost(ctx, who, workflow.Run{WorkflowID: call.WorkflowID})
}
