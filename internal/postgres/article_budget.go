package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
)

// NewArticleBudgets are budgets to be opened, all with one cap.
type NewArticleBudgets struct {
	WorkflowID uuid.UUID
	ArticleIDs []uuid.UUID
	Cap        cost.Pico
	At         time.Time
}

// OpenArticleBudgets opens the budgets of articles. An article that has one keeps it.
func (s *Store) OpenArticleBudgets(ctx context.Context, who caller.Caller, n NewArticleBudgets) error {
	return translate(s.forTenant(who.OrganizationID).ArticleBudgetOpen(ctx, dbsqlc.ArticleBudgetOpenParams{
		OrganizationID: who.OrganizationID,
		ArticleIds:     n.ArticleIDs,
		WorkflowID:     n.WorkflowID,
		CapPico:        n.Cap,
		Actor:          who.Actor,
		At:             n.At,
	}))
}

// ArticleBudgets returns budgets by the ids of their articles.
func (s *Store) ArticleBudgets(
	ctx context.Context, who caller.Caller, articles []uuid.UUID,
) (map[uuid.UUID]cost.ArticleBudget, error) {
	rows, err := s.forTenant(who.OrganizationID).ArticleBudgetList(ctx, dbsqlc.ArticleBudgetListParams{
		OrganizationID: who.OrganizationID, ArticleIds: articles,
	})
	if err != nil {
		return nil, translate(err)
	}
	budgets := make(map[uuid.UUID]cost.ArticleBudget, len(rows))
	for _, r := range rows {
		budgets[r.ArticleID] = toArticleBudget(r)
	}
	return budgets, nil
}

// bookOnArticle follows an event of a call on the budget of its article. For a call without an article it does nothing.
func (s *Store) bookOnArticle(ctx context.Context, call Call, delta cost.Delta) error {
	if call.ArticleID == nil {
		return nil
	}
	return translate(s.forTenant(call.OrganizationID).ArticleBudgetBook(ctx, dbsqlc.ArticleBudgetBookParams{
		HeldDelta:      int64(delta.Held),
		SettledDelta:   int64(delta.Settled),
		OrganizationID: call.OrganizationID,
		ArticleID:      *call.ArticleID,
	}))
}

func toArticleBudget(r dbsqlc.ArticleBudget) cost.ArticleBudget {
	return cost.ArticleBudget{
		WorkflowID: r.WorkflowID,
		ArticleID:  r.ArticleID,
		Cap:        r.CapPico,
		Held:       r.HeldPico,
		Settled:    r.SettledPico,
		Overage:    r.Overage,
		OpenedBy:   r.OpenedBy,
		OpenedAt:   r.OpenedAt.UTC(),
	}
}
