package postgres

import (
	"context"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
	"github.com/infin8content/engine/internal/workflow"
)

// CountBatchResults counts the results of a batch with one of some outcomes.
func (s *Store) CountBatchResults(
	ctx context.Context, who caller.Caller, batch uuid.UUID, outcomes []workflow.BatchOutcome,
) (int, error) {
	n, err := s.forTenant(who.OrganizationID).BatchResultCount(ctx, dbsqlc.BatchResultCountParams{
		OrganizationID: who.OrganizationID,
		BatchID:        batch,
		Outcomes:       texts(outcomes),
	})
	return int(n), translate(err)
}
