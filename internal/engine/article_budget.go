package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// approvedArticles are the articles of a plan that is being approved.
type approvedArticles struct {
	flow     workflow.Workflow
	articles []uuid.UUID
	// maxTotal is the most that the approver accepts; nil for no such bound.
	maxTotal *cost.Pico
	at       time.Time
}

// budgetArticles forecasts approved articles in the transaction of their approval, refuses them when the most that they
// can cost does not fit, and opens their budgets, so that Reserve enforces the forecast.
func (e *Engine) budgetArticles(
	ctx context.Context, tx *postgres.Store, who caller.Caller, in approvedArticles,
) (WorkForecast, error) {
	room, err := e.lockRoom(ctx, tx, who, in.flow, in.at)
	if err != nil {
		return WorkForecast{}, err
	}
	parts, err := e.articleParts(ctx, tx, who, "")
	if err != nil {
		return WorkForecast{}, err
	}
	forecast, err := e.forecastWork(ctx, tx, who, workAhead{
		room:     room,
		parts:    parts,
		articles: len(in.articles),
		at:       in.at,
	})
	if err != nil {
		return WorkForecast{}, err
	}
	if err := forecast.Refusal(); err != nil {
		return WorkForecast{}, err
	}
	if in.maxTotal != nil && forecast.Most > *in.maxTotal {
		bound := cost.Balance{Limit: cost.Limit(*in.maxTotal)}
		return WorkForecast{}, &MaxTotalError{RefusedError: cost.RefusedError{Refusal: cost.Refusal{
			Account:    cost.AccountWorkflow,
			Balance:    bound,
			Needed:     forecast.Most,
			Affordable: min(bound.Affordable(forecast.Cap, cost.MaxArticles), forecast.Affordable),
		}}}
	}
	return forecast, tx.OpenArticleBudgets(ctx, who, postgres.NewArticleBudgets{
		WorkflowID: in.flow.ID,
		ArticleIDs: in.articles,
		Cap:        forecast.Cap,
		At:         in.at,
	})
}

// MaxTotalError reports that the most that approved articles can cost is more than the approver accepts.
type MaxTotalError struct{ cost.RefusedError }

func (e *MaxTotalError) Error() string {
	limit, _ := e.Balance.Limit.Amount()
	return fmt.Sprintf("The articles can cost $%s, and the approval accepts at most $%s.", e.Needed, limit)
}

// Unwrap is the refusal that the API shows.
func (e *MaxTotalError) Unwrap() error { return &e.RefusedError }

// Field names the bound.
func (*MaxTotalError) Field() []string { return []string{"maxTotal"} }

// ArticleBudgets returns the budgets of articles by their ids. An article without a budget is not in the answer.
func (e *Engine) ArticleBudgets(
	ctx context.Context, who caller.Caller, articles []uuid.UUID,
) (map[uuid.UUID]cost.ArticleBudget, error) {
	budgets, err := e.store.ArticleBudgets(ctx, who, articles)
	if err != nil {
		return nil, fmt.Errorf("read the budgets of articles: %w", err)
	}
	return budgets, nil
}
