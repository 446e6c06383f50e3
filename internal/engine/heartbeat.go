package engine

import (
	"context"
	"fmt"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/workflow"
)

// Heartbeat renews the run's lease. The error is *LostRunError when the worker has lost the run.
func (e *Engine) Heartbeat(ctx context.Context, who caller.Caller, run workflow.Run) (err error) {
	ctx, end := e.begin(ctx, "Heartbeat")
	defer end(&err)
	_, won, err := e.store.RenewRun(ctx, who, run, e.now().Add(e.lease))
	if err != nil {
		return fmt.Errorf("renew the lease of run %d of workflow %s: %w", run.Token, run.WorkflowID, err)
	}
	if !won {
		return e.lost(ctx, who, run)
	}
	return nil
}
