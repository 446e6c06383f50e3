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

// Stay is how workflows have passed through one state.
type Stay struct {
	State workflow.State
	// Visits counts every time a workflow entered the state, Workflows each workflow once, Open those that are there.
	Visits, Workflows, Open int
	// Median and P95 are how long half, and 95 in 100, of the visits lasted at most.
	Median, P95 time.Duration
}

// Stays returns how the workflows that were created within a period have passed through each state that one of them has
// reached. Visits that go on count up to asOf.
func (s *Store) Stays(ctx context.Context, who caller.Caller, created cost.Period, asOf time.Time) ([]Stay, error) {
	rows, err := s.forTenantCustomPlan(who.OrganizationID).TransitionListStays(ctx, dbsqlc.TransitionListStaysParams{
		OrganizationID: who.OrganizationID,
		CreatedFrom:    created.Start,
		CreatedTo:      created.End,
		AsOf:           asOf,
	})
	return many(rows, err, func(r dbsqlc.TransitionListStaysRow) Stay {
		return Stay{
			State:     r.State,
			Visits:    int(r.Visits),
			Workflows: int(r.Workflows),
			Open:      int(r.Open),
			Median:    time.Duration(r.MedianMicroseconds) * time.Microsecond,
			P95:       time.Duration(r.P95Microseconds) * time.Microsecond,
		}
	})
}

// CountEntered counts how often workflows entered a state within a period.
func (s *Store) CountEntered(
	ctx context.Context, who caller.Caller, state workflow.State, within cost.Period,
) (int64, error) {
	n, err := s.forTenant(who.OrganizationID).TransitionCountEntered(ctx, dbsqlc.TransitionCountEnteredParams{
		OrganizationID: who.OrganizationID,
		State:          state,
		FromTime:       within.Start,
		ToTime:         within.End,
	})
	return n, translate(err)
}

// EachTransition calls visit for every journal row of every organization, in the order of their keys.
func (s *Store) EachTransition(ctx context.Context, visit func(workflow.Transition) error) error {
	in := dbsqlc.TransitionListAllParams{AfterVersion: -1, PageSize: auditPage}
	return pages(func() ([]dbsqlc.WorkflowTransition, error) { return s.forAudit().TransitionListAll(ctx, in) },
		func(r dbsqlc.WorkflowTransition) error {
			in.AfterOrganizationID, in.AfterWorkflowID, in.AfterVersion = r.OrganizationID, r.WorkflowID, r.Version
			return visit(toTransition(r))
		})
}

// TransitionCursor is a place among an organization's journals.
type TransitionCursor struct {
	WorkflowID uuid.UUID
	Version    int
}

// TransitionPage returns the next journal rows of the organization that were written within a period, by key. done is
// true when there are no more. Between two pages nothing is locked or kept open: a journal only grows, so what has been
// read stays true, and of each workflow what was read has no gap.
func (s *Store) TransitionPage(
	ctx context.Context, who caller.Caller, within cost.Period, after TransitionCursor,
) (page []workflow.Transition, done bool, err error) {
	q := s.forTenant(who.OrganizationID)
	rows, err := q.TransitionListByOrganization(ctx, dbsqlc.TransitionListByOrganizationParams{
		OrganizationID:  who.OrganizationID,
		AfterWorkflowID: after.WorkflowID,
		AfterVersion:    after.Version,
		FromTime:        within.Start,
		ToTime:          within.End,
		PageSize:        exportPage,
	})
	page, err = many(rows, err, toTransition)
	return page, len(page) < exportPage, err
}

// Horizon is a bound on transaction numbers. A later statement reads the commits of all transactions below Oldest; a
// later writing transaction has a number above Next.
type Horizon struct{ Oldest, Next int64 }

// Horizon returns the present one.
func (s *Store) Horizon(ctx context.Context) (Horizon, error) {
	row, err := s.unscoped().TransitionGetHorizon(ctx)
	return Horizon(row), translate(err)
}

// JournalRead names the unread rows of one workflow's journal: those after AfterVersion that are younger than Since or
// have at least NotifiedVersion.
type JournalRead struct {
	WorkflowID                    uuid.UUID
	AfterVersion, NotifiedVersion int
	Since                         time.Time
}

// TransitionEvent is a transition with the workflow as the transition left it.
type TransitionEvent struct {
	Workflow   workflow.Workflow
	Transition workflow.Transition
}

