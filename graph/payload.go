package graph

import (
	"github.com/google/uuid"

	"github.com/infin8content/engine/graph/model"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/workflow"
)

// moved is what a payload says of a transition; nothing when there was none.
func moved(m engine.Moved) (*model.Workflow, *model.Transition) {
	if m.Workflow.ID == uuid.Nil {
		return nil, nil
	}
	flow := model.NewWorkflow(m.Workflow)
	if m.Transition.WorkflowID == uuid.Nil { // a replay of a request that made none
		return flow, nil
	}
	return flow, &model.Transition{Transition: m.Transition, Workflow: flow}
}

// charged is what a payload says of a call; nothing when there was none.
func charged(c engine.Charged) (*model.Call, *model.Workflow) {
	if c.Call.ID == uuid.Nil {
		return nil, nil
	}
	flow := model.NewWorkflow(c.Workflow)
	return &model.Call{Call: c.Call, Workflow: flow}, flow
}

// limited is what a payload says of a limit that was set; nothing when none was.
func limited(l engine.Limited) (*model.Workflow, *model.Organization, *model.LedgerEntry) {
	if l.Account.ID == uuid.Nil {
		return nil, nil, nil
	}
	var flow *model.Workflow
	if l.Workflow != nil {
		flow = model.NewWorkflow(*l.Workflow)
	}
	var organization *model.Organization
	if l.Organization != nil {
		organization = &model.Organization{Organization: *l.Organization}
	}
	return flow, organization, &model.LedgerEntry{Entry: l.Entry}
}

// zoned is what a payload says of an organization whose time zone was set; nothing when it was not.
func zoned(z engine.Zoned) *model.Organization {
	if z.Organization.ID == uuid.Nil {
		return nil
	}
	return &model.Organization{Organization: z.Organization}
}

// adjusted is what a payload says of a correction; nothing when there was none.
func adjusted(a engine.Adjusted) *model.LedgerEntry {
	if a.Entry.AccountID == uuid.Nil {
		return nil
	}
	return &model.LedgerEntry{Entry: a.Entry}
}

// renewed is what a payload says of a run; nothing when there is none.
func renewed(r engine.Renewed) *workflow.Run {
	if r.Run.WorkflowID == uuid.Nil {
		return nil
	}
	return &r.Run
}

// theGraph is the state machine as the API shows it. It is the same in every answer.
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
