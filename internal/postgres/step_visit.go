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

// VisitKey is one visit of a workflow. A list of them may have several visits of one workflow.
type VisitKey struct {
	WorkflowID uuid.UUID
	Visit      int
}

// keysOf returns one visit of each workflow as a list.
func keysOf(visits map[uuid.UUID]int) []VisitKey {
	keys := make([]VisitKey, 0, len(visits))
	for flow, visit := range visits {
		keys = append(keys, VisitKey{flow, visit})
	}
	return keys
}

// visitColumns returns the visits as the queries take them.
func visitColumns(keys []VisitKey) (flows []uuid.UUID, visits []int) {
	for _, key := range keys {
		flows, visits = append(flows, key.WorkflowID), append(visits, key.Visit)
	}
	return flows, visits
}
