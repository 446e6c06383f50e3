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

// Taken is the answer to Take.
type Taken struct {
	// Run is nil when there is nothing to do now, or another worker was first.
	Run      *workflow.Run
	Workflow workflow.Workflow // zero when there is no such workflow
	// RetryAt is when a failed step may be tried again, if that is later than now.
	RetryAt *time.Time
}

// Take claims the work on a workflow that is due now: the pending step, a retry, or a run that a person began and no
// worker has. Of any number of workers one gets the run.
func (e *Engine) Take(ctx context.Context, who caller.Caller, id uuid.UUID) (_ Taken, err error) {
	ctx, end := e.begin(ctx, "Take")
	defer end(&err)
	flow, there, err := e.store.Workflow(ctx, who, id)
	if err != nil || !there {
		return Taken{}, err
	}
	nothing := Taken{Workflow: flow}
	step := flow.Step()
	if step == nil || !e.drives[step.Key] {
		return nothing, nil
	}
	if outside, err := e.OutsideSteps(ctx, who); err != nil || outside.Has(step.Key) {
		return nothing, err
	}
	switch flow.State {
	case step.Pending:
		return e.start(ctx, who, flow, workflow.Advance, 1)
	case step.Failed:
		runs, err := e.store.Runs(ctx, who, id, step.Key)
		if err != nil || len(runs) == 0 || runs[0].RetryAt == nil {
			return nothing, err
		}
		if at := *runs[0].RetryAt; at.After(e.now()) {
			return Taken{Workflow: flow, RetryAt: &at}, nil
		}
		return e.start(ctx, who, flow, workflow.Retry, runs[0].Attempt+1)
	case step.Processing:
		run, there, err := e.store.Run(ctx, who, id, flow.Version)
		if err != nil || !there || run.Worker != "" {
			return nothing, err
		}
		adopted, won, err := e.store.AdoptRun(ctx, who, run, e.now().Add(e.lease))
		if err != nil || !won {
			return nothing, err
		}
		return Taken{Run: &adopted, Workflow: flow}, nil
	}
	return nothing, nil
}

// start claims a run by the transition into the processing state.
func (e *Engine) start(
	ctx context.Context, who caller.Caller, flow workflow.Workflow, kind workflow.EdgeKind, attempt int,
) (Taken, error) {
	step, at := flow.Step(), e.now()
	move := e.moveTo(flow.ID, step.Processing, at)
	move.From, move.Kind, move.Version = flow.State, kind, &flow.Version
	move.Reason = fmt.Sprintf("attempt %d", attempt)
	move.Run = &postgres.NewRun{
		Step:           step.Key,
		Worker:         who.Actor,
		Attempt:        attempt,
		LeaseExpiresAt: at.Add(e.lease),
	}
	moved, err := e.makeIn(ctx, e.store, who, move)
	if errors.Is(err, errLost) {
		return Taken{Workflow: flow}, nil
	}
	if err != nil {
		return Taken{}, err
	}
	run := workflow.Run{
		OrganizationID: who.OrganizationID,
		WorkflowID:     flow.ID,
		Token:          moved.Workflow.Version,
		Step:           step.Key,
		Worker:         who.Actor,
		Attempt:        attempt,
		StartedAt:      at,
		LeaseExpiresAt: move.Run.LeaseExpiresAt,
	}
	return Taken{Run: &run, Workflow: moved.Workflow}, nil
}
