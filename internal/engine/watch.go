package engine

import (
	"context"
	"fmt"

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

// lost returns the error of a run that is over, with the run that holds the workflow now.
func (e *Engine) lost(ctx context.Context, who caller.Caller, run workflow.Run) error {
	current, err := e.Workflow(ctx, who, run.WorkflowID)
	if err != nil {
		return err
	}
	lost := &LostRunError{Current: current}
	if current.Status() != workflow.StatusProcessing {
		return lost
	}
	holds, there, err := e.store.Run(ctx, who, current.ID, current.Version)
	if err != nil {
		return fmt.Errorf("read the run that holds workflow %s: %w", current.ID, err)
	}
	if there && holds.EndedAt == nil {
		lost.Run, lost.IsYours = &holds, holds.Worker == who.Actor
	}
	return lost
}