// NewTransitions returns at most limit rows of the named journals, each journal in its order. One statement.
func (s *Store) NewTransitions(
	ctx context.Context, who caller.Caller, reads []JournalRead, limit int32,
) ([]TransitionEvent, error) {
	in := dbsqlc.TransitionListNewParams{OrganizationID: who.OrganizationID, PageSize: limit}
	for _, read := range reads {
		in.WorkflowIds = append(in.WorkflowIds, read.WorkflowID)
		in.AfterVersions = append(in.AfterVersions, read.AfterVersion)
		in.NotifiedVersions = append(in.NotifiedVersions, read.NotifiedVersion)
		in.Since = append(in.Since, read.Since)
	}
	rows, err := s.forTenant(who.OrganizationID).TransitionListNew(ctx, in)
	return many(rows, err, func(r dbsqlc.TransitionListNewRow) TransitionEvent {
		made := toTransition(r.WorkflowTransition)
		return TransitionEvent{Workflow: toWorkflow(r.IntentWorkflow).LeftBy(made), Transition: made}
	})
}

func toTransition(r dbsqlc.WorkflowTransition) workflow.Transition {
	return workflow.Transition{
		OrganizationID: r.OrganizationID,
		WorkflowID:     r.WorkflowID,
		Version:        r.Version,
		GraphVersion:   r.GraphVersion,
		Kind:           r.Kind,
		From:           value(r.FromState),
		To:             r.ToState,
		Actor:          r.Actor,
		Reason:         r.Reason,
		At:             r.OccurredAt.UTC(),
		PreviousHash:   r.PreviousHash,
		Hash:           r.Hash,
	}
}

// TransitionAt returns one row of a workflow's journal.
func (s *Store) TransitionAt(
	ctx context.Context, who caller.Caller, flow uuid.UUID, version int,
) (made workflow.Transition, found bool, err error) {
	row, err := s.forTenant(who.OrganizationID).TransitionGet(ctx, dbsqlc.TransitionGetParams{
		OrganizationID: who.OrganizationID, WorkflowID: flow, Version: version,
	})
	return one(row, err, toTransition)
}

// Transitions returns of each workflow the first journal rows after a version.
func (s *Store) Transitions(
	ctx context.Context, who caller.Caller, flows []uuid.UUID, after int, first int32,
) (map[uuid.UUID][]workflow.Transition, error) {
	rows, err := s.forTenant(who.OrganizationID).TransitionListByWorkflows(ctx, dbsqlc.TransitionListByWorkflowsParams{
		OrganizationID: who.OrganizationID,
		WorkflowIds:    flows,
		AfterVersion:   after,
		PageSize:       first,
	})
	values, err := many(rows, err, toTransition)
	return group(values, err, func(t workflow.Transition) uuid.UUID { return t.WorkflowID })
}

// TransitionsBefore returns of each workflow the last journal rows before a version, the last first.
func (s *Store) TransitionsBefore(
	ctx context.Context, who caller.Caller, flows []uuid.UUID, before int, last int32,
) (map[uuid.UUID][]workflow.Transition, error) {
	rows, err := s.forTenant(who.OrganizationID).TransitionListByWorkflowsDescending(ctx,
		dbsqlc.TransitionListByWorkflowsDescendingParams{
			OrganizationID: who.OrganizationID,
			WorkflowIds:    flows,
			BeforeVersion:  before,
			PageSize:       last,
		})
	values, err := many(rows, err, toTransition)
	return group(values, err, func(t workflow.Transition) uuid.UUID { return t.WorkflowID })
}

// LastTransitions returns the last journal row of each workflow.
func (s *Store) LastTransitions(
	ctx context.Context, who caller.Caller, flows []uuid.UUID,
) (map[uuid.UUID][]workflow.Transition, error) {
	rows, err := s.forTenant(who.OrganizationID).TransitionListLast(ctx, dbsqlc.TransitionListLastParams{
		OrganizationID: who.OrganizationID, WorkflowIds: flows,
	})
	values, err := many(rows, err, toTransition)
	return group(values, err, func(t workflow.Transition) uuid.UUID { return t.WorkflowID })
}

// AdvanceInto asks for the last ADVANCE of a workflow into a state, up to a version.
type AdvanceInto struct {
	WorkflowID uuid.UUID
	State      workflow.State
	UpTo       int
}

// LastAdvanceInto returns the version of that transition; 0 without one.
func (s *Store) LastAdvanceInto(ctx context.Context, who caller.Caller, a AdvanceInto) (int, error) {
	version, err := s.forTenant(who.OrganizationID).TransitionGetLastInto(ctx, dbsqlc.TransitionGetLastIntoParams{
		OrganizationID: who.OrganizationID,
		WorkflowID:     a.WorkflowID,
		ToState:        a.State,
		Kind:           workflow.Advance,
		UpTo:           a.UpTo,
	})
	return version, translate(err)
}
