// Package workflow has the seven steps, the 29 states, the edges between them, the fields that are computed from a
// state, and the types of the journal of transitions. It is pure: it takes values and returns values or an error. It
// uses no clock, no random source, no context and no storage.
package workflow

import "slices"

// State is the state of a workflow. Step, status and progress are computed from it alone.
type State string

// The 29 states: three that belong to no step, four for each automatic step, two for the human one.
const (
	Created   State = "CREATED"
	Completed State = "COMPLETED"
	Cancelled State = "CANCELLED"

	ICPPending    State = "ICP_PENDING"
	ICPProcessing State = "ICP_PROCESSING"
	ICPCompleted  State = "ICP_COMPLETED"
	ICPFailed     State = "ICP_FAILED"

	CompetitorPending    State = "COMPETITOR_PENDING"
	CompetitorProcessing State = "COMPETITOR_PROCESSING"
	CompetitorCompleted  State = "COMPETITOR_COMPLETED"
	CompetitorFailed     State = "COMPETITOR_FAILED"

	SeedReviewPending   State = "SEED_REVIEW_PENDING"
	SeedReviewCompleted State = "SEED_REVIEW_COMPLETED"

	ClusteringPending    State = "CLUSTERING_PENDING"
	ClusteringProcessing State = "CLUSTERING_PROCESSING"
	ClusteringCompleted  State = "CLUSTERING_COMPLETED"
	ClusteringFailed     State = "CLUSTERING_FAILED"

	ValidationPending    State = "VALIDATION_PENDING"
	ValidationProcessing State = "VALIDATION_PROCESSING"
	ValidationCompleted  State = "VALIDATION_COMPLETED"
	ValidationFailed     State = "VALIDATION_FAILED"

	ArticlePending    State = "ARTICLE_PENDING"
	ArticleProcessing State = "ARTICLE_PROCESSING"
	ArticleCompleted  State = "ARTICLE_COMPLETED"
	ArticleFailed     State = "ARTICLE_FAILED"

	PublishPending    State = "PUBLISH_PENDING"
	PublishProcessing State = "PUBLISH_PROCESSING"
	PublishCompleted  State = "PUBLISH_COMPLETED"
	PublishFailed     State = "PUBLISH_FAILED"
)

// order lists every state once, in the order of the graph.
var order = []State{
	Created,
	ICPPending, ICPProcessing, ICPCompleted, ICPFailed,
	CompetitorPending, CompetitorProcessing, CompetitorCompleted, CompetitorFailed,
	SeedReviewPending, SeedReviewCompleted,
	ClusteringPending, ClusteringProcessing, ClusteringCompleted, ClusteringFailed,
	ValidationPending, ValidationProcessing, ValidationCompleted, ValidationFailed,
	ArticlePending, ArticleProcessing, ArticleCompleted, ArticleFailed,
	PublishPending, PublishProcessing, PublishCompleted, PublishFailed,
	Completed,
	Cancelled,
}

// States returns all 29 states in the order of the graph. The caller may change the slice.
func States() []State { return slices.Clone(order) }

// Known reports whether s is a state of the graph.
func (s State) Known() bool {
	_, known := edges[s]
	return known
}
