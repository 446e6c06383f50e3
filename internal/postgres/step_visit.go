package postgres

import (
	"context"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
	"github.com/infin8content/engine/internal/workflow"
)

// OpenVisit records the last entry into a step's pending state and returns its version. found is false when the
// workflow has never entered that state.
func (s *Store) OpenVisit(
	ctx context.Context, who caller.Caller, flow uuid.UUID, step workflow.Step,
) (visit int, found bool, err error) {
	visit, err = s.forTenant(who.OrganizationID).StepVisitOpen(ctx, dbsqlc.StepVisitOpenParams{
		OrganizationID: who.OrganizationID,
		WorkflowID:     flow,
		Pending:        step.Pending,
		Step:           step.Key,
	})
	return one(visit, err, func(v int) int { return v })
}

// CurrentVisits returns for each workflow the visit of a step that no RESET has superseded. A workflow without one is
// not in the map.
func (s *Store) CurrentVisits(
	ctx context.Context, who caller.Caller, flows []uuid.UUID, step workflow.StepKey,
) (map[uuid.UUID]int, error) {
	rows, err := s.forTenant(who.OrganizationID).StepVisitListCurrent(ctx, dbsqlc.StepVisitListCurrentParams{
		OrganizationID: who.OrganizationID,
		WorkflowIds:    flows,
		Step:           step,
		Reset:          workflow.Reset,
		ResetTargets:   texts(workflow.ResetTargets(step)),
	})
	if err != nil {
		return nil, translate(err)
	}
	visits := map[uuid.UUID]int{}
	for _, row := range rows {
		visits[row.WorkflowID] = row.Visit
	}
	return visits, nil
}
