package model

import (
	"context"
	"time"

	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/publicid"
)

// Article is an article in an answer. Window says which articles of each workflow the list has, so that what one
// article needs is fetched for all of them.
type Article struct {
	engine.Article
	Workflow *Workflow
	Window   any
	// Likely is what an article probably costs now; nil when a model has no price.
	Likely func(context.Context) (*cost.Pico, error)
}

// IsNode marks Article as a Node.
func (Article) IsNode() {}

// ID is the public id.
func (a Article) ID() publicid.ID { return publicid.New(publicid.Article, a.Article.ID) }

// Brief is the approved revision.
func (a Article) Brief() content.Brief { return a.Article.Brief }

// Unit is the work on the article.
func (a Article) Unit() *Unit { return &Unit{a.Article.Unit} }

// last is the last version; an empty one before the first.
func (a Article) last() content.ArticleVersion {
	if a.Last == nil {
		return content.ArticleVersion{}
	}
	return *a.Last
}

// Revision is 0 before the first version.
func (a Article) Revision() int { return a.last().Revision }

// MetaDescription is empty before the first version.
func (a Article) MetaDescription() string { return a.last().MetaDescription }

// Slug is made from the title.
func (a Article) Slug() string { return content.Slug(a.Title()) }

// Words is 0 before the first version.
func (a Article) Words() int { return a.last().Words }

// Checks are never nil.
func (a Article) Checks() []ArticleCheck { return articleChecks(a.last().Checks) }

// NeedsReview reports whether a person must decide.
func (a Article) NeedsReview() bool { return a.last().NeedsReview }

// ResearchMode is nil before the first version.
func (a Article) ResearchMode() *cost.ResearchMode { return given(a.last().Mode) }

// Spend is the money of the article.
func (a Article) Spend() ArticleSpend { return ArticleSpend{a.Budget, a.Likely} }

// IsSynthetic reports whether the sandbox wrote the text.
func (a Article) IsSynthetic() bool { return a.last().IsSynthetic }

// ArticleSpend is the budget of an article in an answer.
type ArticleSpend struct {
	cost.ArticleBudget
	likely func(context.Context) (*cost.Pico, error)
}

// Forecast is a method because it is a query.
func (s ArticleSpend) Forecast(ctx context.Context) (*cost.Pico, error) { return s.likely(ctx) }

// ArticleCheck is a finding in an answer.
type ArticleCheck struct{ content.Check }

// Section is nil for the whole text.
func (c ArticleCheck) Section() *string { return given(c.Check.Section) }

func articleChecks(checks []content.Check) []ArticleCheck {
	wrapped := make([]ArticleCheck, len(checks))
	for i, check := range checks {
		wrapped[i] = ArticleCheck{check}
	}
	return wrapped
}

// Evidence is a quote in an answer.
type Evidence struct {
	Source  content.Quote
	IsCited bool
}

// ID is the id by which a text cites it.
func (e Evidence) ID() publicid.ID { return publicid.ID(e.Source.ID()) }

// URL is the address of the page.
func (e Evidence) URL() string { return e.Source.URL }

// Title is the title of the page.
func (e Evidence) Title() string { return e.Source.Title }

// Quote is the text of the quote.
func (e Evidence) Quote() string { return e.Source.Text }

// FetchedAt is when the page was read.
func (e Evidence) FetchedAt() time.Time { return e.Source.FetchedAt }

// ArticlePart is an answer that an article was made of.
type ArticlePart struct{ engine.ArticlePart }

// CallID is nil for a free answer.
func (p ArticlePart) CallID() *publicid.ID {
	if p.ArticlePart.CallID == nil {
		return nil
	}
	id := publicid.New(publicid.Call, *p.ArticlePart.CallID)
	return &id
}

// ArticleSection is a section of a text in an answer.
type ArticleSection struct {
	Index, Level, Words int
	Heading             *string
}

// RegenerateSectionPayload is the answer of regenerateSection. Likely and Most are nil when nothing changed, and in a
// replay.
type RegenerateSectionPayload struct {
	Workflow     *Workflow
	Article      *Article
	Likely, Most *cost.Pico
	Replayed     bool
	UserErrors   []UserError
}

// ArticleDecision is a verdict about a text in an answer.
type ArticleDecision struct{ content.ArticleDecision }

// DecidedBy is the actor.
func (d ArticleDecision) DecidedBy() string { return d.Actor }

// ArticleVersion is a version in an answer.
type ArticleVersion struct{ content.ArticleVersion }

// Checks are never nil.
func (v ArticleVersion) Checks() []ArticleCheck { return articleChecks(v.ArticleVersion.Checks) }

// ResearchMode is where the evidence is from.
func (v ArticleVersion) ResearchMode() cost.ResearchMode { return v.Mode }

// The lists of articles and of their versions.
type (
	ArticleConnection        = Connection[*Article]
	ArticleEdge              = Edge[*Article]
	ArticleVersionConnection = Connection[*ArticleVersion]
	ArticleVersionEdge       = Edge[*ArticleVersion]
)
