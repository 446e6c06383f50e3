package engine

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// ParkArticles parks a run of step 6 over one unit for each approved article of the current plan, in one transaction
// with the articles and their budgets. NOTHING_APPROVED without an approved article.
func (e *Engine) ParkArticles(ctx context.Context, who caller.Caller, run workflow.Run, visit int) error {
	plans, err := e.Plans(ctx, who, []uuid.UUID{run.WorkflowID})
	if err != nil {
		return err
	}
	plan := plans[run.WorkflowID]
	approved := plan.Approved()
	if len(approved) == 0 {
		return fault.New(fault.NothingApproved, "No article is approved.")
	}
	units := make([]NewUnit, len(approved))
	articles := make([]postgres.NewArticle, len(approved))
	for i, item := range approved {
		units[i] = NewUnit{ID: e.newID(), Label: item.Plan.Brief.Title}
		articles[i] = postgres.NewArticle{
			ID:           item.Page.ID,
			UnitID:       units[i].ID,
			PlanRevision: item.Plan.Revision,
		}
	}
	return e.Park(ctx, who, ParkInput{
		Run:   run,
		Visit: visit,
		Units: units,
		keep: func(ctx context.Context, tx *postgres.Store) error {
			return e.addArticles(ctx, tx, who, postgres.NewArticles{
				WorkflowID: run.WorkflowID,
				Visit:      visit,
				PlanVisit:  plan.Visit,
				Articles:   articles,
				At:         e.now(),
			})
		},
	})
}

// addArticles writes the articles of a visit. Their budgets exist already, except where the gate of the plan is off.
func (e *Engine) addArticles(
	ctx context.Context, tx *postgres.Store, who caller.Caller, n postgres.NewArticles,
) error {
	ids := make([]uuid.UUID, len(n.Articles))
	for i, article := range n.Articles {
		ids[i] = article.ID
	}
	err := tx.OpenArticleBudgets(ctx, who, postgres.NewArticleBudgets{
		WorkflowID: n.WorkflowID,
		ArticleIDs: ids,
		Cap:        e.articleCap,
		At:         n.At,
	})
	if err != nil {
		return fmt.Errorf("open the budgets of the articles: %w", err)
	}
	if err := tx.AddArticles(ctx, who, n); err != nil {
		return fmt.Errorf("write the articles: %w", err)
	}
	return nil
}
