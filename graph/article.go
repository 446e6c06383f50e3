package graph

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/infin8content/engine/graph/model"
	"github.com/infin8content/engine/graph/scalar"
	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/workflow"
)

// articleList and versionList are the kinds of the cursors.
const (
	articleList = "article"
	versionList = "version"
)

// articleWindow says which articles of a workflow a page has. It is a part of batch keys.
type articleWindow struct {
	only     uuid.UUID // one article; all when it is nil
	states   string    // of the units, each in spaces; all when empty
	review   string    // "true" or "false"; both when empty
	from     int64     // the number next to the page
	size     int       // 0 for all
	backward bool
}

func (w articleWindow) chooses(a engine.Article) bool {
	return (w.only == uuid.Nil || w.only == a.ID) &&
		(w.states == "" || slices.Contains(strings.Fields(w.states), string(a.Unit.State))) &&
		(w.review == "" || w.review == fmt.Sprint(a.Last != nil && a.Last.NeedsReview))
}

// chosen returns the articles of the list, and those of the page with one more.
func (w articleWindow) chosen(all []engine.Article) (list, rows []engine.Article) {
	for _, a := range all {
		if w.chooses(a) {
			list = append(list, a)
		}
	}
	if w.size == 0 {
		return list, list
	}
	for _, a := range list {
		number := int64(a.Position)
		if w.backward && number < w.from || !w.backward && number > w.from {
			rows = append(rows, a)
		}
	}
	if w.backward {
		slices.Reverse(rows)
	}
	return list, rows[:min(len(rows), w.size+1)]
}

// articlePage is a requested page of the articles of a workflow.
type articlePage struct {
	numbered
	articleWindow
}

func decodeArticles(flow *model.Workflow, filter *model.ArticleFilter, p paging) (asked articlePage, err error) {
	if filter != nil {
		for _, state := range filter.States.Value() {
			asked.states += string(state) + " "
		}
		if review := filter.NeedsReview.Value(); review != nil {
			asked.review = fmt.Sprint(*review)
		}
	}
	list := fmt.Sprintf("%s %s%s", articleList, asked.states, asked.review)
	asked.numbered, err = decodeNumbered(listOf(flow, list), p)
	asked.articleWindow.from, asked.articleWindow.size = asked.numbered.from, asked.window.size
	asked.articleWindow.backward = asked.window.backward
	return asked, err
}

// versionsOf is the list of an article's versions, as its cursors are bound to it.
func versionsOf(a *model.Article) scalar.List {
	return scalar.List{Kind: versionList, Organization: a.Workflow.OrganizationID, Parent: a.Article.ID}
}

type articlesKey struct{}

func (r *Resolver) articlesOf(ctx context.Context, w *model.Workflow) (map[uuid.UUID][]engine.Article, error) {
	return load(w.Batch, articlesKey{}, func(all []workflow.Workflow) (map[uuid.UUID][]engine.Article, error) {
		return r.Engine.Articles(ctx, caller.From(ctx), ids(all))
	})
}

// articles returns a page of the articles of a workflow.
func (r *Resolver) articles(
	ctx context.Context, w *model.Workflow, asked articlePage,
) (*model.ArticleConnection, error) {
	found, err := r.articlesOf(ctx, w)
	if err != nil {
		return nil, err
	}
	list, rows := asked.chosen(found[w.Workflow.ID])
	wrap := func(a engine.Article) *model.Article { return r.wrapArticle(a, w, asked.articleWindow) }
	return page(rows, asked.window, wrap, model.Page[*model.Article]{
		Cursor: func(a *model.Article) string { return asked.list.Number(int64(a.Position)) },
		Count:  known(len(list)),
	}), nil
}

// article returns one article as a node.
func (r *Resolver) article(ctx context.Context, id uuid.UUID) (model.Node, error) {
	article, err := r.Engine.Article(ctx, caller.From(ctx), id)
	if err != nil {
		return nil, err
	}
	flow, err := r.Engine.Workflow(ctx, caller.From(ctx), article.WorkflowID)
	return r.wrapArticle(article, model.NewWorkflow(flow), articleWindow{only: id}), err
}

func (r *Resolver) wrapArticle(a engine.Article, w *model.Workflow, window articleWindow) *model.Article {
	return &model.Article{
		Article:  a,
		Workflow: w,
		Window:   window,
		Likely:   func(ctx context.Context) (*cost.Pico, error) { return r.likelyArticle(ctx, w) },
	}
}

// ofPages calls fetch once with the articles that the pages of all workflows of a list have, or a list of the
// organization.
func ofPages[V any](
	ctx context.Context, r *Resolver, a *model.Article, key any, fetch func([]engine.Article) (map[uuid.UUID]V, error),
) (value V, err error) {
	if list, one := a.Window.(*articlesBeside); one {
		values, err := load(a.Workflow.Batch, [2]any{list, key}, func([]workflow.Workflow) (map[uuid.UUID]V, error) {
			return fetch(*list)
		})
		return values[a.Article.ID], err
	}
	found, err := r.articlesOf(ctx, a.Workflow)
	if err != nil {
		return value, err
	}
	window, _ := a.Window.(articleWindow)
	values, err := load(a.Workflow.Batch, [2]any{window, key}, func([]workflow.Workflow) (map[uuid.UUID]V, error) {
		var shown []engine.Article
		for _, all := range found {
			_, rows := window.chosen(all)
			shown = append(shown, rows...)
		}
		if len(shown) == 0 {
			return nil, nil
		}
		return fetch(shown)
	})
	return values[a.Article.ID], err
}

