package engine

import (
	"context"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/workflow"
)

// Watch returns *LostRunError when the workflow has left the run.
func (e *Engine) Watch(ctx context.Context, who caller.Caller, run workflow.Run) error {
	flow, err := e.Workflow(ctx, who, run.WorkflowID)
	if err != nil {
		return err
	}
	if flow.Version != run.Token {
		return &LostRunError{Current: flow}
	}
	return nil
}

func (e *Engine) lost(ctx context.Context, who caller.Caller, run workflow.Run) error {
	current, err := e.Workflow(ctx, who, run.WorkflowID)
	if err != nil {
		return err
	}
	return &LostRunError{Current: current}
}
