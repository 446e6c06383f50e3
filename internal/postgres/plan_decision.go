package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
)

// PlanDecision is a decision about one revision of a brief.
type PlanDecision struct {
	ArticleID uuid.UUID          `json:"article_id"`
	Revision  int                `json:"revision"`
	Choice    content.PlanChoice `json:"choice"`
	Reason    string             `json:"reason"`
}

// PlanDecisions are the decisions of one request.
type PlanDecisions struct {
	WorkflowID uuid.UUID
	Visit      int
	Decisions  []PlanDecision
	Origin     content.Origin
	At         time.Time
}

// DecidePlans writes decisions with the next sequence number. The transaction holds the workflow's row: see
// LockWorkflow.
func (s *Store) DecidePlans(ctx context.Context, who caller.Caller, in PlanDecisions) error {
	if len(in.Decisions) == 0 {
		return nil
	}
	encoded, err := json.Marshal(in.Decisions)
	if err != nil {
		return fmt.Errorf("encode decisions: %w", err)
	}
	return translate(s.forTenant(who.OrganizationID).PlanDecisionInsert(ctx, dbsqlc.PlanDecisionInsertParams{
		OrganizationID: who.OrganizationID,
		WorkflowID:     in.WorkflowID,
		Visit:          in.Visit,
		Origin:         in.Origin,
		Actor:          who.Actor,
		At:             in.At,
		Decisions:      encoded,
	}))
}

// LastPlanner returns the actor of the last decision that changed which articles of a visit are approved. found is
// false when there is no such decision.
func (s *Store) LastPlanner(
	ctx context.Context, who caller.Caller, flow uuid.UUID, visit int,
) (actor string, found bool, err error) {
	actor, err = s.forTenant(who.OrganizationID).PlanDecisionLastActor(ctx, dbsqlc.PlanDecisionLastActorParams{
		OrganizationID: who.OrganizationID,
		WorkflowID:     flow,
		Visit:          visit,
		Approved:       content.PlanApproved,
	})
	return one(actor, err, func(a string) string { return a })
}
