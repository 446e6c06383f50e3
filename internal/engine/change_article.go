package engine

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// ChangedArticle is an article after a change by a person.
type ChangedArticle struct {
	Workflow workflow.Workflow
	Article  Article
	Replayed bool
}

// RevisionConflictError reports that the text or the brief of an article is not the one that the caller has read.
// Current is the last version; of a brief, its revision, author, actor and time alone.
type RevisionConflictError struct {
	Current content.ArticleVersion
	subject string // "text" when empty
	field   []string
}

func (e *RevisionConflictError) Error() string {
	author := "a person"
	if e.Current.Author == content.AuthorEngine {
		author = "the engine"
	}
	return fmt.Sprintf("The %s has revision %d now, by %s. Read it again, then decide.",
		cmp.Or(e.subject, "text"), e.Current.Revision, author)
}

// Kind is REVISION_CONFLICT.
func (*RevisionConflictError) Kind() fault.Kind { return fault.RevisionConflict }

// Field names the expected revision.
func (e *RevisionConflictError) Field() []string { return e.field }

// RevisionConflictsError reports every article of a request whose text is not the one that the caller has read.
type RevisionConflictsError struct{ Conflicts []*RevisionConflictError }

func (e *RevisionConflictsError) Error() string {
	lines := make([]string, len(e.Conflicts))
	for i, conflict := range e.Conflicts {
		lines[i] = conflict.Error()
	}
	return strings.Join(lines, " ")
}

// Kind is REVISION_CONFLICT.
func (*RevisionConflictsError) Kind() fault.Kind { return fault.RevisionConflict }

// Unwrap returns the conflicts.
func (e *RevisionConflictsError) Unwrap() []error {
	all := make([]error, len(e.Conflicts))
	for i, conflict := range e.Conflicts {
		all[i] = conflict
	}
	return all
}

// checkRevision returns an error unless the article has a text and its revision is the expected one.
func checkRevision(a Article, expected int, field ...string) error {
	switch {
	case a.Last == nil:
		return fault.New(fault.Conflict, "The article has no text yet.")
	case a.Last.Revision != expected:
		return &RevisionConflictError{Current: *a.Last, field: append(field, "expectedRevision")}
	}
	return nil
}

// isWriting reports whether the workflow is in step 6, where people change articles.
func isWriting(flow workflow.Workflow) bool {
	step, _ := workflow.StepOf(workflow.StepArticle)
	return flow.State == step.Processing || flow.State == step.Failed || flow.State == step.Completed
}

// articleInStep returns an article of a current visit. One that no current visit writes, because a RESET has taken the
// workflow out of step 6, is *StaleStateError or *TerminalError.
func (e *Engine) articleInStep(ctx context.Context, who caller.Caller, id uuid.UUID) (Article, error) {
	article, err := e.Article(ctx, who, id)
	if fault.KindOf(err) != fault.NotFound {
		return article, err
	}
	flows, failed := e.store.WorkflowsOfArticles(ctx, who, []uuid.UUID{id})
	if failed != nil {
		return article, fmt.Errorf("read the workflow of article %s: %w", id, failed)
	}
	flow, there := flows[id]
	if !there || e.reach(ctx, who, flow, "article") != nil {
		return article, err
	}
	current, failed := e.Workflow(ctx, who, flow)
	switch {
	case failed != nil:
		return article, failed
	case current.IsTerminal():
		return article, &TerminalError{Current: current}
	case isWriting(current):
		return article, err
	}
	return article, &StaleStateError{Current: current}
}

// articleChange is a change of an article by a person, as idempotency sees it.
type articleChange struct {
	id             uuid.UUID
	operation, key string
	content        any
}

// changeArticle changes an article of the current visit under an idempotency key and the lock of its unit.
func (e *Engine) changeArticle(
	ctx context.Context, who caller.Caller, c articleChange, change func(*postgres.Store, *lockedUnit, Article) error,
) (ChangedArticle, error) {
	article, err := e.articleInStep(ctx, who, c.id)
	if err != nil {
		return ChangedArticle{}, err
	}
	var changed ChangedArticle
	unit, err := e.changeUnit(ctx, who, unitChange{
		id:        article.Unit.ID,
		operation: c.operation,
		key:       c.key,
		content:   c.content,
	}, func(tx *postgres.Store, l *lockedUnit) (workflow.Unit, error) {
		if !isWriting(l.flow) {
			return l.unit, &StaleStateError{Current: l.flow}
		}
		locked, err := articleOf(ctx, tx, who, l.unit)
		if err != nil {
			return l.unit, err
		}
		if err := change(tx, l, locked); err != nil {
			return l.unit, err
		}
		changed.Workflow = l.flow
		changed.Article, err = articleOf(ctx, tx, who, l.unit)
		return changed.Article.Unit, err
	})
	if err != nil || !unit.Replayed {
		return changed, err
	}
	changed.Workflow, changed.Replayed = unit.Workflow, true
	changed.Article, err = e.Article(ctx, who, c.id)
	return changed, err
}

// articleOf returns the article that a unit of the current visit works on.
func articleOf(ctx context.Context, store *postgres.Store, who caller.Caller, unit workflow.Unit) (Article, error) {
	articles, err := articlesOf(ctx, store, who, []uuid.UUID{unit.WorkflowID})
	if err != nil {
		return Article{}, err
	}
	for _, a := range articles[unit.WorkflowID] {
		if a.UnitID == unit.ID {
			return a, nil
		}
	}
	return Article{}, notFound("article")
}
