package postgres

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
	"github.com/infin8content/engine/internal/workflow"
)

// Head is the present state of a workflow, with the hash of its last journal row.
type Head struct {
	workflow.Workflow
	Hash []byte
}

// EachHead calls visit for every workflow of every organization, in the order of their keys.
func (s *Store) EachHead(ctx context.Context, visit func(Head) error) error {
	in := dbsqlc.WorkflowListHeadsParams{PageSize: auditPage}
	return pages(func() ([]dbsqlc.IntentWorkflow, error) { return s.forAudit().WorkflowListHeads(ctx, in) },
		func(r dbsqlc.IntentWorkflow) error {
			in.AfterOrganizationID, in.AfterID = r.OrganizationID, r.ID
			return visit(Head{Workflow: toWorkflow(r), Hash: r.Hash})
		})
}

// WorkflowPosition is the version of a workflow, and the time of its last transition.
type WorkflowPosition struct {
	OrganizationID, WorkflowID uuid.UUID
	Version                    int
	At                         time.Time
}

// MovedSince returns of each organization the workflows that have moved since its time, the last first and at most
// limit of them. One statement for all organizations.
func (s *Store) MovedSince(
	ctx context.Context, since map[uuid.UUID]time.Time, limit int32,
) ([]WorkflowPosition, error) {
	in := dbsqlc.WorkflowListMovedParams{PageSize: limit}
	for organization, at := range since {
		in.OrganizationIds, in.Since = append(in.OrganizationIds, organization), append(in.Since, at)
	}
	rows, err := s.forSweeper().WorkflowListMoved(ctx, in)
	return many(rows, err, toPosition)
}

func toPosition(r dbsqlc.WorkflowListMovedRow) WorkflowPosition {
	return WorkflowPosition{
		OrganizationID: r.OrganizationID,
		WorkflowID:     r.ID,
		Version:        r.Version,
		At:             r.UpdatedAt.UTC(),
	}
}

// Numbers returns for each workflow the last version of its journal, and the last sequence numbers of its account's
// ledger and of its units' events, as changes. flows names the organization of each. One statement.
func (s *Store) Numbers(ctx context.Context, flows map[uuid.UUID]uuid.UUID) ([]Change, error) {
	in := dbsqlc.WorkflowListNumbersParams{PageSize: int32(len(flows))}
	for flow, organization := range flows {
		in.Ids, in.OrganizationIds = append(in.Ids, flow), append(in.OrganizationIds, organization)
	}
	rows, err := s.forSweeper().WorkflowListNumbers(ctx, in)
	if err != nil {
		return nil, translate(err)
	}
	numbers := make([]Change, 0, 3*len(rows))
	for _, r := range rows {
		last := Change{OrganizationID: r.OrganizationID, WorkflowID: r.ID, Number: int64(r.Version)}
		numbers = append(numbers, last)
		last.Ledger, last.Number = true, r.Sequence
		numbers = append(numbers, last)
		if r.UnitSequence >= 0 {
			last.Ledger, last.Unit, last.Number = false, true, int64(r.UnitSequence)
			numbers = append(numbers, last)
		}
	}
	return numbers, nil
}

func toWorkflow(r dbsqlc.IntentWorkflow) workflow.Workflow {
	return workflow.Workflow{
		ID:             r.ID,
		OrganizationID: r.OrganizationID,
		Name:           r.Name,
		Company:        workflow.Company{Name: r.CompanyName, URL: r.CompanyUrl, LinkedInURL: r.LinkedinUrl},
		State:          r.State,
		Version:        r.Version,
		GraphVersion:   r.GraphVersion,
		CreatedBy:      r.CreatedBy,
		CreatedAt:      r.CreatedAt.UTC(),
		UpdatedAt:      r.UpdatedAt.UTC(),
	}
}

// NewWorkflow is a workflow to be created.
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
	row, err := s.forTenant(who.OrganizationID).WorkflowCreate(ctx, dbsqlc.WorkflowCreateParams{
		OrganizationID: who.OrganizationID,
		ID:             in.ID,
		Name:           in.Name,
		CompanyName:    in.Company.Name,
		CompanyUrl:     in.Company.URL,
		LinkedinUrl:    in.Company.LinkedInURL,
		GraphVersion:   workflow.GraphVersion,
		State:          workflow.Created,
		Kind:           workflow.Create,
		Actor:          who.Actor,
		At:             in.At,
		AccountKind:    cost.AccountWorkflow,
		LimitPico:      cost.Pico(in.Limit),
		EntryKind:      cost.EntryOpen,
	})
	if flow, created, err = one(dbsqlc.IntentWorkflow(row), err, toWorkflow); created {
		s.noteTransition(flow, CommittedTransition{To: flow.State})
	}
	return flow, created, err
}

// Workflow returns one workflow of the caller's organization.
func (s *Store) Workflow(
	ctx context.Context, who caller.Caller, id uuid.UUID,
) (flow workflow.Workflow, found bool, err error) {
	row, err := s.forTenant(who.OrganizationID).WorkflowGet(ctx, dbsqlc.WorkflowGetParams{
		OrganizationID: who.OrganizationID, ID: id,
	})
	return one(row, err, toWorkflow)
}

