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

func topics(clustering content.Clustering) []model.Topic {
	wrapped := make([]model.Topic, len(clustering.Topics))
	for i, topic := range clustering.Topics {
		wrapped[i] = model.Topic{PageTopic: topic}
	}
	return wrapped
}

func unclustered(clustering content.Clustering) []model.UnclusteredKeyword {
	byID := map[uuid.UUID]*model.Topic{}
	for _, topic := range clustering.Topics {
		byID[topic.ID] = &model.Topic{PageTopic: topic}
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
