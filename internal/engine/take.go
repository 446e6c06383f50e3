package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// retryTolerance is how much earlier than planned a retry may begin, since the clocks of two servers differ.
const retryTolerance = time.Second

// Take claims what is to be done on a workflow now: the pending step, a retry that is due, or a run that a person began
// and nobody works on. The run is nil when there is nothing, or when somebody else was first. Of any number of workers
// one gets the run.
func (e *Engine) Take(
	ctx context.Context, who caller.Caller, id uuid.UUID,
) (_ *workflow.Run, _ workflow.Workflow, err error) {
	ctx, end := e.begin(ctx, "Take")
	defer end(&err)
	flow, there, err := e.store.Workflow(ctx, who, id)
	if err != nil || !there {
		return nil, flow, err
	}
	step := flow.Step()
	if step == nil || !e.drives[step.Key] {
		return nil, flow, nil
	}
	switch flow.State {
	case step.Pending:
		return e.start(ctx, who, flow, workflow.Advance, 1)
	case step.Failed:
		runs, err := e.store.Runs(ctx, who, id, step.Key)
		if err != nil || len(runs) == 0 {
			return nil, flow, err
		}
		if at := runs[0].RetryAt; at == nil || at.After(e.now().Add(retryTolerance)) {
			return nil, flow, nil
		}
		return e.start(ctx, who, flow, workflow.Retry, runs[0].Attempt+1)
	case step.Processing:
		run, there, err := e.store.Run(ctx, who, id, flow.Version)
		if err != nil || !there || run.Worker != "" {
			return nil, flow, err
		}
		adopted, won, err := e.store.AdoptRun(ctx, who, run, e.now().Add(e.lease))
		if err != nil || !won {
			return nil, flow, err
		}
		return &adopted, flow, nil
	}
	return nil, flow, nil
}

// start claims a run by the transition into the processing state.
func (e *Engine) start(
	ctx context.Context, who caller.Caller, flow workflow.Workflow, kind workflow.EdgeKind, attempt int,
) (*workflow.Run, workflow.Workflow, error) {
	step, at := flow.Step(), e.now()
	move := e.moveTo(flow.ID, step.Processing, at)
	move.From, move.Kind, move.Version = flow.State, kind, &flow.Version
	move.Reason = fmt.Sprintf("attempt %d", attempt)
	move.Run = &postgres.NewRun{
		Step: step.Key, Worker: who.Actor, Attempt: attempt, LeaseExpiresAt: at.Add(e.lease),
	}
	moved, err := e.makeIn(ctx, e.store, who, move)
	if errors.Is(err, errLost) {
		return nil, flow, nil
	}
	if err != nil {
		return nil, flow, err
	}
	return &workflow.Run{
		OrganizationID: who.OrganizationID, WorkflowID: flow.ID, Token: moved.Workflow.Version, Step: step.Key,
		Worker: who.Actor, Attempt: attempt, StartedAt: at, LeaseExpiresAt: move.Run.LeaseExpiresAt,
	}, moved.Workflow, nil
}
