package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
	"github.com/infin8content/engine/internal/workflow"
)

// unitLock is the class of advisory locks under which the running units of an organization change: any number that
// nothing else of ours uses.
const unitLock = 6

// unitPage is more than the units of a visit.
const unitPage = 10_000

// LockUnits lets no other transaction change which units of the organization run. A transaction takes it first, before
// it locks a workflow.
func (s *Store) LockUnits(ctx context.Context, who caller.Caller) error {
	in := dbsqlc.StepUnitLockOrganizationParams{Class: unitLock, OrganizationID: who.OrganizationID.String()}
	return translate(s.forTenant(who.OrganizationID).StepUnitLockOrganization(ctx, in))
}

// NewUnit is a unit to be planned.
type NewUnit struct {
	ID    uuid.UUID
	Label string
	// Lane is shared by units of the organization that must not run side by side; uuid.Nil for none.
	Lane uuid.UUID
}

// NewUnits are the units of a visit, in their order.
type NewUnits struct {
	WorkflowID uuid.UUID
	Visit      int
	Step       workflow.StepKey
	Token      int
	Units      []NewUnit
	At         time.Time
}

// PlanUnits writes units with their first events.
func (s *Store) PlanUnits(ctx context.Context, who caller.Caller, n NewUnits) error {
	in := dbsqlc.StepUnitPlanParams{
		OrganizationID: who.OrganizationID,
		WorkflowID:     n.WorkflowID,
		Visit:          n.Visit,
		Step:           n.Step,
		Pending:        workflow.UnitPending,
		Token:          n.Token,
		Kind:           workflow.UnitPlan,
		Actor:          who.Actor,
		At:             n.At,
	}
	for i, u := range n.Units {
		in.Ids, in.Labels, in.Positions = append(in.Ids, u.ID), append(in.Labels, u.Label), append(in.Positions, i+1)
		in.Lanes = append(in.Lanes, u.Lane)
	}
	last, err := s.forTenant(who.OrganizationID).StepUnitPlan(ctx, in)
	if err != nil {
		return translate(err)
	}
	for i := range n.Units {
		s.noteUnit(who.OrganizationID, n.WorkflowID, last-len(n.Units)+1+i)
	}
	return nil
}

// UnitMove is a move to be made: the unit before and after it.
type UnitMove struct {
	Before, After workflow.Unit
	Kind          workflow.UnitMove
	Reason        string
}

// MoveUnit is the compare-and-set of a unit. won is false when the unit is no longer as it was before.
func (s *Store) MoveUnit(ctx context.Context, who caller.Caller, m UnitMove) (won bool, err error) {
	after := m.After
	sequence, err := s.forTenant(who.OrganizationID).StepUnitMove(ctx, dbsqlc.StepUnitMoveParams{
		OrganizationID: who.OrganizationID,
		ID:             after.ID,
		Version:        m.Before.Version,
		FromState:      m.Before.State,
		ToState:        after.State,
		Attempt:        after.Attempt,
		Token:          after.Token,
		Tries:          after.Tries,
		Worker:         after.Worker,
		LeaseExpiresAt: after.LeaseExpiresAt,
		RetryAt:        after.RetryAt,
		WakeAt:         after.WakeAt,
		Done:           after.Done,
		Total:          after.Total,
		FailureCode:    pointer(after.Failure),
		FailureMessage: after.FailureMessage,
		Kind:           m.Kind,
		Actor:          who.Actor,
		Reason:         m.Reason,
		At:             after.ChangedAt,
	})
	sequence, won, err = one(sequence, err, func(n int) int { return n })
	if won {
		s.noteUnit(who.OrganizationID, after.WorkflowID, sequence)
	}
	return won, err
}

// noteUnit notes an event of a unit.
func (s *Store) noteUnit(organization, flow uuid.UUID, sequence int) {
	s.note(Change{OrganizationID: organization, WorkflowID: flow, Unit: true, Number: int64(sequence)})
}

// Unit returns one unit.
func (s *Store) Unit(ctx context.Context, who caller.Caller, id uuid.UUID) (u workflow.Unit, found bool, err error) {
	in := dbsqlc.StepUnitGetParams{OrganizationID: who.OrganizationID, ID: id}
	row, err := s.forTenant(who.OrganizationID).StepUnitGet(ctx, in)
	return one(row, err, toUnit)
}

// LockUnit returns one unit and keeps it as it is until the transaction ends.
func (s *Store) LockUnit(
	ctx context.Context, who caller.Caller, id uuid.UUID,
) (u workflow.Unit, found bool, err error) {
	in := dbsqlc.StepUnitLockParams{OrganizationID: who.OrganizationID, ID: id}
	row, err := s.forTenant(who.OrganizationID).StepUnitLock(ctx, in)
	return one(row, err, toUnit)
}

// Units returns the units of one visit of each workflow, in their order.
func (s *Store) Units(
	ctx context.Context, who caller.Caller, visits map[uuid.UUID]int,
) (map[uuid.UUID][]workflow.Unit, error) {
	in := dbsqlc.StepUnitListByVisitsParams{OrganizationID: who.OrganizationID, PageSize: unitPage}
	for flow, visit := range visits {
		in.WorkflowIds, in.Visits = append(in.WorkflowIds, flow), append(in.Visits, visit)
	}
	rows, err := s.forTenant(who.OrganizationID).StepUnitListByVisits(ctx, in)
	units, err := many(rows, err, toUnit)
	return group(units, err, func(u workflow.Unit) uuid.UUID { return u.WorkflowID })
}

