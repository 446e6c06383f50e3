package steps

import (
	"context"
	"slices"

	"github.com/infin8content/engine/internal/llm"
)

// observed calls Options.Observe at the beginning of a request.
func (a *attempt) observed(ctx context.Context) (context.Context, func(Asked)) {
	if a.options.Observe == nil {
		return ctx, func(Asked) {}
	}
	return a.options.Observe(ctx)
}

// asked returns the outcome of a request. It replaces the names of models that were not requested, which may be any
// text.
func (a *attempt) asked(answer llm.Answer, outcome string) Asked {
	models, model := a.question.models(), priced(answer.Model)
	switch {
	case answer.Model == "" && len(models) > 0:
		model = models[0]
	case !slices.Contains(models, model):
		model = "other"
	}
	return Asked{Model: model, Outcome: outcome}
}
