package engine

import (
	"context"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// StartStepInput names the step to start. Step is the next one when empty.
type StartStepInput struct {
	WorkflowID     uuid.UUID
	Step           workflow.StepKey
	IdempotencyKey string
}

// StartStep enters the pending state of the next step and returns at once. The workflow must be CREATED or have
// finished the step before. *StaleStateError or *TerminalError in every other state; GATE_CLOSED when only a decision
// opens the edge.
func (e *Engine) StartStep(ctx context.Context, who caller.Caller, in StartStepInput) (_ Moved, err error) {
	ctx, end := e.begin(ctx, "StartStep")
	defer end(&err)
	key := in.IdempotencyKey
	in.IdempotencyKey = ""
	current, err := e.Workflow(ctx, who, in.WorkflowID)
	if err != nil {
		return Moved{}, err
	}
	at := e.now()
	r := request{
		key:       key,
		operation: "startStep",
		content:   in,
		flow:      current.ID,
		at:        at,
	}
	next, there := nextStep(current.State)
	if !there || in.Step != "" && in.Step != next.Key {
		return e.startElsewhere(ctx, who, r, current, errLost)
	}
	if gate, gated := workflow.GateOf(current.State, next.Pending); gated {
		settings, err := e.GateSettings(ctx, who)
		if err != nil {
			return Moved{}, err
		}
		if settings.Mode(gate) != workflow.GateOff {
			return e.startElsewhere(ctx, who, r, current, gateClosed(gate))
		}
	}
	move := e.moveTo(current.ID, next.Pending, at)
	move.From, move.Kind, move.Version = current.State, workflow.Advance, &current.Version
	return e.makeOnce(ctx, who, r, move)
}

// startElsewhere answers a request that cannot start its step: with its replay when it started one before, and
// otherwise with the refusal.
func (e *Engine) startElsewhere(
	ctx context.Context, who caller.Caller, r request, current workflow.Workflow, refusal error,
) (Moved, error) {
	replay, err := e.once(ctx, who, r, func(*postgres.Store) error { return refusal })
	if err != nil || replay == nil {
		return Moved{}, e.explainLost(ctx, who, current.ID, err)
	}
	return e.replayMoved(ctx, who, *replay)
}

// nextStep returns the step that follows a resting state.
func nextStep(state workflow.State) (workflow.Step, bool) {
	for _, step := range workflow.Steps() {
		for _, edge := range state.NextStates() {
			if edge == step.Pending && (state == workflow.Created || state.Step() != nil &&
				state == state.Step().Completed && state.Step().Number+1 == step.Number) {
				return step, true
			}
		}
	}
	return workflow.Step{}, false
}

func gateClosed(gate workflow.Gate) error {
	return fault.New(fault.GateClosed, "The gate %q is closed: a decision opens it.", gate)
}
