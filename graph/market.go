package graph

import (
	"context"

	"github.com/infin8content/engine/graph/model"
	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/publicid"
)

// market returns the market of the caller's organization.
func (r *Resolver) market(ctx context.Context) (*model.Market, error) {
	settings, err := r.Engine.Market(ctx, caller.From(ctx))
	return &model.Market{Market: settings.Market}, err
}

func decodeMarket(input model.SetMarketInput) (in decoded[engine.SetMarketInput]) {
	in.value = engine.SetMarketInput{
		LocationCode:   input.LocationCode.Value(),
		LanguageCode:   input.LanguageCode.Value(),
		Mode:           input.Mode.Value(),
		Reason:         in.text(orEmpty(input.Reason.Value()), maxReasonCharacters, "reason"),
		IdempotencyKey: in.key(input.IdempotencyKey.Value()),
	}
	if words := input.NegativeWords.Value(); words != nil {
		in.value.Negatives = &words
	}
	return in
}

func marketPayload(m engine.MarketSet, problems []model.UserError) *model.SetMarketPayload {
	payload := &model.SetMarketPayload{Replayed: m.Replayed, UserErrors: problems}
	if m.Mode != "" {
		payload.Market = &model.Market{Market: m.Market}
	}
	return payload
}

func decodeRetryCompetitors(input model.RetryCompetitorsInput) (in decoded[engine.RetryCompetitorsInput]) {
	in.blamesWorkflow()
	in.value = engine.RetryCompetitorsInput{
		WorkflowID:     in.id(input.WorkflowID, publicid.Workflow, "workflowId"),
		IdempotencyKey: in.key(input.IdempotencyKey.Value()),
	}
	return in
}

func retryCompetitorsPayload(m engine.Moved, problems []model.UserError) *model.RetryCompetitorsPayload {
	return (*model.RetryCompetitorsPayload)(createPayload(m, problems))
}
