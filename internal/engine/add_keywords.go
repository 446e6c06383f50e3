package engine

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// AddKeywordsInput are keywords that a person adds to a review.
type AddKeywordsInput struct {
	WorkflowID     uuid.UUID
	Texts          []string
	IdempotencyKey string
}

// AddKeywords adds keywords by hand and selects them. A keyword that the review has already is selected.
// *StaleStateError when the workflow is not in review.
func (e *Engine) AddKeywords(ctx context.Context, who caller.Caller, in AddKeywordsInput) (_ Reviewed, err error) {
	ctx, end := e.begin(ctx, "AddKeywords")
	defer end(&err)
	texts, err := cleanKeywords(in.Texts)
	if err != nil {
		return Reviewed{}, err
	}
	profile, err := e.profile(ctx, who, in.WorkflowID)
	if err != nil {
		return Reviewed{}, err
	}
	return e.review(ctx, who, reviewRequest{
		operation: "addKeywords",
		key:       in.IdempotencyKey,
		content: struct {
			WorkflowID uuid.UUID
			Texts      []string
		}{in.WorkflowID, texts},
		flow: in.WorkflowID,
	}, func(tx *postgres.Store, r review) (int, error) {
		return e.addKeywords(ctx, tx, who, manual{review: r, texts: texts, profile: profile})
	})
}

// manual are texts to be added to a review.
type manual struct {
	review
	texts   []string
	profile content.Profile
}

func (e *Engine) addKeywords(
	ctx context.Context, tx *postgres.Store, who caller.Caller, in manual,
) (affected int, err error) {
	known := map[string]content.SeedKeyword{}
	for _, k := range in.keywords {
		known[k.Normalised] = k
	}
	var (
		added  []content.SeedKeyword
		chosen []uuid.UUID
	)
	for _, text := range in.texts {
		k, there := known[content.Normalise(text)]
		if !there {
			score, reasons := content.Score(content.Candidate{Text: text}, in.profile)
			k = content.SeedKeyword{
				ID:         e.newID(),
				Text:       text,
				Normalised: content.Normalise(text),
				Source:     content.SourceManual,
				Score:      score,
				Reasons:    reasons,
			}
			added = append(added, k)
		}
		if k.Choice != content.ChoiceSelected {
			chosen = append(chosen, k.ID)
		}
	}
	if len(in.keywords)+len(added) > keywordsKept {
		return 0, fault.Invalid([]string{"texts"}, "A review has at most %d keywords.", keywordsKept)
	}
	if len(added) > 0 {
		_, err := tx.AddKeywords(ctx, who, postgres.NewKeywords{
			WorkflowID: in.flow.ID,
			Visit:      in.visit,
			Keywords:   added,
			At:         in.at,
		})
		if err != nil {
			return 0, fmt.Errorf("add keywords: %w", err)
		}
	}
	if len(chosen) == 0 {
		return 0, nil
	}
	return len(chosen), tx.DecideKeywords(ctx, who, in.decisions(chosen, content.ChoiceSelected, ""))
}

// cleanKeywords returns the texts without those that repeat each other.
func cleanKeywords(texts []string) ([]string, error) {
	if len(texts) == 0 || len(texts) > keywordsAtOnce {
		return nil, fault.Invalid([]string{"texts"}, "A request adds 1 to %d keywords.", keywordsAtOnce)
	}
	var (
		clean []string
		seen  []string
	)
	for i, text := range texts {
		field := []string{"texts", fmt.Sprint(i)}
		cleaned, err := workflow.CleanName(field, text)
		if err != nil {
			return nil, err
		}
		cleaned = strings.Join(strings.Fields(cleaned), " ")
		normalised := content.Normalise(cleaned)
		if !content.IsKeyword(cleaned) {
			return nil, fault.Invalid(field, "A keyword has 1 to 200 characters, and at least one letter or digit.")
		}
		if !slices.Contains(seen, normalised) {
			clean, seen = append(clean, cleaned), append(seen, normalised)
		}
	}
	return clean, nil
}
