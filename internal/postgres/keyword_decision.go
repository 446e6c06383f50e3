package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
)

// KeywordDecisions are the decisions of one request. KeywordIDs and Choices have the same length.
type KeywordDecisions struct {
	WorkflowID uuid.UUID
	Visit      int
	KeywordIDs []uuid.UUID
	Choices    []content.Choice
	Origin     content.Origin
	Reason     string
	At         time.Time
}

// DecideKeywords writes decisions with the next sequence number. The transaction holds the workflow's row: see
// LockWorkflow.
func (s *Store) DecideKeywords(ctx context.Context, who caller.Caller, in KeywordDecisions) error {
	_, err := s.forTenant(who.OrganizationID).KeywordDecisionInsert(ctx, dbsqlc.KeywordDecisionInsertParams{
		OrganizationID: who.OrganizationID,
		WorkflowID:     in.WorkflowID,
		Visit:          in.Visit,
		Origin:         in.Origin,
		Actor:          who.Actor,
		Reason:         in.Reason,
		At:             in.At,
		KeywordIds:     in.KeywordIDs,
		Choices:        texts(in.Choices),
	})
	return translate(err)
}

// LastReviewer returns the person behind the last decision that changed the selection of a visit. found is false when
// there is no such decision.
func (s *Store) LastReviewer(
	ctx context.Context, who caller.Caller, flow uuid.UUID, visit int,
) (actor string, found bool, err error) {
	actor, err = s.forTenant(who.OrganizationID).KeywordDecisionLastActor(ctx, dbsqlc.KeywordDecisionLastActorParams{
		OrganizationID: who.OrganizationID,
		WorkflowID:     flow,
		Visit:          visit,
		Selected:       content.ChoiceSelected,
	})
	return one(actor, err, func(a string) string { return a })
}