// WorkflowNamed returns the workflow that has a name.
func (s *Store) WorkflowNamed(
	ctx context.Context, who caller.Caller, name string,
) (flow workflow.Workflow, found bool, err error) {
	row, err := s.forTenant(who.OrganizationID).WorkflowGetByName(ctx, dbsqlc.WorkflowGetByNameParams{
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
	// Failure, FailureMessage and RetryAt describe the end of From's run.
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

// Transition is the compare-and-set. won is false when the workflow is no longer in From (and at Version); nothing is
// written then.
func (s *Store) Transition(
	ctx context.Context, who caller.Caller, m Move,
) (flow workflow.Workflow, made workflow.Transition, won bool, err error) {
	row, err := s.transition(ctx, who, m)
	if flow, won, err = one(row, err, toWorkflow); err != nil || !won {
		return flow, made, won, err
	}
	s.noteTransition(flow, CommittedTransition{From: m.From, To: m.To, Failure: m.Failure})
	return flow, workflow.Transition{
		OrganizationID: flow.OrganizationID,
		WorkflowID:     flow.ID,
		Version:        flow.Version,
		GraphVersion:   flow.GraphVersion,
		Kind:           m.Kind,
		From:           m.From,
		To:             m.To,
		Actor:          who.Actor,
		Reason:         m.Reason,
		At:             flow.UpdatedAt,
		PreviousHash:   row.PreviousHash,
		Hash:           row.Hash,
	}, true, nil
}

// transition sends the statement of a transition: the short one for an edge that neither begins nor ends a run.
func (s *Store) transition(ctx context.Context, who caller.Caller, m Move) (dbsqlc.IntentWorkflow, error) {
	if m.Run == nil && !isProcessing(m.From) && !isProcessing(m.To) {
		row, err := s.forTenant(who.OrganizationID).WorkflowMove(ctx, dbsqlc.WorkflowMoveParams{
			OrganizationID: who.OrganizationID,
			ID:             m.WorkflowID,
			FromState:      m.From,
			ToState:        m.To,
			Kind:           m.Kind,
			Version:        m.Version,
			Actor:          who.Actor,
			Reason:         m.Reason,
			At:             m.At,
			WakeAt:         m.WakeAt,
		})
		return dbsqlc.IntentWorkflow(row), err
	}
	in := dbsqlc.WorkflowTransitionParams{
		OrganizationID: who.OrganizationID,
		ID:             m.WorkflowID,
		FromState:      m.From,
		ToState:        m.To,
		Kind:           m.Kind,
		Version:        m.Version,
		Actor:          who.Actor,
		Reason:         m.Reason,
		At:             m.At,
		WakeAt:         m.WakeAt,
		FailureCode:    pointer(m.Failure),
		FailureMessage: m.FailureMessage,
		RetryAt:        m.RetryAt,
	}
	if m.Run != nil {
		in.RunStep, in.Worker, in.Attempt = &m.Run.Step, m.Run.Worker, m.Run.Attempt
		in.LeaseExpiresAt = m.Run.LeaseExpiresAt
	}
	row, err := s.forTenant(who.OrganizationID).WorkflowTransition(ctx, in)
	return dbsqlc.IntentWorkflow(row), err
}

// isProcessing reports whether a run works in the state.
func isProcessing(state workflow.State) bool {
	step := state.Step()
	return step != nil && state == step.Processing
}

// WakeInput says which workflows WakeWorkflows looks at. Driven are the states that workers of the engine take. Next is
// the next look at such a workflow, Rest the next look at any other.
type WakeInput struct {
	At, Next, Rest time.Time
	Driven         []workflow.State
	First          int32
}

// WakeWorkflows claims due workflows of all organizations and postpones their next wake. It returns the positions of
// those that workers of the engine may take.
func (s *Store) WakeWorkflows(ctx context.Context, in WakeInput) ([]WorkflowPosition, error) {
	rows, err := s.forSweeper().WorkflowWake(ctx, dbsqlc.WorkflowWakeParams{
		At:           &in.At,
		NextWakeAt:   in.Next,
		RestUntil:    in.Rest,
		DrivenStates: texts(in.Driven),
		PageSize:     in.First,
	})
	rows = slices.DeleteFunc(rows, func(r dbsqlc.WorkflowWakeRow) bool { return !r.IsDriven })
	return many(rows, err, func(r dbsqlc.WorkflowWakeRow) WorkflowPosition {
		return WorkflowPosition{
			OrganizationID: r.OrganizationID,
			WorkflowID:     r.ID,
			Version:        r.Version,
			At:             r.UpdatedAt.UTC(),
		}
	})
}

// WakeNow makes the organization's waiting workflows in the given states due for a worker of the engine.
func (s *Store) WakeNow(ctx context.Context, who caller.Caller, states []workflow.State, at time.Time) error {
	_, err := s.forTenant(who.OrganizationID).WorkflowWakeNow(ctx, dbsqlc.WorkflowWakeNowParams{
		OrganizationID: who.OrganizationID,
		States:         texts(states),
		At:             at,
	})
	return translate(err)
}

// LiveGraphs returns the graph versions and states of live workflows.
func (s *Store) LiveGraphs(ctx context.Context) ([]workflow.LiveGraph, error) {
	rows, err := s.forSweeper().WorkflowListLive(ctx, terminal())
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

// WakeWorkflowAt sets the time at which a sweeper wakes a workflow, unless it has moved on.
func (s *Store) WakeWorkflowAt(ctx context.Context, who caller.Caller, flow workflow.Workflow, at time.Time) error {
	return translate(s.forTenant(who.OrganizationID).WorkflowWakeLater(ctx, dbsqlc.WorkflowWakeLaterParams{
		OrganizationID: who.OrganizationID,
		ID:             flow.ID,
		Version:        flow.Version,
		WakeAt:         at,
	}))
}

// LockWorkflow returns a workflow and keeps its state as it is until the transaction ends.
func (s *Store) LockWorkflow(
	ctx context.Context, who caller.Caller, id uuid.UUID,
) (flow workflow.Workflow, found bool, err error) {
	row, err := s.forTenant(who.OrganizationID).WorkflowLock(ctx, dbsqlc.WorkflowLockParams{
		OrganizationID: who.OrganizationID,
		ID:             id,
	})
	return one(row, err, toWorkflow)
}
