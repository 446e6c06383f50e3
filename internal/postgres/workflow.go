package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
	"github.com/infin8content/engine/internal/workflow"
)

// NewWorkflow is what a workflow begins with.
type NewWorkflow struct {
	ID      uuid.UUID
	Name    string
	Company workflow.Company
	Limit   cost.Limit
	At      time.Time
}

// CreateWorkflow writes a workflow, its first journal row and its account. created is false when the organization has a
// workflow of that name already; nothing is written then.
func (s *Store) CreateWorkflow(
	ctx context.Context, who caller.Caller, in NewWorkflow,
) (flow workflow.Workflow, created bool, err error) {
	row, err := s.of(who.OrganizationID).WorkflowCreate(ctx, dbsqlc.WorkflowCreateParams{
		OrganizationID: who.OrganizationID, ID: in.ID, Name: in.Name, CompanyName: in.Company.Name,
		CompanyUrl: in.Company.URL, LinkedinUrl: in.Company.LinkedInURL, GraphVersion: workflow.GraphVersion,
		State: workflow.Created, Kind: workflow.Create, Actor: who.Actor, At: in.At,
		AccountKind: cost.AccountWorkflow, LimitPico: cost.Pico(in.Limit), EntryKind: cost.EntryOpen,
	})
	if flow, created, err = one(dbsqlc.IntentWorkflow(row), err, toWorkflow); created {
		s.noteMove(flow, ToldMove{To: flow.State})
	}
	return flow, created, err
}

// Workflow returns one workflow of the caller's organization.
func (s *Store) Workflow(
	ctx context.Context, who caller.Caller, id uuid.UUID,
) (flow workflow.Workflow, found bool, err error) {
	row, err := s.of(who.OrganizationID).WorkflowGet(ctx, dbsqlc.WorkflowGetParams{
		OrganizationID: who.OrganizationID, ID: id,
	})
	return one(row, err, toWorkflow)
}

// WorkflowNamed returns the workflow that has a name.
func (s *Store) WorkflowNamed(
	ctx context.Context, who caller.Caller, name string,
) (flow workflow.Workflow, found bool, err error) {
	row, err := s.of(who.OrganizationID).WorkflowGetByName(ctx, dbsqlc.WorkflowGetByNameParams{
		OrganizationID: who.OrganizationID, Name: name,
	})
	return one(row, err, toWorkflow)
}

// Move is one transition to be made. Version is nil when the state alone decides.
type Move struct {
	WorkflowID uuid.UUID
	From, To   workflow.State
	Kind       workflow.EdgeKind
	Version    *int
	Reason     string
	At         time.Time
	WakeAt     *time.Time
	// Failure, FailureMessage and RetryAt say how the run of From ended.
	Failure        workflow.FailureCode
	FailureMessage string
	RetryAt        *time.Time
	// Run begins in To; nil when To is no processing state.
	Run *NewRun
}

// NewRun is a run to be begun.
type NewRun struct {
	Step           workflow.StepKey
	Worker         string
	Attempt        int
	LeaseExpiresAt time.Time
}

// Transition is the compare-and-set. won is false when the workflow does not stand on From (and Version) any more;
// nothing is written then.
func (s *Store) Transition(
	ctx context.Context, who caller.Caller, m Move,
) (flow workflow.Workflow, made workflow.Transition, won bool, err error) {
	in := dbsqlc.WorkflowTransitionParams{
		OrganizationID: who.OrganizationID, ID: m.WorkflowID, FromState: m.From, ToState: m.To, Kind: m.Kind,
		Version: m.Version, Actor: who.Actor, Reason: m.Reason, At: m.At, WakeAt: m.WakeAt,
		FailureCode: pointer(m.Failure), FailureMessage: m.FailureMessage, RetryAt: m.RetryAt,
	}
	if m.Run != nil {
		in.RunStep, in.Worker, in.Attempt = &m.Run.Step, m.Run.Worker, m.Run.Attempt
		in.LeaseExpiresAt = m.Run.LeaseExpiresAt
	}
	row, err := s.of(who.OrganizationID).WorkflowTransition(ctx, in)
	if flow, won, err = one(dbsqlc.IntentWorkflow(row), err, toWorkflow); err != nil || !won {
		return flow, made, won, err
	}
	s.noteMove(flow, ToldMove{From: m.From, To: m.To, Failure: m.Failure})
	return flow, workflow.Transition{
		OrganizationID: flow.OrganizationID, WorkflowID: flow.ID, Version: flow.Version,
		GraphVersion: flow.GraphVersion, Kind: m.Kind, From: m.From, To: m.To, Actor: who.Actor, Reason: m.Reason,
		At: flow.UpdatedAt, PreviousHash: row.PreviousHash, Hash: row.Hash,
	}, true, nil
}

