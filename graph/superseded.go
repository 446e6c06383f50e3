package graph

import (
	"context"

	"github.com/google/uuid"

	"github.com/infin8content/engine/graph/model"
	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/workflow"
)

// The batch keys of superseded visits, and of what they have.
type (
	supersededKey         struct{ step workflow.StepKey }
	supersededKeywordsKey struct{}
	supersededTopicsKey   struct{}
	supersededBriefsKey   struct{}
)

// supersededOf returns the superseded visits of a step of all workflows of a batch.
func (r *Resolver) supersededOf(
	ctx context.Context, w *model.Workflow, step workflow.StepKey,
) (map[uuid.UUID][]engine.SupersededVisit, error) {
	return load(w.Batch, supersededKey{step},
		func(all []workflow.Workflow) (map[uuid.UUID][]engine.SupersededVisit, error) {
			return r.Engine.Superseded(ctx, caller.From(ctx), ids(all), step)
		})
}

// superseded returns the superseded visits of a step of one workflow.
func (r *Resolver) superseded(
	ctx context.Context, w *model.Workflow, step workflow.StepKey,
) ([]model.SupersededVisit, error) {
	found, err := r.supersededOf(ctx, w, step)
	if err != nil {
		return nil, err
	}
	visits := []model.SupersededVisit{}
	for _, visit := range found[w.Workflow.ID] {
		visits = append(visits, model.SupersededVisit{SupersededVisit: visit, Workflow: w})
	}
	return visits, nil
}

// loadVisits calls fetch once for the superseded visits of all workflows of a batch, and returns what one visit of the
// step has. A visit of another step has nothing.
func loadVisits[V any](
	ctx context.Context, r *Resolver, v *model.SupersededVisit, in visitContent[V],
) (content V, err error) {
	if v.SupersededVisit.Result.Step != in.step {
		return content, nil
	}
	visits, err := r.supersededOf(ctx, v.Workflow, in.step)
	if err != nil {
		return content, err
	}
	answer, err := v.Workflow.Batch.Once(in.key, func() (any, error) {
		var keys []engine.VisitKey
		for _, of := range visits {
			for _, visit := range of {
				keys = append(keys, visit.VisitKey)
			}
		}
		found, err := in.fetch(ctx, caller.From(ctx), keys)
		if err != nil {
			return nil, &sharedError{error: err}
		}
		return found, nil
	})
	if err != nil {
		return content, err
	}
	return answer.(map[engine.VisitKey]V)[v.VisitKey], nil
}

// visitContent is what the visits of one step have.
type visitContent[V any] struct {
	step  workflow.StepKey
	key   any
	fetch func(context.Context, caller.Caller, []engine.VisitKey) (map[engine.VisitKey]V, error)
}

func supersededBrief(p content.ArticlePlan) model.SupersededBrief {
	return model.SupersededBrief{ArticlePlan: p}
}

// wrapAll returns a list of values in an answer.
func wrapAll[V, W any](values []V, wrap func(V) W) []W {
	wrapped := make([]W, len(values))
	for i, value := range values {
		wrapped[i] = wrap(value)
	}
	return wrapped
}
