package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
	"github.com/infin8content/engine/internal/workflow"
)

// Part is one answer that a visit of a step keeps.
type Part struct {
	Key     string
	Content []byte // JSON
	// CallID is the call that paid for the answer; nil for a free one.
	CallID          *uuid.UUID
	Provider, Model string
	CreatedAt       time.Time
}

// KeepPart keeps an answer, if the run still holds the workflow. kept is false when the run is lost, or when the visit
// has a part of that key.
func (s *Store) KeepPart(
	ctx context.Context, who caller.Caller, run workflow.Run, visit int, part Part,
) (kept bool, err error) {
	step, _ := workflow.StepOf(run.Step)
	row, err := s.forTenant(who.OrganizationID).StepPartInsert(ctx, dbsqlc.StepPartInsertParams{
		OrganizationID: who.OrganizationID,
		WorkflowID:     run.WorkflowID,
		Token:          run.Token,
		Processing:     step.Processing,
		Visit:          visit,
		Step:           run.Step,
		PartKey:        part.Key,
		Content:        part.Content,
		CallID:         part.CallID,
		Provider:       part.Provider,
		Model:          part.Model,
		At:             part.CreatedAt,
	})
	_, kept, err = one(row, err, toPart)
	return kept, err
}

// Parts returns the answers that a visit has, by their keys.
func (s *Store) Parts(
	ctx context.Context, who caller.Caller, flow uuid.UUID, visit int,
) (map[string]Part, error) {
	rows, err := s.forTenant(who.OrganizationID).StepPartListByVisit(ctx, dbsqlc.StepPartListByVisitParams{
		OrganizationID: who.OrganizationID,
		WorkflowID:     flow,
		Visit:          visit,
	})
	if err != nil {
		return nil, translate(err)
	}
	parts := map[string]Part{}
	for _, row := range rows {
		parts[row.PartKey] = toPart(row)
	}
	return parts, nil
}

func toPart(r dbsqlc.StepPart) Part {
	return Part{
		Key:       r.PartKey,
		Content:   r.Content,
		CallID:    r.CallID,
		Provider:  r.Provider,
		Model:     r.Model,
		CreatedAt: r.CreatedAt.UTC(),
	}
}
