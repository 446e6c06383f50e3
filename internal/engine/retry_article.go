package engine

import (
	"context"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// RetryArticleInput asks for another attempt at an article.
type RetryArticleInput struct {
	ArticleID      uuid.UUID
	Reason         string
	IdempotencyKey string
}

// RetryArticle opens the unit of an article again that has failed or was skipped. Answers that are paid are not asked
// for again. An article that has a text, and no decision that asks for another one, keeps it. CONFLICT for an article
// that is open or written, *StaleStateError outside of step 6.
func (e *Engine) RetryArticle(
	ctx context.Context, who caller.Caller, in RetryArticleInput,
) (_ ChangedArticle, err error) {
	ctx, end := e.begin(ctx, "RetryArticle")
	defer end(&err)
	if err := checkReason(in.Reason); err != nil {
		return ChangedArticle{}, err
	}
	key := in.IdempotencyKey
	in.IdempotencyKey = ""
	return e.changeArticle(ctx, who, articleChange{
		id:        in.ArticleID,
		operation: "retryArticle",
		key:       key,
		content:   in,
	}, func(tx *postgres.Store, l *lockedUnit, _ Article) error {
		if l.unit.State == workflow.UnitDone {
			return fault.New(fault.Conflict, "The article is written. Reject it with feedback to have another text.")
		}
		_, err := e.reopenIn(ctx, tx, who, l, in.Reason)
		return err
	})
}

// SkipArticleInput leaves an article out.
type SkipArticleInput struct {
	ArticleID      uuid.UUID
	Reason         string // required
	IdempotencyKey string
}

// SkipArticle leaves an article out that waits or has failed, with a reason, as SkipUnit does. CONFLICT for an article
// in another state, *StaleStateError when the step is over.
func (e *Engine) SkipArticle(
	ctx context.Context, who caller.Caller, in SkipArticleInput,
) (_ ChangedArticle, err error) {
	ctx, end := e.begin(ctx, "SkipArticle")
	defer end(&err)
	if err := checkReason(in.Reason); err != nil {
		return ChangedArticle{}, err
	}
	if err := checkGiven(in.Reason); err != nil {
		return ChangedArticle{}, err
	}
	key := in.IdempotencyKey
	in.IdempotencyKey = ""
	return e.changeArticle(ctx, who, articleChange{
		id:        in.ArticleID,
		operation: "skipArticle",
		key:       key,
		content:   in,
	}, func(tx *postgres.Store, l *lockedUnit, _ Article) error {
		_, err := e.skipIn(ctx, tx, who, l, in.Reason)
		return err
	})
}