// WakeWorkflows takes at most limit workflows whose time to be woken has come, of all organizations, and puts that off
// to next. It returns where they stand.
func (s *Store) WakeWorkflows(ctx context.Context, at, next time.Time, limit int32) ([]WorkflowPosition, error) {
	rows, err := s.ofAll().WorkflowWake(ctx, dbsqlc.WorkflowWakeParams{At: &at, NextWakeAt: &next, PageSize: limit})
	return many(rows, err, func(r dbsqlc.WorkflowWakeRow) WorkflowPosition {
		return toPosition(dbsqlc.WorkflowListMovedRow(r))
	})
}

// TransitionAt returns one row of a workflow's journal.
func (s *Store) TransitionAt(
	ctx context.Context, who caller.Caller, flow uuid.UUID, version int,
) (made workflow.Transition, found bool, err error) {
	row, err := s.of(who.OrganizationID).TransitionGet(ctx, dbsqlc.TransitionGetParams{
		OrganizationID: who.OrganizationID, WorkflowID: flow, Version: version,
	})
	return one(row, err, toTransition)
}

// Transitions returns of each workflow the first journal rows after a version.
func (s *Store) Transitions(
	ctx context.Context, who caller.Caller, flows []uuid.UUID, after int, first int32,
) (map[uuid.UUID][]workflow.Transition, error) {
	rows, err := s.of(who.OrganizationID).TransitionListByWorkflows(ctx, dbsqlc.TransitionListByWorkflowsParams{
		OrganizationID: who.OrganizationID, WorkflowIds: flows, AfterVersion: after, PageSize: first,
	})
	values, err := many(rows, err, toTransition)
	return group(values, err, func(t workflow.Transition) uuid.UUID { return t.WorkflowID })
}

// LastTransitions returns the last journal row of each workflow.
func (s *Store) LastTransitions(
	ctx context.Context, who caller.Caller, flows []uuid.UUID,
) (map[uuid.UUID][]workflow.Transition, error) {
	rows, err := s.of(who.OrganizationID).TransitionListLast(ctx, dbsqlc.TransitionListLastParams{
		OrganizationID: who.OrganizationID, WorkflowIds: flows,
	})
	values, err := many(rows, err, toTransition)
	return group(values, err, func(t workflow.Transition) uuid.UUID { return t.WorkflowID })
}

// LegalTransitions returns the edges that the database knows of one version of the graph.
func (s *Store) LegalTransitions(ctx context.Context, graphVersion int) ([]workflow.LegalTransition, error) {
	rows, err := s.ofNobody().LegalTransitionList(ctx, graphVersion)
	return many(rows, err, func(r dbsqlc.LegalTransition) workflow.LegalTransition {
		return workflow.LegalTransition{From: r.FromState, To: r.ToState, Kind: r.Kind}
	})
}

// LiveGraphs returns the graph versions and states that workflows stand on which are not over.
func (s *Store) LiveGraphs(ctx context.Context) ([]workflow.LiveGraph, error) {
	rows, err := s.ofAll().WorkflowListLive(ctx, terminal())
	return many(rows, err, func(r dbsqlc.WorkflowListLiveRow) workflow.LiveGraph {
		return workflow.LiveGraph{GraphVersion: r.GraphVersion, State: r.State}
	})
}

// terminal returns the states that nothing leaves, as parameters.
func terminal() []string {
	var states []string
	for _, s := range workflow.States() {
		if s.IsTerminal() {
			states = append(states, string(s))
		}
	}
	return states
}
