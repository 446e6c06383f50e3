package graph

import (
	"context"

	"github.com/google/uuid"

	"github.com/infin8content/engine/graph/model"
	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/workflow"
)

type clusteringsKey struct{}

// clusteringOf returns the current clustering of a workflow.
func (r *Resolver) clusteringOf(ctx context.Context, w *model.Workflow) (content.Clustering, error) {
	found, err := load(w.Batch, clusteringsKey{},
		func(all []workflow.Workflow) (map[uuid.UUID]content.Clustering, error) {
			return r.Engine.Clusterings(ctx, caller.From(ctx), ids(all))
		})
	return found[w.Workflow.ID], err
}

// topics are the topics of a clustering in an answer. w is nil for superseded ones.
func topics(clustering content.Clustering, w *model.Workflow) []model.Topic {
	wrapped := make([]model.Topic, len(clustering.Topics))
	for i, topic := range clustering.Topics {
		wrapped[i] = model.Topic{PageTopic: topic, Workflow: w}
	}
	return wrapped
}

func unclustered(clustering content.Clustering, w *model.Workflow) []model.UnclusteredKeyword {
	byID := map[uuid.UUID]*model.Topic{}
	for _, topic := range clustering.Topics {
		byID[topic.ID] = &model.Topic{PageTopic: topic, Workflow: w}
	}
	alone := []model.UnclusteredKeyword{}
	for _, k := range clustering.Unclustered() {
		shown := model.UnclusteredKeyword{Keyword: model.TopicKeyword{TopicKeyword: k}, Similarity: k.Similarity}
		if k.NearestTopicID != nil {
			shown.NearestTopic = byID[*k.NearestTopicID]
		}
		alone = append(alone, shown)
	}
	return alone
}

type topicVerdictsKey struct{}

// topicVerdict returns the current verdict about a topic; an empty one without a verdict.
func (r *Resolver) topicVerdict(ctx context.Context, t *model.Topic) (content.Validated, error) {
	if t.Workflow == nil {
		return content.Validated{}, nil
	}
	found, err := load(t.Workflow.Batch, topicVerdictsKey{},
		func(all []workflow.Workflow) (map[uuid.UUID]content.Validated, error) {
			return r.Engine.TopicVerdicts(ctx, caller.From(ctx), ids(all))
		})
	return found[t.PageTopic.ID], err
}
