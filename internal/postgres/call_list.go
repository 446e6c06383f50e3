package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
)

// WorkflowCallPage selects of each workflow the first calls after a key, or the last before it, the newest first.
type WorkflowCallPage struct {
	Workflows []uuid.UUID
	Backward  bool
	At        time.Time
	ID        uuid.UUID
	Size      int32
}

// Calls returns a page of the calls of each workflow.
func (s *Store) Calls(
	ctx context.Context, who caller.Caller, p WorkflowCallPage,
) (map[uuid.UUID][]cost.Call, error) {
	var rows []dbsqlc.AiCall
	var err error
	if q := s.forTenant(who.OrganizationID); p.Backward {
		rows, err = q.CallListByWorkflowsDescending(ctx, dbsqlc.CallListByWorkflowsDescendingParams{
			OrganizationID: who.OrganizationID,
			WorkflowIds:    p.Workflows,
			BeforeAt:       p.At,
			BeforeID:       p.ID,
			PageSize:       p.Size,
		})
	} else {
		rows, err = q.CallListByWorkflows(ctx, dbsqlc.CallListByWorkflowsParams{
			OrganizationID: who.OrganizationID,
			WorkflowIds:    p.Workflows,
			AfterAt:        p.At,
			AfterID:        p.ID,
			PageSize:       p.Size,
		})
	}
	values, err := many(rows, err, toPublicCall)
	return group(values, err, func(c cost.Call) uuid.UUID { return c.WorkflowID })
}
