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

// PendingForPart returns when the last call for a part of a visit was sent whose cost is not known yet; nil when there
// is none.
func (s *Store) PendingForPart(
	ctx context.Context, who caller.Caller, flow uuid.UUID, visit int, part string,
) (*time.Time, error) {
	sent, err := s.forTenant(who.OrganizationID).CallPendingOfPart(ctx, dbsqlc.CallPendingOfPartParams{
		OrganizationID: who.OrganizationID,
		WorkflowID:     flow,
		Visit:          &visit,
		PartKey:        &part,
		Pending:        texts([]cost.CallState{cost.CallDispatched, cost.CallUnknown}),
	})
	at, found, err := one(sent, err, func(at time.Time) time.Time { return at.UTC() })
	if err != nil || !found {
		return nil, err
	}
	return &at, nil
}

// SentForPart counts the calls for one part of a visit that were sent, or that another run made.
func (s *Store) SentForPart(
	ctx context.Context, who caller.Caller, run workflow.Run, visit int, part string,
) (int, error) {
	sent, err := s.forTenant(who.OrganizationID).CallCountSentOfPart(ctx, dbsqlc.CallCountSentOfPartParams{
		OrganizationID: who.OrganizationID,
		WorkflowID:     run.WorkflowID,
		Visit:          &visit,
		PartKey:        &part,
		Reserved:       cost.CallReserved,
		RunToken:       run.Token,
	})
	return int(sent), translate(err)
}
