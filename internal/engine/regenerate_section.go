package engine

import (
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// RegenerateSectionInput asks for another text of one section.
type RegenerateSectionInput struct {
	ArticleID        uuid.UUID
	ExpectedRevision int
	// Section is its place among the sections of the text, from 0.
	Section     int
	Instruction string // required
	// DryRun returns the forecast alone.
	DryRun         bool
	IdempotencyKey string
}

// RegeneratedSection is an article whose section is to be written again, with what that will cost.
type RegeneratedSection struct {
	ChangedArticle
	// Likely is the cost of one request. Most is that of a request in each attempt, and not above what the budget of the
	// article has left.
	Likely, Most cost.Pico
}

// RegenerateSection opens the unit of an article again for one section. Its attempt writes a version that is the last
// one except for this section, below the budget of the article. A version that was written meanwhile wins: the section
// is dropped then, and its cost stays booked. *cost.RefusedError when the budget has no room for one request,
// *RevisionConflictError for another text, CONFLICT for an open article, *StaleStateError outside of step 6.
func (e *Engine) RegenerateSection(
	ctx context.Context, who caller.Caller, in RegenerateSectionInput,
) (_ RegeneratedSection, err error) {
	ctx, end := e.begin(ctx, "RegenerateSection")
	defer end(&err)
	in.Instruction = strings.TrimSpace(in.Instruction)
	if saysNothing(in.Instruction) || checkReason(in.Instruction) != nil {
		return RegeneratedSection{}, fault.Invalid([]string{"instruction"},
			"An instruction has 1 to 2000 characters and none of them is NUL.")
	}
	var made RegeneratedSection
	if in.DryRun {
		if made.Article, err = e.articleInStep(ctx, who, in.ArticleID); err != nil {
			return made, err
		}
		if made.Workflow, err = e.Workflow(ctx, who, made.Article.WorkflowID); err != nil {
			return made, err
		}
		return made, e.checkSection(ctx, e.store, who, &made, in)
	}
	key := in.IdempotencyKey
	in.IdempotencyKey = ""
	made.ChangedArticle, err = e.changeArticle(ctx, who, articleChange{
		id:        in.ArticleID,
		operation: "regenerateSection",
		key:       key,
		content:   in,
	}, func(tx *postgres.Store, l *lockedUnit, a Article) error {
		asked := RegeneratedSection{ChangedArticle: ChangedArticle{Workflow: l.flow, Article: a}}
		if err := e.checkSection(ctx, tx, who, &asked, in); err != nil {
			return err
		}
		made.Likely, made.Most = asked.Likely, asked.Most
		if _, err := e.reopenIn(ctx, tx, who, l, in.Instruction); err != nil {
			return err
		}
		written, err := tx.DecideArticles(ctx, who, []content.ArticleDecision{{
			ArticleID: a.ID,
			Revision:  a.Last.Revision,
			Verdict:   content.RewriteSection,
			Section:   &in.Section,
			Feedback:  in.Instruction,
		}}, l.at)
		if err == nil && written != 1 {
			err = &RevisionConflictError{Current: *a.Last, field: []string{"expectedRevision"}}
		}
		return err
	})
	return made, err
}

// checkSection checks that a section can be written again, and sets the forecast.
func (e *Engine) checkSection(
	ctx context.Context, store *postgres.Store, who caller.Caller, made *RegeneratedSection, in RegenerateSectionInput,
) error {
	a := made.Article
	switch {
	case made.Workflow.IsTerminal():
		return &TerminalError{Current: made.Workflow}
	case !isWriting(made.Workflow):
		return &StaleStateError{Current: made.Workflow}
	}
	if err := checkRevision(a, in.ExpectedRevision); err != nil {
		return err
	}
	if a.Unit.State.IsOpen() {
		return beingWritten(a)
	}
	texts, err := store.VersionTexts(ctx, who, map[uuid.UUID]int{a.ID: a.Last.Revision})
	if err != nil {
		return fmt.Errorf("read the text of article %s: %w", a.ID, err)
	}
	if n := len(content.Sections(texts[a.ID])); in.Section < 0 || in.Section >= n {
		return fault.Invalid([]string{"section"}, "The text has %d sections, counted from 0.", n)
	}
	forecast, err := e.forecastWork(ctx, store, who, workAhead{
		parts: []cost.PlannedPart{cost.RewritePart(e.models.Of(workflow.StepArticle))},
		at:    e.now(),
	})
	if err != nil {
		return err
	}
	hold, balance := forecast.Parts[0].Hold, a.Budget.Balance()
	if !balance.Admits(hold) {
		return cost.Refuse(cost.AccountArticle, balance, hold)
	}
	made.Likely = forecast.Likely
	made.Most, err = hold.Times(rewriteAttempts)
	made.Most = min(made.Most, a.Budget.Cap-a.Budget.Settled-a.Budget.Held)
	return err
}

// rewriteAttempts is the number of attempts at a unit.
const rewriteAttempts = 3
