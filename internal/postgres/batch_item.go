package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
	"github.com/infin8content/engine/internal/workflow"
)

// BatchItem is one workflow of a batch, with its result.
type BatchItem struct {
	Position int
	Workflow workflow.Workflow
	Step     workflow.StepKey // to start; "" in a batch of another kind
	BatchResult
	// Succeeded counts the changed items up to this one.
	Succeeded int
	At        *time.Time // nil without a result
}

// BatchResult is the result of one item. Version is the transition, and Sequence the ledger entry, that it made.
type BatchResult struct {
	WorkflowID    uuid.UUID
	Outcome       workflow.BatchOutcome // "" without a result
	Code, Message string                // of a refusal
	Version       *int
	Sequence      *int64
}

// BatchItemPage is one page of the items of a batch, after a position. Empty Outcomes choose all, and "" those without
// a result.
type BatchItemPage struct {
	BatchID   uuid.UUID
	Outcomes  []workflow.BatchOutcome
	Ascending bool
	Position  int
	First     int32
}

// BatchItems returns one page of the items of a batch.
func (s *Store) BatchItems(ctx context.Context, who caller.Caller, p BatchItemPage) ([]BatchItem, error) {
	rows, err := s.forTenantCustomPlan(who.OrganizationID).BatchItemList(ctx, dbsqlc.BatchItemListParams{
		OrganizationID: who.OrganizationID,
		BatchID:        p.BatchID,
		Ascending:      p.Ascending,
		CursorPosition: p.Position,
		Outcomes:       texts(p.Outcomes),
		PageSize:       p.First,
	})
	return many(rows, err, func(r dbsqlc.BatchItemListRow) BatchItem {
		return BatchItem{
			Position:  r.Position,
			Workflow:  toWorkflow(r.IntentWorkflow),
			Step:      value(r.Step),
			Succeeded: r.Succeeded,
			At:        utc(r.OccurredAt),
			BatchResult: BatchResult{
				WorkflowID: r.WorkflowID,
				Outcome:    workflow.BatchOutcome(r.Outcome),
				Code:       r.Code,
				Message:    r.Message,
				Version:    r.Version,
				Sequence:   r.Sequence,
			},
		}
	})
}
