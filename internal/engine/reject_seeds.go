package engine

import (
	"context"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/workflow"
)

// RejectSeedsInput sends the work back.
type RejectSeedsInput struct {
	WorkflowID      uuid.UUID
	ExpectedVersion *int
	ResetTo         workflow.StepKey
	Feedback        string
	IdempotencyKey  string
}

// RejectSeeds sends the workflow back to ICP or COMPETITOR. The feedback reaches the next visit of that step as data.
func (e *Engine) RejectSeeds(ctx context.Context, who caller.Caller, in RejectSeedsInput) (_ Moved, err error) {
	ctx, end := e.begin(ctx, "RejectSeeds")
	defer end(&err)
	if in.ResetTo != workflow.StepICP && in.ResetTo != workflow.StepCompetitor {
		return Moved{}, fault.Invalid([]string{"resetTo"}, "A seed review goes back to ICP or COMPETITOR.")
	}
	if err := checkFeedback(in.Feedback); err != nil {
		return Moved{}, err
	}
	key := in.IdempotencyKey
	in.IdempotencyKey = ""
	return e.decideGate(ctx, who, gateRequest{
		gate:      workflow.GateSeeds,
		flow:      in.WorkflowID,
		key:       key,
		operation: "rejectSeeds",
		content:   in,
	}, e.openSeeds(who, in.WorkflowID), func(r gateSubject) (change, GateDecision, error) {
		if in.ExpectedVersion != nil && *in.ExpectedVersion != r.flow.Version {
			return change{}, GateDecision{}, &StaleStateError{Current: r.flow}
		}
		step, _ := workflow.StepOf(in.ResetTo)
		move := e.moveTo(r.flow.ID, step.Pending, r.at)
		move.Kind, move.Reason = workflow.Reset, in.Feedback
		return move, GateDecision{
			Verdict:  workflow.GateRejected,
			ResetTo:  &in.ResetTo,
			Feedback: in.Feedback,
		}, nil
	})
}

func checkFeedback(feedback string) error {
	if err := checkReason(feedback); err != nil {
		return fault.Invalid([]string{"feedback"}, "A feedback has at most 2000 characters and none of them is NUL.")
	}
	return nil
}
