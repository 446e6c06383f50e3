package graph

import (
	"github.com/google/uuid"

	"github.com/infin8content/engine/graph/model"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/publicid"
	"github.com/infin8content/engine/internal/workflow"
)

func decodeCreate(input model.CreateWorkflowInput) (in decoded[engine.CreateInput]) {
	linkedIn := input.Company.LinkedinURL.Value()
	if linkedIn != nil { // The engine takes "" for absent.
		in.note(workflow.CheckURL(nil, *linkedIn), []string{"company", "linkedinUrl"})
	}
	in.value = engine.CreateInput{
		Name:           input.Name,
		Company:        workflow.Company{Name: input.Company.Name, URL: input.Company.URL, LinkedInURL: orEmpty(linkedIn)},
		Limit:          in.amount(input.SpendLimit, "spendLimit"),
		IdempotencyKey: in.key(input.IdempotencyKey.Value()),
	}
	return in
}

func decodeGenerate(input model.GenerateIcpInput) (in decoded[engine.GenerateICPInput]) {
	in.blames(fault.NotFound, "workflowId")
	in.blames(fault.StaleState, "workflowId")
	in.blames(fault.TerminalState, "workflowId")
	in.value = engine.GenerateICPInput{
		WorkflowID:     in.id(input.WorkflowID, publicid.Workflow, "workflowId"),
		IdempotencyKey: in.key(input.IdempotencyKey.Value()),
	}
	return in
}

func decodeTransition(input model.TransitionWorkflowInput) (in decoded[engine.TransitionInput]) {
	in.blames(fault.NotFound, "workflowId")
	in.blames(fault.StaleState, "from")
	in.blames(fault.TerminalState, "from")
	in.blames(fault.IllegalTransition, "to")
	in.blames(fault.GateClosed, "to")
	in.value = engine.TransitionInput{
		WorkflowID:     in.id(input.WorkflowID, publicid.Workflow, "workflowId"),
		From:           input.From,
		To:             input.To,
		Version:        input.Version.Value(),
		Reason:         in.text(orEmpty(input.Reason.Value()), maxReasonCharacters, "reason"),
		IdempotencyKey: in.key(input.IdempotencyKey.Value()),
	}
	return in
}

func decodeCancel(input model.CancelWorkflowInput) (in decoded[engine.CancelInput]) {
	in.blames(fault.NotFound, "workflowId")
	in.blames(fault.StaleState, "workflowId")
	in.blames(fault.TerminalState, "workflowId")
	in.value = engine.CancelInput{
		WorkflowID:     in.id(input.WorkflowID, publicid.Workflow, "workflowId"),
		Reason:         in.text(orEmpty(input.Reason.Value()), maxReasonCharacters, "reason"),
		IdempotencyKey: in.key(input.IdempotencyKey.Value()),
	}
	return in
}

func decodeRenew(input model.RenewLeaseInput) (in decoded[engine.RenewLeaseInput]) {
	in.blames(fault.NotFound, "workflowId")
	in.blames(fault.LostRun, "token")
	in.value = engine.RenewLeaseInput{
		WorkflowID:     in.id(input.WorkflowID, publicid.Workflow, "workflowId"),
		Token:          input.Token,
		LeaseSeconds:   in.seconds(input.LeaseSeconds, "leaseSeconds"),
		IdempotencyKey: in.key(input.IdempotencyKey.Value()),
	}
	return in
}

// moved returns the workflow and the transition of a payload; nil without a change.
func moved(m engine.Moved) (*model.Workflow, *model.Transition) {
	if m.Workflow.ID == uuid.Nil {
		return nil, nil
	}
	flow := model.NewWorkflow(m.Workflow)
	if m.Transition.WorkflowID == uuid.Nil { // The replay of a request that made no transition.
		return flow, nil
	}
	return flow, &model.Transition{Transition: m.Transition, Workflow: flow}
}

// renewed returns the run of a payload; nil without one.
func renewed(r engine.Renewed) *workflow.Run {
	if r.Run.WorkflowID == uuid.Nil {
		return nil
	}
	return &r.Run
}

// theGraph is the state machine in the API. It is the same in every answer.
var theGraph = model.WorkflowGraph{
	Version: workflow.GraphVersion,
	Steps:   workflow.Steps(),
	States:  graphStates(),
	Edges:   workflow.Edges(),
	Mermaid: workflow.Mermaid(),
}

func graphStates() []model.GraphState {
	var states []model.GraphState
	for _, state := range workflow.States() {
		states = append(states, model.GraphState{Key: state})
	}
	return states
}

// createPayload returns the payload of a transition. Most mutations of workflows have payloads with the same fields.
func createPayload(m engine.Moved, problems []model.UserError) *model.CreateWorkflowPayload {
	flow, transition := moved(m)
	return &model.CreateWorkflowPayload{
		Workflow:   flow,
		Transition: transition,
		Replayed:   m.Replayed,
		UserErrors: problems,
	}
}

func generatePayload(m engine.Moved, problems []model.UserError) *model.GenerateIcpPayload {
	return (*model.GenerateIcpPayload)(createPayload(m, problems))
}

func transitionPayload(m engine.Moved, problems []model.UserError) *model.TransitionWorkflowPayload {
	return (*model.TransitionWorkflowPayload)(createPayload(m, problems))
}

func cancelPayload(m engine.Moved, problems []model.UserError) *model.CancelWorkflowPayload {
	return (*model.CancelWorkflowPayload)(createPayload(m, problems))
}

func renewPayload(l engine.Renewed, problems []model.UserError) *model.RenewLeasePayload {
	return &model.RenewLeasePayload{Run: renewed(l), Replayed: l.Replayed, UserErrors: problems}
}
