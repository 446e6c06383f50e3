package steps

import (
	"context"
	"slices"

	"github.com/infin8content/engine/internal/llm"
)

// observed tells whoever observes that a request begins.
func (a *attempt) observed(ctx context.Context) (context.Context, func(Asked)) {
	if a.options.Observe == nil {
		return ctx, func(Asked) {}
	}
	return a.options.Observe(ctx)
}

// asked says how a request ended. A provider may write any name into its answer; only those that were asked go on.
func (a *attempt) asked(answer llm.Answer, outcome string) Asked {
	models, model := a.question.request.Models, priced(answer.Model)
	switch {
	case answer.Model == "" && len(models) > 0:
		model = models[0]
	case !slices.Contains(models, model):
		model = "other"
	}
	return Asked{Model: model, Outcome: outcome}
}
