package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// Article is an article of a workflow with its unit. Its Last is the last version without the Markdown.
type Article = postgres.WrittenArticle

// Articles returns the articles of the current visit of step 6 of each workflow, in the order of the plan, with their
// briefs, units, budgets and last versions. A workflow that writes none is not in the map.
func (e *Engine) Articles(
	ctx context.Context, who caller.Caller, flows []uuid.UUID,
) (map[uuid.UUID][]Article, error) {
	return articlesOf(ctx, e.store, who, flows)
}

func articlesOf(
	ctx context.Context, store *postgres.Store, who caller.Caller, flows []uuid.UUID,
) (map[uuid.UUID][]Article, error) {
	visits, err := store.CurrentVisits(ctx, who, flows, workflow.StepArticle)
	if err != nil {
		return nil, fmt.Errorf("read the current visits: %w", err)
	}
	if len(visits) == 0 {
		return nil, nil
	}
	articles, err := store.Articles(ctx, who, visits)
	if err != nil {
		return nil, fmt.Errorf("read the articles: %w", err)
	}
	versions, err := store.LastVersions(ctx, who, visits)
	if err != nil {
		return nil, fmt.Errorf("read the last versions: %w", err)
	}
	for _, all := range articles {
		for i := range all {
			if version, there := versions[all[i].ID]; there {
				all[i].Last = &version
			}
		}
	}
	return articles, nil
}

// ArticlesByID returns articles of current visits by their ids. One that no current visit writes is not in the map.
func (e *Engine) ArticlesByID(
	ctx context.Context, who caller.Caller, ids []uuid.UUID,
) (map[uuid.UUID]Article, error) {
	flows, err := e.store.WorkflowsOfArticles(ctx, who, ids)
	if err != nil {
		return nil, fmt.Errorf("read the workflows of articles: %w", err)
	}
	var wanted []uuid.UUID
	for _, flow := range flows {
		wanted = append(wanted, flow)
	}
	articles, err := e.Articles(ctx, who, wanted)
	if err != nil {
		return nil, err
	}
	found := map[uuid.UUID]Article{}
	for _, id := range ids {
		for _, article := range articles[flows[id]] {
			if article.ID == id {
				found[id] = article
			}
		}
	}
	return found, nil
}

// Article returns one article of a current visit, or NOT_FOUND.
func (e *Engine) Article(ctx context.Context, who caller.Caller, id uuid.UUID) (Article, error) {
	articles, err := e.ArticlesByID(ctx, who, []uuid.UUID{id})
	article, there := articles[id]
	if article, err = found(article, there, err, "article"); err != nil {
		return article, err
	}
	return article, e.reach(ctx, who, article.WorkflowID, "article")
}

// ArticleTexts returns the Markdown of one revision of each article.
func (e *Engine) ArticleTexts(
	ctx context.Context, who caller.Caller, revisions map[uuid.UUID]int,
) (map[uuid.UUID]string, error) {
	return e.store.VersionTexts(ctx, who, revisions)
}

// ArticleEvidence returns the quotes that each article may cite in one visit.
func (e *Engine) ArticleEvidence(
	ctx context.Context, who caller.Caller, visits map[uuid.UUID]int,
) (map[uuid.UUID][]content.Quote, error) {
	return e.store.Evidence(ctx, who, visits)
}

// VersionsInput asks for versions of an article before a revision, the newest first; from the last one when Before is
// zero.
type VersionsInput = postgres.VersionsPage

// ArticleVersions returns versions of an article with their texts, the newest first.
func (e *Engine) ArticleVersions(
	ctx context.Context, who caller.Caller, in VersionsInput,
) ([]content.ArticleVersion, error) {
	return e.store.ArticleVersions(ctx, who, in)
}

// ArticleParts returns the answers that each article has in its visit, without their contents' order.
func (e *Engine) ArticleParts(
	ctx context.Context, who caller.Caller, article content.Article,
) (map[string]Part, error) {
	return e.store.PartsOf(ctx, who, postgres.PartsSubject{
		WorkflowID: article.WorkflowID, Visit: article.Visit, Subject: article.ID.String(),
	})
}

// VersionPagesInput asks for one page of the versions of each article: those after a revision, or with Backward those
// before it, the last one first.
type VersionPagesInput = postgres.VersionPages

// VersionPages returns one page of the versions of each article with their texts.
func (e *Engine) VersionPages(
	ctx context.Context, who caller.Caller, in VersionPagesInput,
) (map[uuid.UUID][]content.ArticleVersion, error) {
	return e.store.VersionPages(ctx, who, in)
}

// CountVersions returns the number of versions of each article that has some.
func (e *Engine) CountVersions(
	ctx context.Context, who caller.Caller, articles []uuid.UUID,
) (map[uuid.UUID]int, error) {
	return e.store.CountVersions(ctx, who, articles)
}

// ArticlePart is an answer that an article was made of, without its content.
type ArticlePart = postgres.SubjectPart

// PartsOfArticles returns the answers that each article was made of in its visit, the oldest first.
func (e *Engine) PartsOfArticles(
	ctx context.Context, who caller.Caller, articles []Article,
) (map[uuid.UUID][]ArticlePart, error) {
	subjects := make([]postgres.PartsSubject, len(articles))
	for i, a := range articles {
		subjects[i] = postgres.PartsSubject{
			WorkflowID: a.WorkflowID, Visit: a.Visit, Subject: a.ID.String(),
		}
	}
	parts, err := e.store.PartsOfSubjects(ctx, who, subjects)
	if err != nil {
		return nil, err
	}
	found := map[uuid.UUID][]ArticlePart{}
	for _, a := range articles {
		found[a.ID] = parts[a.ID.String()]
	}
	return found, nil
}

// LikelyArticle returns what an article probably costs now; nil when a model has no price.
func (e *Engine) LikelyArticle(ctx context.Context, who caller.Caller) (*cost.Pico, error) {
	parts, err := e.articleParts(ctx, e.store, who, "")
	if err != nil {
		return nil, err
	}
	forecast, err := e.forecastWork(ctx, e.store, who, workAhead{parts: parts, articles: 1, at: e.now()})
	var unknown *cost.PriceUnknownError
	if errors.As(err, &unknown) {
		return nil, nil
	}
	return &forecast.Likely, err
}