type (
	articleTextsKey    struct{}
	articleEvidenceKey struct{}
	articlePartsKey    struct{}
	articleCostKey     struct{}
	marketKey          struct{}
	versionCountsKey   struct{}
	articleVersionsKey struct {
		from     int64
		size     int
		backward bool
	}
)

// markdown returns the text of an article's last version.
func (r *Resolver) markdown(ctx context.Context, a *model.Article) (string, error) {
	return ofPages(ctx, r, a, articleTextsKey{}, func(shown []engine.Article) (map[uuid.UUID]string, error) {
		revisions := map[uuid.UUID]int{}
		for _, article := range shown {
			if article.Last != nil {
				revisions[article.ID] = article.Last.Revision
			}
		}
		return r.Engine.ArticleTexts(ctx, caller.From(ctx), revisions)
	})
}

// quotes returns the evidence of an article.
func (r *Resolver) quotes(ctx context.Context, a *model.Article) ([]content.Quote, error) {
	return ofPages(ctx, r, a, articleEvidenceKey{}, func(shown []engine.Article) (map[uuid.UUID][]content.Quote, error) {
		visits := map[uuid.UUID]int{}
		for _, article := range shown {
			visits[article.ID] = article.Visit
		}
		return r.Engine.ArticleEvidence(ctx, caller.From(ctx), visits)
	})
}

// html returns an article as its readers see it.
func (r *Resolver) html(ctx context.Context, a *model.Article) (string, error) {
	markdown, err := r.markdown(ctx, a)
	if err != nil {
		return "", err
	}
	quotes, err := r.quotes(ctx, a)
	if err != nil {
		return "", err
	}
	markets, err := load(a.Workflow.Batch, marketKey{}, func([]workflow.Workflow) (map[uuid.UUID]string, error) {
		market, err := r.Engine.Market(ctx, caller.From(ctx))
		return map[uuid.UUID]string{uuid.Nil: market.LanguageCode}, err
	})
	text := content.Written{
		Markdown: markdown,
		Language: markets[uuid.Nil],
		Quotes:   quotes,
	}
	if a.Last != nil {
		text.Author = a.Last.Author
	}
	return content.PublishedHTML(text), err
}

// evidence returns the evidence of an article in an answer.
func (r *Resolver) evidence(ctx context.Context, a *model.Article) ([]model.Evidence, error) {
	markdown, err := r.markdown(ctx, a)
	if err != nil {
		return nil, err
	}
	quotes, err := r.quotes(ctx, a)
	if err != nil {
		return nil, err
	}
	cited := content.Citations(markdown)
	wrapped := make([]model.Evidence, len(quotes))
	for i, q := range quotes {
		wrapped[i] = model.Evidence{Source: q, IsCited: slices.Contains(cited, q.ID())}
	}
	return wrapped, nil
}

// parts returns the answers that an article was made of.
func (r *Resolver) parts(ctx context.Context, a *model.Article) ([]model.ArticlePart, error) {
	parts, err := ofPages(ctx, r, a, articlePartsKey{},
		func(shown []engine.Article) (map[uuid.UUID][]engine.ArticlePart, error) {
			return r.Engine.PartsOfArticles(ctx, caller.From(ctx), shown)
		})
	wrapped := make([]model.ArticlePart, len(parts))
	for i, part := range parts {
		wrapped[i] = model.ArticlePart{ArticlePart: part}
	}
	return wrapped, err
}

// likelyArticle returns the likely cost of an article now; nil when a model has no price.
func (r *Resolver) likelyArticle(ctx context.Context, w *model.Workflow) (*cost.Pico, error) {
	costs, err := load(w.Batch, articleCostKey{}, func(all []workflow.Workflow) (map[uuid.UUID]*cost.Pico, error) {
		likely, err := r.Engine.LikelyArticle(ctx, caller.From(ctx))
		return map[uuid.UUID]*cost.Pico{uuid.Nil: likely}, err
	})
	return costs[uuid.Nil], err
}

// versions returns a page of the versions of an article.
func (r *Resolver) versions(
	ctx context.Context, a *model.Article, asked numbered,
) (*model.ArticleVersionConnection, error) {
	key := articleVersionsKey{asked.from, asked.size, asked.backward}
	rows, err := ofPages(ctx, r, a, key, func(shown []engine.Article) (map[uuid.UUID][]content.ArticleVersion, error) {
		return r.Engine.VersionPages(ctx, caller.From(ctx), engine.VersionPagesInput{
			Articles: idsOf(shown),
			From:     int(asked.from),
			Size:     asked.size + 1,
			Backward: asked.backward,
		})
	})
	if err != nil {
		return nil, err
	}
	wrap := func(v content.ArticleVersion) *model.ArticleVersion { return &model.ArticleVersion{ArticleVersion: v} }
	return page(rows, asked.window, wrap, model.Page[*model.ArticleVersion]{
		Cursor: func(v *model.ArticleVersion) string { return asked.list.Number(int64(v.Revision)) },
		Count: func(ctx context.Context) (int, error) {
			return ofPages(ctx, r, a, versionCountsKey{}, func(shown []engine.Article) (map[uuid.UUID]int, error) {
				return r.Engine.CountVersions(ctx, caller.From(ctx), idsOf(shown))
			})
		},
	}), nil
}

func idsOf(articles []engine.Article) []uuid.UUID {
	ids := make([]uuid.UUID, len(articles))
	for i, article := range articles {
		ids[i] = article.ID
	}
	return ids
}
