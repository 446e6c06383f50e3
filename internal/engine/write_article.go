package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// ArticleWork is what an attempt at an article works from.
type ArticleWork struct {
	Article content.Article
	StepInput
	// Brand is the brand voice in force: its rules are for the writer, its banned words for the checks.
	Brand BrandSettings
	// Hosts are those of the company's own website, which a text may link to.
	Hosts []string
	// BasedOn is the version that the new text is made from; nil for a text from the brief.
	BasedOn *int
	// Section is the section of that version that is to be written again, from 0; nil for the whole text.
	Section *int
	// IsKept reports that the article has a text and that no decision asks for another one. The attempt ends at once.
	IsKept bool
	// Others are the titles of the workflow's other articles.
	Others []string
	// Fingerprints are those of the organization's other articles.
	Fingerprints []uint64
	// Parts are the answers that earlier attempts paid for.
	Parts map[string]Part
	// LastFailure is the failure of the attempt before this one; "" for the first one, and after a REOPEN.
	LastFailure workflow.FailureCode
}

// Check returns what is wrong with a text of the article that may cite some quotes.
func (w ArticleWork) Check(title, markdown string, quotes []content.Quote) []content.Check {
	text := content.ArticleText{
		Title:          title,
		Markdown:       markdown,
		Language:       w.Market.LanguageCode,
		TargetWords:    w.Article.Brief.TargetWords,
		PrimaryKeyword: w.Article.Brief.PrimaryKeyword,
		Hosts:          w.Hosts,
		Banned:         w.Brand.Banned,
		Others:         w.Fingerprints,
		NoNumbers:      len(quotes) == 0,
	}
	for _, q := range quotes {
		text.Evidence, text.Links = append(text.Evidence, q.ID()), append(text.Links, q.URL)
	}
	return content.CheckArticle(text)
}

// mostFingerprints is how many other articles a text is compared with, the newest ones.
const mostFingerprints = 500

// OpenArticle returns what an attempt at a unit of step 6 works from.
func (e *Engine) OpenArticle(ctx context.Context, who caller.Caller, unit workflow.Unit) (ArticleWork, error) {
	var w ArticleWork
	visits := map[uuid.UUID]int{unit.WorkflowID: unit.Visit}
	articles, err := e.store.Articles(ctx, who, visits)
	if err != nil {
		return w, fmt.Errorf("read the articles of workflow %s: %w", unit.WorkflowID, err)
	}
	for _, article := range articles[unit.WorkflowID] {
		if article.UnitID == unit.ID {
			w.Article = article.Article
		} else {
			w.Others = append(w.Others, article.Brief.Title)
		}
	}
	if w.Article.UnitID != unit.ID {
		return w, notFound("article")
	}
	if w.StepInput, err = e.StepInput(ctx, who, unit.Run()); err != nil {
		return w, err
	}
	if w.LastFailure, err = e.lastFailure(ctx, who, unit); err != nil {
		return w, err
	}
	flow, err := e.Workflow(ctx, who, unit.WorkflowID)
	if err != nil {
		return w, err
	}
	if err := w.readRules(ctx, e.store, who, flow); err != nil {
		return w, err
	}
	if w.Parts, err = e.ArticleParts(ctx, who, w.Article); err != nil {
		return w, fmt.Errorf("read the parts of article %s: %w", w.Article.ID, err)
	}
	return w, e.readDecision(ctx, who, &w)
}

// readRules reads what a text of the article is checked against, beside its brief and its market.
func (w *ArticleWork) readRules(
	ctx context.Context, store *postgres.Store, who caller.Caller, flow workflow.Workflow,
) (err error) {
	if host, valid := content.Domain(flow.Company.URL); valid {
		w.Hosts = []string{host}
	}
	if w.Brand, err = store.BrandSettings(ctx, who); err != nil {
		return fmt.Errorf("read the brand voice: %w", err)
	}
	w.Fingerprints, err = store.OtherFingerprints(ctx, who, w.Article.ID, mostFingerprints)
	if err != nil {
		return fmt.Errorf("read the other articles: %w", err)
	}
	return nil
}

// BrandRevision is the version of the brand voice; nil without one.
func (w ArticleWork) BrandRevision() *int {
	if w.Brand.Version < 0 {
		return nil
	}
	return &w.Brand.Version
}

