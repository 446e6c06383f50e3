package engine

import (
	"context"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
)

// The limits of what a person adds to a review.
const (
	// keywordsAtOnce is how many keywords one request adds or names.
	keywordsAtOnce = 100
	// keywordsKept is how many keywords a visit has at most, manual ones included.
	keywordsKept = 500
)

// DecideKeywordsInput chooses keywords by id or by a filter, and says what is decided about them.
type DecideKeywordsInput struct {
	WorkflowID     uuid.UUID
	IDs            []uuid.UUID
	Where          *content.KeywordFilter
	Choice         content.Choice
	Reason         string
	IdempotencyKey string
}

// DecideKeywords records one decision about each chosen keyword that does not have it yet. A filter chooses among all
// keywords of the review, not among those of a page. *StaleStateError when the workflow is not in review, NOT_FOUND
// when an id is no keyword of the review; nothing is written then.
func (e *Engine) DecideKeywords(
	ctx context.Context, who caller.Caller, in DecideKeywordsInput,
) (_ Reviewed, err error) {
	ctx, end := e.begin(ctx, "DecideKeywords")
	defer end(&err)
	if err := in.check(); err != nil {
		return Reviewed{}, err
	}
	return e.review(ctx, who, reviewRequest{
		operation: "decideKeywords",
		key:       in.IdempotencyKey,
		content:   in.withoutKey(),
		flow:      in.WorkflowID,
	}, func(tx *postgres.Store, r review) (int, error) {
		chosen, err := in.choose(r.keywords)
		if err != nil || len(chosen) == 0 {
			return 0, err
		}
		return len(chosen), tx.DecideKeywords(ctx, who, r.decisions(chosen, in.Choice, in.Reason))
	})
}

func (in DecideKeywordsInput) withoutKey() DecideKeywordsInput {
	in.IdempotencyKey = ""
	return in
}

func (in DecideKeywordsInput) check() error {
	switch {
	case !in.Choice.Valid():
		return fault.Invalid([]string{"choice"}, "A choice is SELECTED, REJECTED or CLEARED.")
	case (len(in.IDs) == 0) == (in.Where == nil), in.IDs != nil && in.Where != nil:
		return fault.Invalid([]string{"ids"}, "Name either keywords or a filter.")
	case len(in.IDs) > keywordsKept:
		return fault.Invalid([]string{"ids"}, "A request names at most %d keywords.", keywordsKept)
	}
	if in.Where != nil {
		if err := in.Where.Check(); err != nil {
			return err
		}
	}
	return checkReason(in.Reason)
}

// choose returns the chosen keywords whose decision would change.
func (in DecideKeywordsInput) choose(keywords []content.SeedKeyword) ([]uuid.UUID, error) {
	wanted := map[uuid.UUID]bool{}
	for _, id := range in.IDs {
		wanted[id] = true
	}
	var chosen []uuid.UUID
	for _, k := range keywords {
		if in.Where != nil && !in.Where.Matches(k) || in.Where == nil && !wanted[k.ID] {
			continue
		}
		delete(wanted, k.ID)
		if k.Choice != in.Choice && (k.Choice != "" || in.Choice != content.ChoiceCleared) {
			chosen = append(chosen, k.ID)
		}
	}
	if len(wanted) > 0 {
		return nil, fault.Missing([]string{"ids"}, "keyword")
	}
	return chosen, nil
}
