package steps

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/llm"
	"github.com/infin8content/engine/internal/workflow"
)

// article is the sixth step: it writes the approved articles, each as a unit of its own.
type article struct{ options Options }

// Key is ARTICLE.
func (*article) Key() workflow.StepKey { return workflow.StepArticle }

// Run plans the units, or ends the step when all of them have ended. Its contract is that of Executor.
func (s *article) Run(ctx context.Context, who caller.Caller, _ workflow.Workflow, run workflow.Run) error {
	r := runner{options: s.options, who: who, run: run}
	return r.overUnits(ctx, unitPlan{
		park:   s.park,
		result: s.result,
		empty:  "Every article was skipped.",
	})
}

func (s *article) park(ctx context.Context, v visit) error {
	err := v.book(ctx, func(ctx context.Context) error {
		return s.options.Engine.ParkArticles(ctx, v.who, v.run, v.Number)
	})
	if fault.KindOf(err) == fault.NothingApproved {
		return &emptyError{err.Error()}
	}
	return err
}

// articleResult is the result of the step beside its articles.
type articleResult struct {
	Written     int `json:"written"`
	Skipped     int `json:"skipped"`
	NeedsReview int `json:"needsReview"`
	Unsourced   int `json:"unsourced"`
}

// result counts the articles. The result names no model: several may have written.
func (s *article) result(ctx context.Context, v visit, units []workflow.Unit) (engine.Result, error) {
	var articles map[uuid.UUID][]engine.Article
	err := v.book(ctx, func(ctx context.Context) (err error) {
		articles, err = s.options.Engine.Articles(ctx, v.who, []uuid.UUID{v.run.WorkflowID})
		return err
	})
	if err != nil {
		return engine.Result{}, err
	}
	counts := workflow.CountUnits(units)
	result := articleResult{Written: counts[workflow.UnitDone], Skipped: counts[workflow.UnitSkipped]}
	for _, a := range articles[v.run.WorkflowID] {
		if a.Last != nil && a.Unit.State == workflow.UnitDone {
			if a.Last.NeedsReview {
				result.NeedsReview++
			}
			if a.Last.IsUnsourced() {
				result.Unsourced++
			}
		}
	}
	encoded, err := json.Marshal(result)
	return engine.Result{Content: encoded, Provider: s.options.Gateway.Name}, err
}

// RunUnit makes one attempt at an article, as UnitExecutor says. Answers that an earlier attempt paid for are not asked
// for again.
func (s *article) RunUnit(ctx context.Context, who caller.Caller, flow workflow.Workflow, unit workflow.Unit) error {
	r := runner{options: s.options, who: who, run: unit.Run(), unit: &unit}
	var work engine.ArticleWork
	err := r.book(ctx, func(ctx context.Context) (err error) {
		work, err = s.options.Engine.OpenArticle(ctx, who, unit)
		return err
	})
	if err != nil {
		return r.fail(ctx, err)
	}
	r.article = &work.Article.ID
	w := &writing{
		visit: visit{
			runner: r,
			Visit:  engine.Visit{Number: unit.Visit, Parts: work.Parts},
			parts:  newPartLocks(),
		},
		ArticleWork: work,
		flow:        flow,
	}
	if w.IsKept {
		return w.finish(ctx, func(ctx context.Context) error {
			return s.options.Engine.FinishUnit(ctx, who, engine.FinishUnitInput{Unit: unit})
		})
	}
	write := w.write
	if w.Section != nil {
		write = w.rewrite
	}
	version, err := write(ctx)
	if err != nil {
		return r.fail(ctx, err)
	}
	return w.end(ctx, unit, version)
}

// writing is one attempt at one article.
type writing struct {
	visit
	engine.ArticleWork
	flow workflow.Workflow
	// mode is where the evidence is from, and quotes are the evidence.
	mode   cost.ResearchMode
	quotes []content.Quote
	// warnings are findings about the research.
	warnings []content.Check
}