// readDecision reads the last version of the article and the decision about it. A rejection with feedback asks for a
// text that is based on that version, and so does a section that is to be written again.
func (e *Engine) readDecision(ctx context.Context, who caller.Caller, w *ArticleWork) error {
	versions, err := e.ArticleVersions(ctx, who, VersionsInput{ArticleID: w.Article.ID, Size: 1})
	if err != nil {
		return fmt.Errorf("read the last version of article %s: %w", w.Article.ID, err)
	}
	if len(versions) == 0 || versions[0].Visit != w.Article.Visit {
		return nil
	}
	last := versions[0]
	w.Article.Last, w.IsKept = &last, true
	decisions, err := e.store.ArticleDecisions(ctx, who, []uuid.UUID{w.Article.ID})
	if err != nil {
		return fmt.Errorf("read the decisions about article %s: %w", w.Article.ID, err)
	}
	all := decisions[w.Article.ID]
	if len(all) == 0 {
		return nil
	}
	if d := all[len(all)-1]; d.Revision == last.Revision && d.Asks() {
		w.IsKept, w.BasedOn = false, &last.Revision
		w.Section, w.Feedback = d.Section, d.Feedback
	}
	return nil
}

// lastFailure returns why the attempt before the current one failed.
func (e *Engine) lastFailure(
	ctx context.Context, who caller.Caller, unit workflow.Unit,
) (workflow.FailureCode, error) {
	events, err := e.store.UnitHistory(ctx, who, unit)
	if err != nil {
		return "", fmt.Errorf("read the events of unit %s: %w", unit.ID, err)
	}
	for _, event := range events {
		if event.Kind == workflow.UnitRetry || event.Kind == workflow.UnitReopen {
			return event.Unit.Failure, nil
		}
	}
	return "", nil
}

// FinishArticleInput ends an attempt at an article with its text.
type FinishArticleInput struct {
	Unit    workflow.Unit
	Article content.Article
	Version content.ArticleVersion
	// Quotes are the evidence that the text may cite. Their pages are stored.
	Quotes []content.Quote
	// Provider is the one of the models that wrote the text.
	Provider string
}

// FinishArticle ends an attempt at an article: the version, its evidence and the end of the unit are one commit. A text
// that would be written over one of a person is dropped, and the unit is done. When the attempt is lost, everything is
// dropped and the error is *LostRunError.
func (e *Engine) FinishArticle(ctx context.Context, who caller.Caller, in FinishArticleInput) error {
	in.Version.WorkflowID, in.Version.ArticleID = in.Article.WorkflowID, in.Article.ID
	in.Version.Visit, in.Version.Author = in.Article.Visit, content.AuthorEngine
	in.Version.IsSynthetic = isSynthetic(in.Provider)
	return e.FinishUnit(ctx, who, FinishUnitInput{
		Unit: in.Unit,
		keep: func(ctx context.Context, tx *postgres.Store, at time.Time) error {
			in.Version.CreatedAt = at
			_, written, err := tx.AddArticleVersion(ctx, who, in.Version)
			if err != nil || !written {
				return err
			}
			if err := tx.AddEvidence(ctx, who, in.Article, in.Quotes, at); err != nil {
				return fmt.Errorf("write the evidence of article %s: %w", in.Article.ID, err)
			}
			return nil
		},
	})
}

// KeepPages stores pages that were read at one time. They are a cache of the organization.
func (e *Engine) KeepPages(
	ctx context.Context, who caller.Caller, pages []content.WebPage, at time.Time,
) error {
	return e.store.AddPages(ctx, who, pages, at)
}

// KeepSnapshots stores result pages of a search engine. They are a cache of the organization.
func (e *Engine) KeepSnapshots(ctx context.Context, who caller.Caller, snapshots []content.Snapshot) error {
	return e.store.AddSnapshots(ctx, who, snapshots, e.now())
}

// Pages returns the last reading of each address since a time.
func (e *Engine) Pages(
	ctx context.Context, who caller.Caller, urls []string, since time.Time,
) ([]content.WebPage, error) {
	return e.store.Pages(ctx, who, urls, since)
}

// PagesAt returns pages as they were read at some times.
func (e *Engine) PagesAt(ctx context.Context, who caller.Caller, wanted []content.WebPage) ([]content.WebPage, error) {
	return e.store.PagesAt(ctx, who, wanted)
}
