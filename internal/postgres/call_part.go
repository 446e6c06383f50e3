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

// PendingCall is a call for a part of a visit whose cost is not known yet.
type PendingCall struct {
	SentAt time.Time
	// UnknownSince is the present while the call is sent.
	UnknownSince time.Time
}

// PendingForPart returns the last call for a part of a visit whose cost is not known yet. found is false when there is
// none.
func (s *Store) PendingForPart(
	ctx context.Context, who caller.Caller, flow uuid.UUID, visit int, part string, at time.Time,
) (pending PendingCall, found bool, err error) {
	row, err := s.forTenant(who.OrganizationID).CallPartPending(ctx, dbsqlc.CallPartPendingParams{
		OrganizationID: who.OrganizationID,
		WorkflowID:     flow,
		Visit:          &visit,
		PartKey:        &part,
		Pending:        texts([]cost.CallState{cost.CallDispatched, cost.CallUnknown}),
		At:             at,
	})
	return one(row, err, func(r dbsqlc.CallPartPendingRow) PendingCall {
		return PendingCall{SentAt: r.SentAt.UTC(), UnknownSince: r.UnknownSince.UTC()}
	})
}

// SentForPart counts the calls for one part of a visit that were sent, or that another run made.
func (s *Store) SentForPart(
	ctx context.Context, who caller.Caller, run workflow.Run, visit int, part string,
) (int, error) {
	sent, err := s.forTenant(who.OrganizationID).CallPartCountSent(ctx, dbsqlc.CallPartCountSentParams{
		OrganizationID: who.OrganizationID,
		WorkflowID:     run.WorkflowID,
		Visit:          &visit,
		PartKey:        &part,
		Reserved:       cost.CallReserved,
		RunToken:       runToken(run),
		UnitAttempt:    unitOf(run).attempt,
	})
	return int(sent), translate(err)
}
