package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// ArticleOfWorkflow is an article with its workflow.
type ArticleOfWorkflow = postgres.ArticleOfWorkflow

// FailedArticlesInput selects articles of all workflows whose writing has failed. Those come first that failed first.
// After is the cursor of the last article of the page before: the time of its unit's last event, and the unit's id.
type FailedArticlesInput struct {
	Backward bool
	After    *Cursor
	First    int
}

// FailedArticles returns at most First articles of current visits whose writing has failed. Their workflows are in step
// 6, so a person can retry or skip each.
func (e *Engine) FailedArticles(
	ctx context.Context, who caller.Caller, in FailedArticlesInput,
) ([]ArticleOfWorkflow, error) {
	from := in.After.from(in.Backward)
	articles, err := e.store.ArticlesByUnitState(ctx, who, postgres.UnitStatePage{
		UnitStates: failedUnits(),
		Descending: in.Backward,
		At:         from.At,
		ID:         from.ID,
		First:      int32(in.First),
	})
	if err != nil {
		return nil, fmt.Errorf("list failed articles: %w", err)
	}
	return articles, e.addLastVersions(ctx, who, articles)
}

// addLastVersions adds the last version of each article in its visit. One statement.
func (e *Engine) addLastVersions(ctx context.Context, who caller.Caller, articles []ArticleOfWorkflow) error {
	visits := map[uuid.UUID]int{}
	for _, a := range articles {
		visits[a.ID] = a.Visit
	}
	versions, err := e.store.LastVersionsOfArticles(ctx, who, visits)
	if err != nil {
		return fmt.Errorf("read the last versions of articles: %w", err)
	}
	for i := range articles {
		if version, there := versions[articles[i].ID]; there {
			articles[i].Last = &version
		}
	}
	return nil
}

// CountFailedArticles counts the articles that FailedArticles pages through.
func (e *Engine) CountFailedArticles(ctx context.Context, who caller.Caller) (int, error) {
	n, err := e.store.CountArticlesByUnitState(ctx, who, failedUnits())
	if err != nil {
		return 0, fmt.Errorf("count failed articles: %w", err)
	}
	return n, nil
}

// failedUnits are the units of articles that a person must decide about.
func failedUnits() postgres.UnitStates {
	return postgres.UnitStates{
		Step:  workflow.StepArticle,
		State: workflow.UnitFailed,
		Flows: []workflow.State{workflow.ArticleProcessing, workflow.ArticleFailed, workflow.ArticleCompleted},
	}
}

// ArticlesToReviewInput selects articles of all workflows whose last text has findings that no person has judged. Those
// come first whose text is the oldest. After is the cursor of the last article of the page before: the time of its last
// text, and the article's id.
type ArticlesToReviewInput struct {
	Backward bool
	After    *Cursor
	First    int
}

// ArticlesToReview returns at most First articles of current visits whose last text has findings that no person has
// judged. Their workflows are in step 6 or 7.
func (e *Engine) ArticlesToReview(
	ctx context.Context, who caller.Caller, in ArticlesToReviewInput,
) ([]ArticleOfWorkflow, error) {
	from := in.After.from(in.Backward)
	articles, err := e.store.ArticlesToReview(ctx, who, postgres.UnitStatePage{
		UnitStates: reviewableUnits(),
		Descending: in.Backward,
		At:         from.At,
		ID:         from.ID,
		First:      int32(in.First),
	})
	if err != nil {
		return nil, fmt.Errorf("list articles to review: %w", err)
	}
	return articles, e.addLastVersions(ctx, who, articles)
}

// CountArticlesToReview counts the articles that ArticlesToReview pages through.
func (e *Engine) CountArticlesToReview(ctx context.Context, who caller.Caller) (int, error) {
	n, err := e.store.CountArticlesToReview(ctx, who, reviewableUnits())
	if err != nil {
		return 0, fmt.Errorf("count articles to review: %w", err)
	}
	return n, nil
}

// reviewableUnits are the units of finished articles that may still be published.
func reviewableUnits() postgres.UnitStates {
	return postgres.UnitStates{
		Step:  workflow.StepArticle,
		State: workflow.UnitDone,
		Flows: []workflow.State{
			workflow.ArticleProcessing, workflow.ArticleFailed, workflow.ArticleCompleted,
			workflow.PublishPending, workflow.PublishProcessing, workflow.PublishFailed,
		},
	}
}

// ArticleTitles returns the titles of articles of some workflows. One that no current visit writes is not in the map.
func (e *Engine) ArticleTitles(
	ctx context.Context, who caller.Caller, articles map[uuid.UUID]uuid.UUID,
) (map[uuid.UUID]string, error) {
	flows := slices.Compact(slices.SortedFunc(maps.Values(articles), compareIDs))
	current, err := e.store.CurrentVisits(ctx, who, flows, workflow.StepArticle)
	if err != nil {
		return nil, fmt.Errorf("read the current visits: %w", err)
	}
	visits := map[uuid.UUID]int{}
	for article, flow := range articles {
		if visit, there := current[flow]; there {
			visits[article] = visit
		}
	}
	if len(visits) == 0 {
		return nil, nil
	}
	titles, err := e.store.ArticleTitles(ctx, who, visits)
	if err != nil {
		return nil, fmt.Errorf("read the titles of articles: %w", err)
	}
	return titles, nil
}
