package workflow

import "strings"

// Sentences for people name states, moves and failures in these words. Each completes "it is …", "it cannot …" or
// "it failed: …".

// Words returns the state as it completes "The workflow is …".
func (s State) Words() string { return strings.ToLower(strings.ReplaceAll(string(s), "_", " ")) }

var unitStateWords = map[UnitState]string{
	UnitPending: "waiting",
	UnitRunning: "running",
	UnitDone:    "done",
	UnitFailed:  "failed",
	UnitSkipped: "skipped",
}

// Words returns the state as it completes "The unit is …".
func (s UnitState) Words() string { return wordsOf(unitStateWords, s) }

var unitMoveWords = map[UnitMove]string{
	UnitPlan:     "be planned",
	UnitClaim:    "be claimed",
	UnitProgress: "make progress",
	UnitFinish:   "finish",
	UnitRetry:    "be tried again",
	UnitFail:     "fail",
	UnitSkip:     "be skipped",
	UnitReopen:   "be opened again",
}

// Words returns the move as it completes "The unit cannot …".
func (m UnitMove) Words() string { return wordsOf(unitMoveWords, m) }

var publicationStateWords = map[PublicationState]string{
	PublicationPlanned:       "planned",
	PublicationSent:          "being sent",
	PublicationUnknown:       "without an answer",
	PublicationDrafted:       "a draft",
	PublicationPublishSent:   "being published",
	PublicationScheduled:     "scheduled",
	PublicationLive:          "public",
	PublicationUpdateSent:    "being updated",
	PublicationNeedsDecision: "waiting for a decision",
	PublicationSkipped:       "skipped",
	PublicationOrphaned:      "orphaned",
	PublicationUnpublishing:  "being unpublished",
	PublicationUnpublished:   "unpublished",
}

// Words returns the state as it completes "The publication is …".
func (s PublicationState) Words() string { return wordsOf(publicationStateWords, s) }

var publicationMoveWords = map[PublicationMove]string{
	PublicationPlan:       "be planned",
	PublicationReplan:     "be planned again",
	PublicationSend:       "be sent",
	PublicationRefuse:     "be refused",
	PublicationLose:       "lose its answer",
	PublicationAbsent:     "be absent",
	PublicationDraft:      "become a draft",
	PublicationAdopt:      "be adopted",
	PublicationMakePublic: "be made public",
	PublicationPublish:    "be published",
	PublicationDeliver:    "be delivered",
	PublicationUpdate:     "be updated",
	PublicationUpdated:    "end an update",
	PublicationConflict:   "have a conflict",
	PublicationOverwrite:  "be overwritten",
	PublicationSkip:       "be skipped",
	PublicationOrphan:     "be orphaned",
	PublicationUnpublish:  "be unpublished",
	PublicationRemove:     "be removed",
}

// Words returns the move as it completes "The publication cannot …".
func (m PublicationMove) Words() string { return wordsOf(publicationMoveWords, m) }

var failureWords = map[FailureCode]string{
	FailureTimeout:             "there was no answer in time",
	FailureRateLimited:         "the provider limited the rate",
	FailureProviderUnavailable: "the provider was unavailable",
	FailureNetwork:             "the network failed",
	FailureAuth:                "the provider refused the credentials",
	FailurePaymentRequired:     "the account at the provider has no credit",
	FailureInvalidRequest:      "the provider refused the request",
	FailureContentFiltered:     "the provider refused the content",
	FailureBudget:              "the budget had no room for the call",
	FailurePriceUnknown:        "the model has no known price",
	FailureCancelled:           "the workflow was cancelled",
	FailureInvalidOutput:       "the answer did not have the required form",
	FailureModelDrift:          "the answer came from a model that was not requested",
	FailureLeaseExpired:        "the worker did not renew its lease",
	FailureInternal:            "the engine itself failed",
	FailureNoResult:            "the step found nothing to go on with",
	FailureUnitsFailed:         "units of the step have failed",
	FailureBlocked:             "a website refused the request",
	FailureRemoteConflict:      "a person changed the post on its site",
	FailureRemoteUnknown:       "the site did not say whether it took the request",
	FailureModelGone:           "the provider has none of the models any more",
}

// Words returns the code as it completes "The step failed: …".
func (c FailureCode) Words() string { return wordsOf(failureWords, c) }

// wordsOf returns the words of a name. An unknown name is itself.
func wordsOf[N ~string](words map[N]string, name N) string {
	if known, there := words[name]; there {
		return known
	}
	return string(name)
}
