package engine

import (
	"context"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/workflow"
)

// RejectGateInput sends the work back from a gate. The feedback reaches the next visit of that step as data.
type RejectGateInput struct {
	WorkflowID      uuid.UUID
	ExpectedVersion *int // any when nil
	ResetTo         workflow.StepKey
	Feedback        string
	IdempotencyKey  string
}

// RejectSeeds sends the workflow from the seed review back to ICP or COMPETITOR.
func (e *Engine) RejectSeeds(ctx context.Context, who caller.Caller, in RejectGateInput) (_ Moved, err error) {
	ctx, end := e.begin(ctx, "RejectSeeds")
	defer end(&err)
	return e.rejectGate(ctx, who, in, rejection{
		gate:      workflow.GateSeeds,
		operation: "rejectSeeds",
		targets:   "A seed review goes back to ICP or COMPETITOR.",
		open:      e.openSeeds(who, in.WorkflowID),
	})
}

// RejectArticlePlan sends the workflow from the plan back to an earlier step.
func (e *Engine) RejectArticlePlan(ctx context.Context, who caller.Caller, in RejectGateInput) (_ Moved, err error) {
	ctx, end := e.begin(ctx, "RejectArticlePlan")
	defer end(&err)
	return e.rejectGate(ctx, who, in, rejection{
		gate:      workflow.GatePlan,
		operation: "rejectArticlePlan",
		targets:   "A plan goes back to ICP, COMPETITOR, SEED_REVIEW, CLUSTERING or VALIDATION.",
		open:      e.openPlan(who, in.WorkflowID),
	})
}

// RejectPublishing sends the workflow from the gate PUBLISH back to an earlier step.
func (e *Engine) RejectPublishing(ctx context.Context, who caller.Caller, in RejectGateInput) (_ Moved, err error) {
	ctx, end := e.begin(ctx, "RejectPublishing")
	defer end(&err)
	return e.rejectGate(ctx, who, in, rejection{
		gate:      workflow.GatePublish,
		operation: "rejectPublishing",
		targets:   "Articles go back to a step from ICP to ARTICLE.",
		open:      e.openPublishing(who, in.WorkflowID),
	})
}

// rejection is what the gates differ in.
type rejection struct {
	gate      workflow.Gate
	operation string
	targets   string // the sentence that names the steps to which the gate sends back
	open      openGate
}

func (e *Engine) rejectGate(ctx context.Context, who caller.Caller, in RejectGateInput, r rejection) (Moved, error) {
	from, _ := r.gate.Edge()
	step, known := workflow.StepOf(in.ResetTo)
	if kind, err := workflow.CheckEdge(from, step.Pending); !known || err != nil || kind != workflow.Reset {
		return Moved{}, fault.Invalid([]string{"resetTo"}, "%s", r.targets)
	}
	if err := checkFeedback(in.Feedback); err != nil {
		return Moved{}, err
	}
	key := in.IdempotencyKey
	in.IdempotencyKey = ""
	return e.decideGate(ctx, who, gateRequest{
		gate:      r.gate,
		flow:      in.WorkflowID,
		key:       key,
		operation: r.operation,
		content:   in,
	}, r.open, func(s gateSubject) (change, GateDecision, error) {
		if in.ExpectedVersion != nil && *in.ExpectedVersion != s.flow.Version {
			return change{}, GateDecision{}, &StaleStateError{Current: s.flow}
		}
		move := e.moveTo(s.flow.ID, step.Pending, s.at)
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