// write makes the text, from the outline to its checks.
func (w *writing) write(ctx context.Context) (content.ArticleVersion, error) {
	sections := content.SectionsFor(w.Article.Brief.TargetWords)
	// Outline, pages, two requests for evidence, the sections and the edit.
	w.total = 2 + cost.EvidenceCalls + sections + 1
	draft := content.Draft{}
	var err error
	if draft.Outline, err = w.outline(ctx, sections); err != nil {
		return content.ArticleVersion{}, err
	}
	if err := w.research(ctx); err != nil {
		return content.ArticleVersion{}, err
	}
	w.total += len(draft.Outline.Sections) - sections
	if draft.Bodies, err = w.sections(ctx, draft, nil); err != nil {
		return content.ArticleVersion{}, err
	}
	if draft.Edit, err = w.edit(ctx, draft); err != nil {
		return content.ArticleVersion{}, err
	}
	checks, err := w.repair(ctx, &draft)
	if err != nil {
		return content.ArticleVersion{}, err
	}
	return w.version(draft, checks), nil
}

// repair has the sections with a blocking finding written once more, and returns the findings about the text then.
func (w *writing) repair(ctx context.Context, draft *content.Draft) ([]content.Check, error) {
	checks := w.Check(draft.Edit.Title, draft.Markdown(), w.quotes)
	wanted := map[int][]string{}
	for _, i := range draft.ToRepair(checks) {
		wanted[i] = problemsOf(checks, draft.Outline.Sections[i].Heading)
	}
	if len(wanted) == 0 {
		return checks, nil
	}
	w.total += len(wanted)
	repaired, err := w.sections(ctx, *draft, wanted)
	switch {
	case isUnrepaired(err): // The text is paid: a person decides about it.
		return checks, nil
	case err != nil:
		return nil, err
	}
	draft.Bodies = repaired
	return w.Check(draft.Edit.Title, draft.Markdown(), w.quotes), nil
}

// isUnrepaired reports whether a repair failed in a way that says nothing against the text: the budget refused it, or
// its answer is unusable.
func isUnrepaired(err error) bool {
	var (
		refused *cost.RefusedError
		output  *outputError
		failed  *llm.Error
	)
	return errors.As(err, &refused) || errors.As(err, &output) ||
		errors.As(err, &failed) && failed.Class == llm.ContentFiltered
}

// problemsOf returns the sentences of blocking findings about a section or about the whole text.
func problemsOf(checks []content.Check, heading string) (problems []string) {
	for _, c := range checks {
		if c.IsBlocking && (c.Section == heading || c.Section == "") && len(problems) < 5 {
			problems = append(problems, c.Message)
		}
	}
	return problems
}

// version is the text with what is known of it.
func (w *writing) version(draft content.Draft, checks []content.Check) content.ArticleVersion {
	markdown := draft.Markdown()
	return content.ArticleVersion{
		BasedOn:         w.BasedOn,
		Title:           draft.Edit.Title,
		MetaDescription: draft.Edit.MetaDescription,
		Markdown:        markdown,
		Words:           content.CountWords(markdown),
		Fingerprint:     content.Fingerprint(markdown),
		Checks:          append(checks, w.warnings...),
		NeedsReview:     content.IsBlocked(checks),
		Mode:            w.mode,
		BrandRevision:   w.BrandRevision(),
	}
}

// end ends the unit with its text.
func (w *writing) end(ctx context.Context, unit workflow.Unit, version content.ArticleVersion) error {
	return w.finish(ctx, func(ctx context.Context) error {
		return w.options.Engine.FinishArticle(ctx, w.who, engine.FinishArticleInput{
			Unit:     unit,
			Article:  w.Article,
			Version:  version,
			Quotes:   w.quotes,
			Provider: w.options.Gateway.Name,
		})
	})
}

// finish ends the unit by a verb of the engine.
func (w *writing) finish(ctx context.Context, verb func(context.Context) error) error {
	err := w.book(ctx, verb)
	switch {
	case err == nil || fault.KindOf(err) == fault.Unavailable:
		return err
	case IsLost(err):
		return w.dropUnit(ctx)
	}
	return w.fail(ctx, &resultError{err})
}

// key returns the key of a part of the article: its kind, the article, and a digest of what it is made from.
func (w *writing) key(kind, madeFrom string) string {
	return fmt.Sprintf("%s/%s/%s", kind, w.Article.ID, digestOf(madeFrom))
}
