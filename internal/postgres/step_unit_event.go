package postgres

import (
	"context"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
	"github.com/infin8content/engine/internal/workflow"
)

// UnitEvents returns the first events of a workflow's units after a sequence number.
func (s *Store) UnitEvents(
	ctx context.Context, who caller.Caller, flow uuid.UUID, after int, first int32,
) ([]workflow.UnitEvent, error) {
	rows, err := s.forTenant(who.OrganizationID).StepUnitEventListByWorkflow(ctx,
		dbsqlc.StepUnitEventListByWorkflowParams{
			OrganizationID: who.OrganizationID,
			WorkflowID:     flow,
			AfterSequence:  after,
			PageSize:       first,
		})
	return many(rows, err, func(r dbsqlc.StepUnitEventListByWorkflowRow) workflow.UnitEvent {
		return toUnitEvent(r.StepUnitEvent, r.StepUnit)
	})
}

// LastUnitEvent returns the sequence number of the last event of a workflow's units; −1 when there is none.
func (s *Store) LastUnitEvent(ctx context.Context, who caller.Caller, flow uuid.UUID) (int, error) {
	in := dbsqlc.StepUnitEventGetLastParams{OrganizationID: who.OrganizationID, WorkflowID: flow}
	sequence, err := s.forTenant(who.OrganizationID).StepUnitEventGetLast(ctx, in)
	sequence, found, err := one(sequence, err, func(n int) int { return n })
	if !found {
		sequence = -1
	}
	return sequence, err
}

// unitHistory is how many of the last events of a unit UnitHistory reads. They hold all attempts since the last REOPEN.
const unitHistory = 100

// UnitHistory returns the last events of one unit, the last first.
func (s *Store) UnitHistory(ctx context.Context, who caller.Caller, u workflow.Unit) ([]workflow.UnitEvent, error) {
	rows, err := s.forTenant(who.OrganizationID).StepUnitEventListByUnit(ctx, dbsqlc.StepUnitEventListByUnitParams{
		OrganizationID: who.OrganizationID, UnitID: u.ID, PageSize: unitHistory,
	})
	return many(rows, err, func(r dbsqlc.StepUnitEvent) workflow.UnitEvent {
		return toUnitEvent(r, dbsqlc.StepUnit{Step: u.Step, Visit: u.Visit, Position: u.Position, Label: u.Label})
	})
}

// toUnitEvent returns an event with its unit as the event left it. The worker and the lease are not in the journal.
func toUnitEvent(e dbsqlc.StepUnitEvent, u dbsqlc.StepUnit) workflow.UnitEvent {
	return workflow.UnitEvent{
		Unit: workflow.Unit{
			OrganizationID: e.OrganizationID,
			WorkflowID:     e.WorkflowID,
			ID:             e.UnitID,
			Step:           u.Step,
			Visit:          u.Visit,
			Position:       u.Position,
			Label:          u.Label,
			State:          e.ToState,
			Version:        e.Version,
			Attempt:        e.Attempt,
			Token:          e.Token,
			Tries:          e.Tries,
			RetryAt:        utc(e.RetryAt),
			Done:           e.Done,
			Total:          e.Total,
			Failure:        value(e.FailureCode),
			FailureMessage: e.FailureMessage,
			ChangedAt:      e.OccurredAt.UTC(),
		},
		Sequence: e.Sequence,
		Kind:     e.Kind,
		From:     value(e.FromState),
		Actor:    e.Actor,
		Reason:   e.Reason,
	}
}
