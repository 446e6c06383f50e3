package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// isSynthetic reports whether a provider is a sandbox, which asks no model and has no search data.
func isSynthetic(provider string) bool { return provider == "sandbox" || provider == "seo-sandbox" }

// keepKeywords writes the keywords that the competitor analysis found. A RESET loses no work: a keyword of an earlier
// visit keeps its choice, and a selected one that was not found again is added once more. The carried decision names
// the person who made it.
func (e *Engine) keepKeywords(
	ctx context.Context, tx *postgres.Store, who caller.Caller, in FinishInput, at time.Time,
) error {
	if len(in.Keywords) == 0 {
		return nil
	}
	flow := in.Run.WorkflowID
	step, _ := workflow.StepOf(in.Run.Step)
	visit, there, err := tx.OpenVisit(ctx, who, flow, step)
	if visit, err = found(visit, there, err, "visit"); err != nil {
		return err
	}
	before, err := tx.ChosenBefore(ctx, who, flow, visit)
	if err != nil {
		return fmt.Errorf("read the earlier choices of workflow %s: %w", flow, err)
	}
	keywords := withSelected(in.Keywords, before)
	carried := map[string]postgres.KeywordDecisions{}
	for i := range keywords {
		keywords[i].ID = e.newID()
		chosen, there := before[keywords[i].Normalised]
		if !there || chosen.Choice == content.ChoiceCleared {
			continue
		}
		decisions := carried[chosen.Actor]
		decisions.KeywordIDs = append(decisions.KeywordIDs, keywords[i].ID)
		decisions.Choices = append(decisions.Choices, chosen.Choice)
		carried[chosen.Actor] = decisions
	}
	_, err = tx.AddKeywords(ctx, who, postgres.NewKeywords{
		WorkflowID:  flow,
		Visit:       visit,
		Keywords:    keywords,
		IsSynthetic: isSynthetic(in.Result.Provider),
		At:          at,
	})
	if err != nil {
		return fmt.Errorf("write the keywords of workflow %s: %w", flow, err)
	}
	for _, actor := range slices.Sorted(maps.Keys(carried)) {
		decisions := carried[actor]
		decisions.WorkflowID, decisions.Visit, decisions.At = flow, visit, at
		decisions.Origin = content.OriginCarried
		decider := who
		decider.Actor = actor
		if err := tx.DecideKeywords(ctx, decider, decisions); err != nil {
			return fmt.Errorf("carry the choices of workflow %s over: %w", flow, err)
		}
	}
	return nil
}

// withSelected adds the keywords that were selected before and not found again.
func withSelected(found []content.SeedKeyword, before map[string]postgres.Chosen) []content.SeedKeyword {
	keywords := slices.Clone(found)
	have := map[string]bool{}
	for _, k := range found {
		have[k.Normalised] = true
	}
	for _, normalised := range slices.Sorted(maps.Keys(before)) {
		chosen := before[normalised]
		if have[normalised] || chosen.Choice != content.ChoiceSelected {
			continue
		}
		score, reasons := content.Score(content.Candidate{Text: chosen.Text}, content.Profile{})
		keywords = append(keywords, content.SeedKeyword{
			Text:       chosen.Text,
			Normalised: normalised,
			Source:     content.SourceManual,
			Score:      score,
			Reasons:    reasons,
		})
	}
	return keywords
}
