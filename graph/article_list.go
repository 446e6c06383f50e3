package graph

import (
	"context"

	"github.com/google/uuid"

	"github.com/infin8content/engine/graph/model"
	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/workflow"
)

// failedArticleList is the list of an organization's failed articles, as its cursors are bound to it.
const failedArticleList = "failed articles of an organization"

// reviewArticleList is the list of an organization's articles to review, as its cursors are bound to it.
const reviewArticleList = "articles to review of an organization"

// articlesBeside are the articles of a list of the organization. It is a part of batch keys.
type articlesBeside []engine.Article

// failedArticles returns a page of the organization's articles whose writing has failed.
func (r *Resolver) failedArticles(ctx context.Context, asked moments) (*model.ArticleConnection, error) {
	who := caller.From(ctx)
	found, err := r.Engine.FailedArticles(ctx, who, engine.FailedArticlesInput{
		Backward: asked.backward,
		After:    asked.from,
		First:    asked.size + 1,
	})
	if err != nil {
		return nil, err
	}
	return r.articlesOfWorkflows(found, asked, func(a engine.ArticleOfWorkflow) string {
		return asked.list.Moment(a.Unit.ChangedAt, a.Unit.ID)
	}, func(ctx context.Context) (int, error) { return r.Engine.CountFailedArticles(ctx, who) }), nil
}

// articlesToReview returns a page of the organization's articles whose last text has findings that no person has
// judged.
func (r *Resolver) articlesToReview(ctx context.Context, asked moments) (*model.ArticleConnection, error) {
	who := caller.From(ctx)
	found, err := r.Engine.ArticlesToReview(ctx, who, engine.ArticlesToReviewInput{
		Backward: asked.backward,
		After:    asked.from,
		First:    asked.size + 1,
	})
	if err != nil {
		return nil, err
	}
	return r.articlesOfWorkflows(found, asked, func(a engine.ArticleOfWorkflow) string {
		return asked.list.Moment(a.TextAt, a.ID)
	}, func(ctx context.Context) (int, error) { return r.Engine.CountArticlesToReview(ctx, who) }), nil
}

// articlesOfWorkflows returns a page of articles of several workflows. The cursors are those of the rows as they were
// listed: what is read later may have changed.
func (r *Resolver) articlesOfWorkflows(
	found []engine.ArticleOfWorkflow, asked moments, cursor func(engine.ArticleOfWorkflow) string,
	count func(context.Context) (int, error),
) *model.ArticleConnection {
	flows, beside := make([]workflow.Workflow, len(found)), make(articlesBeside, len(found))
	cursors := map[uuid.UUID]string{}
	for i, a := range found {
		flows[i], beside[i], cursors[a.ID] = a.Workflow, a.WrittenArticle, cursor(a)
	}
	shown := batchOf(flows)
	wrap := func(a engine.ArticleOfWorkflow) *model.Article {
		article := r.wrapArticle(a.WrittenArticle, shown[a.WorkflowID], articleWindow{})
		article.Window = &beside
		return article
	}
	return page(found, asked.window, wrap, model.Page[*model.Article]{
		Cursor: func(a *model.Article) string { return cursors[a.Article.ID] },
		Count:  count,
	})
}

// batchOf returns the workflows of a list, each once and all in one batch.
func batchOf(flows []workflow.Workflow) map[uuid.UUID]*model.Workflow {
	shown := map[uuid.UUID]*model.Workflow{}
	var once []workflow.Workflow
	for _, flow := range flows {
		if _, there := shown[flow.ID]; !there {
			shown[flow.ID] = nil
			once = append(once, flow)
		}
	}
	for _, flow := range model.NewBatch(once) {
		shown[flow.Workflow.ID] = flow
	}
	return shown
}
