package workflow

import "slices"

// StepKey names a step: in the API, in the journal of runs and in the price of a call.
type StepKey string

// The seven steps.
const (
	StepICP        StepKey = "ICP"
	StepCompetitor StepKey = "COMPETITOR"
	StepSeedReview StepKey = "SEED_REVIEW"
	StepClustering StepKey = "CLUSTERING"
	StepValidation StepKey = "VALIDATION"
	StepArticle    StepKey = "ARTICLE"
	StepPublish    StepKey = "PUBLISH"
)

// StepKind is the kind of worker of a step.
type StepKind string

// The kinds of step.
const (
	Automatic StepKind = "AUTOMATIC" // a program does the step: four states
	Human     StepKind = "HUMAN"     // a person does the step: two states
)

// Step is one of the seven steps with its states. A human step is never processed and never fails, so its Processing
// and Failed are empty.
type Step struct {
	Number int // from 1, without a gap
	Key    StepKey
	Label  string // for display
	Kind   StepKind

	Pending, Processing, Completed, Failed State
}

// steps is the table of steps, in order. It has each state once, except the global ones.
var steps = []Step{
	{
		1, StepICP, "ICP generation", Automatic,
		ICPPending, ICPProcessing, ICPCompleted, ICPFailed,
	},
	{
		2, StepCompetitor, "Competitor analysis", Automatic,
		CompetitorPending, CompetitorProcessing, CompetitorCompleted, CompetitorFailed,
	},
	{
		3, StepSeedReview, "Seed review", Human,
		SeedReviewPending, "", SeedReviewCompleted, "",
	},
	{
		4, StepClustering, "Topic clustering", Automatic,
		ClusteringPending, ClusteringProcessing, ClusteringCompleted, ClusteringFailed,
	},
	{
		5, StepValidation, "Cluster validation", Automatic,
		ValidationPending, ValidationProcessing, ValidationCompleted, ValidationFailed,
	},
	{
		6, StepArticle, "Article generation", Automatic,
		ArticlePending, ArticleProcessing, ArticleCompleted, ArticleFailed,
	},
	{
		7, StepPublish, "Publishing", Automatic,
		PublishPending, PublishProcessing, PublishCompleted, PublishFailed,
	},
}

// Steps returns the seven steps in order. The caller may change the slice.
func Steps() []Step { return slices.Clone(steps) }

// StepOf returns the step with the key k, and false when there is none.
func StepOf(k StepKey) (Step, bool) {
	for _, step := range steps {
		if step.Key == k {
			return step, true
		}
	}
	return Step{}, false
}

// States returns the states that the step owns: four for an automatic step, two for a human one.
func (s Step) States() []State {
	owned := make([]State, 0, 4)
	for _, state := range []State{s.Pending, s.Processing, s.Completed, s.Failed} {
		if state != "" {
			owned = append(owned, state)
		}
	}
	return owned
}

// ResetTargets returns the pending states of the steps up to and including k, in order: a RESET to one of them
// supersedes the results of step k. Of an unknown step it returns none.
func ResetTargets(k StepKey) []State {
	last, known := StepOf(k)
	if !known {
		return nil
	}
	targets := make([]State, 0, last.Number)
	for _, step := range steps[:last.Number] {
		targets = append(targets, step.Pending)
	}
	return targets
}