// OpenUnits counts the open units of a workflow that belong to a token.
func (s *Store) OpenUnits(ctx context.Context, who caller.Caller, flow uuid.UUID, token int) (int64, error) {
	n, err := s.forTenant(who.OrganizationID).StepUnitCountOpen(ctx, dbsqlc.StepUnitCountOpenParams{
		OrganizationID: who.OrganizationID, WorkflowID: flow, Token: token,
	})
	return n, translate(err)
}

// Running counts the running units of live workflows: of one workflow, of the organization and of a lane.
type Running struct{ OfWorkflow, OfOrganization, OfLane int64 }

// RunningUnits counts the units that run beside a unit.
func (s *Store) RunningUnits(ctx context.Context, who caller.Caller, u workflow.Unit) (Running, error) {
	row, err := s.forTenant(who.OrganizationID).StepUnitCountRunning(ctx, dbsqlc.StepUnitCountRunningParams{
		OrganizationID: who.OrganizationID, WorkflowID: u.WorkflowID, Lane: pointer(u.Lane),
	})
	return Running{OfWorkflow: row.Workflow, OfOrganization: row.Organization, OfLane: row.Lane}, translate(err)
}

// Places are how many units may run at once.
type Places struct {
	PerWorkflow, PerOrganization int64
	// At is now, and WakeAt the time at which a sweeper inserts a second job for a unit that has got a place.
	At, WakeAt time.Time
}

// FillPlaces gives free places to waiting units and returns these.
func (s *Store) FillPlaces(ctx context.Context, who caller.Caller, p Places) ([]workflow.Unit, error) {
	rows, err := s.forTenant(who.OrganizationID).StepUnitFill(ctx, dbsqlc.StepUnitFillParams{
		OrganizationID:  who.OrganizationID,
		PerWorkflow:     p.PerWorkflow,
		PerOrganization: p.PerOrganization,
		At:              p.At,
		WakeAt:          p.WakeAt,
	})
	return many(rows, err, toUnit)
}

// PlaceUnit sets the time of a pending unit's next job; nil makes the unit wait for a place.
func (s *Store) PlaceUnit(ctx context.Context, who caller.Caller, u workflow.Unit, wakeAt *time.Time) error {
	return translate(s.forTenant(who.OrganizationID).StepUnitPlace(ctx, dbsqlc.StepUnitPlaceParams{
		OrganizationID: who.OrganizationID,
		ID:             u.ID,
		Version:        u.Version,
		WakeAt:         wakeAt,
	}))
}

// RenewUnit renews the lease of an attempt that is live and the caller's.
func (s *Store) RenewUnit(
	ctx context.Context, who caller.Caller, u workflow.Unit, lease time.Time,
) (won bool, err error) {
	row, err := s.forTenant(who.OrganizationID).StepUnitHeartbeat(ctx, dbsqlc.StepUnitHeartbeatParams{
		OrganizationID: who.OrganizationID,
		ID:             u.ID,
		Attempt:        u.Attempt,
		Worker:         who.Actor,
		LeaseExpiresAt: lease,
	})
	_, won, err = one(row, err, toUnit)
	return won, err
}

// WatchUnit reports whether an attempt is live and the caller's.
func (s *Store) WatchUnit(ctx context.Context, who caller.Caller, u workflow.Unit) (live bool, err error) {
	row, err := s.forTenant(who.OrganizationID).StepUnitWatch(ctx, dbsqlc.StepUnitWatchParams{
		OrganizationID: who.OrganizationID,
		ID:             u.ID,
		Attempt:        u.Attempt,
		Worker:         who.Actor,
	})
	_, live, err = one(row, err, toUnit)
	return live, err
}

// UnitKey names a unit.
type UnitKey struct{ OrganizationID, WorkflowID, UnitID uuid.UUID }

// DueUnits returns units of all organizations whose lease has expired or whose job is late.
func (s *Store) DueUnits(ctx context.Context, at time.Time, limit int32) ([]UnitKey, error) {
	rows, err := s.forSweeper().StepUnitListDue(ctx, dbsqlc.StepUnitListDueParams{At: at, PageSize: limit})
	return many(rows, err, func(r dbsqlc.StepUnitListDueRow) UnitKey {
		return UnitKey{OrganizationID: r.OrganizationID, WorkflowID: r.WorkflowID, UnitID: r.ID}
	})
}

// OrganizationsWaiting returns the organizations that have a unit without a place.
func (s *Store) OrganizationsWaiting(ctx context.Context, limit int32) ([]uuid.UUID, error) {
	rows, err := s.forSweeper().StepUnitListWaiting(ctx, limit)
	return rows, translate(err)
}

func toUnit(r dbsqlc.StepUnit) workflow.Unit {
	return workflow.Unit{
		OrganizationID: r.OrganizationID,
		WorkflowID:     r.WorkflowID,
		ID:             r.ID,
		Step:           r.Step,
		Visit:          r.Visit,
		Position:       r.Position,
		Label:          r.Label,
		Lane:           value(r.Lane),
		State:          r.State,
		Version:        r.Version,
		Attempt:        r.Attempt,
		Token:          r.Token,
		Tries:          r.Tries,
		Worker:         r.Worker,
		LeaseExpiresAt: utc(r.LeaseExpiresAt),
		RetryAt:        utc(r.RetryAt),
		WakeAt:         utc(r.WakeAt),
		Done:           r.Done,
		Total:          r.Total,
		Failure:        value(r.FailureCode),
		FailureMessage: r.FailureMessage,
		ChangedAt:      r.ChangedAt.UTC(),
	}
}
