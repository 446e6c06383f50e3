package workflow

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/fault"
)

// PublicationState is the state of one article on one site.
type PublicationState string

// The states.
const (
	PublicationPlanned       PublicationState = "PLANNED"      // nothing was sent, or the site provably has nothing
	PublicationSent          PublicationState = "SENT"         // a worker sends a draft
	PublicationUnknown       PublicationState = "UNKNOWN"      // the answer was lost: the site is asked
	PublicationDrafted       PublicationState = "DRAFTED"      // the site has a draft whose id is known
	PublicationPublishSent   PublicationState = "PUBLISH_SENT" // a worker makes the draft public
	PublicationScheduled     PublicationState = "SCHEDULED"    // the site publishes it at a time
	PublicationLive          PublicationState = "LIVE"         // readers see it
	PublicationUpdateSent    PublicationState = "UPDATE_SENT"  // a worker replaces the content of the post
	PublicationNeedsDecision PublicationState = "NEEDS_DECISION"
	PublicationSkipped       PublicationState = "SKIPPED"      // a person left it out
	PublicationOrphaned      PublicationState = "ORPHANED"     // no approved article belongs to the post any more
	PublicationUnpublishing  PublicationState = "UNPUBLISHING" // a worker takes the post from the readers
	PublicationUnpublished   PublicationState = "UNPUBLISHED"
)

// PublicationMove is the kind of an event of a publication.
type PublicationMove string

// The moves.
const (
	PublicationPlan   PublicationMove = "PLAN"   // the first event
	PublicationReplan PublicationMove = "REPLAN" // another decision asks for it, perhaps with another revision
	PublicationSend   PublicationMove = "SEND"
	PublicationRefuse PublicationMove = "REFUSE" // the site provably did not take the draft
	PublicationLose   PublicationMove = "LOSE"   // there was no answer that can be read
	PublicationAbsent PublicationMove = "ABSENT" // the site provably has no post
	PublicationDraft  PublicationMove = "DRAFT"
	PublicationAdopt  PublicationMove = "ADOPT" // a post was found, or named by a person
	// PublicationMakePublic comes before every request to publish, and PublicationPublish after the site has done it.
	PublicationMakePublic PublicationMove = "MAKE_PUBLIC"
	PublicationPublish    PublicationMove = "PUBLISH"
	PublicationDeliver    PublicationMove = "DELIVER" // a receiver without drafts has it
	PublicationUpdate     PublicationMove = "UPDATE"
	PublicationUpdated    PublicationMove = "UPDATED"
	PublicationConflict   PublicationMove = "CONFLICT" // only a person can decide
	PublicationOverwrite  PublicationMove = "OVERWRITE"
	PublicationSkip       PublicationMove = "SKIP"
	PublicationOrphan     PublicationMove = "ORPHAN"
	PublicationUnpublish  PublicationMove = "UNPUBLISH"
	PublicationRemove     PublicationMove = "REMOVE" // the readers no longer see the post
)

// Sends reports whether a request that changes the site follows the move.
func (m PublicationMove) Sends() bool {
	return m == PublicationSend || m == PublicationUpdate || m == PublicationMakePublic
}

// PublicationEdge is a legal move of a publication.
type PublicationEdge struct {
	From, To PublicationState
	Kind     PublicationMove
}

// publicationEdges are the moves after the plan, as the table legal_publication_moves has them.
var publicationEdges = []PublicationEdge{
	{PublicationPlanned, PublicationSent, PublicationSend},
	{PublicationPlanned, PublicationDrafted, PublicationAdopt},
	{PublicationPlanned, PublicationNeedsDecision, PublicationConflict},
	{PublicationPlanned, PublicationSkipped, PublicationSkip},
	{PublicationPlanned, PublicationPlanned, PublicationReplan},
	{PublicationPlanned, PublicationOrphaned, PublicationOrphan},
	{PublicationSent, PublicationPlanned, PublicationRefuse},
	{PublicationSent, PublicationUnknown, PublicationLose},
	{PublicationSent, PublicationDrafted, PublicationDraft},
	{PublicationSent, PublicationLive, PublicationDeliver},
	{PublicationSent, PublicationSent, PublicationReplan},
	{PublicationSent, PublicationOrphaned, PublicationOrphan},
	{PublicationUnknown, PublicationPlanned, PublicationAbsent},
	{PublicationUnknown, PublicationDrafted, PublicationAdopt},
	{PublicationUnknown, PublicationNeedsDecision, PublicationConflict},
	{PublicationUnknown, PublicationSkipped, PublicationSkip},
	{PublicationUnknown, PublicationUnknown, PublicationReplan},
	{PublicationUnknown, PublicationOrphaned, PublicationOrphan},
	{PublicationDrafted, PublicationPublishSent, PublicationMakePublic},
	{PublicationDrafted, PublicationLive, PublicationPublish}, // the site has it public already
	{PublicationDrafted, PublicationScheduled, PublicationPublish},
	{PublicationDrafted, PublicationUpdateSent, PublicationUpdate},
	{PublicationDrafted, PublicationPlanned, PublicationAbsent},
	{PublicationDrafted, PublicationNeedsDecision, PublicationConflict},
	{PublicationDrafted, PublicationSkipped, PublicationSkip},
	{PublicationDrafted, PublicationDrafted, PublicationReplan},
	{PublicationDrafted, PublicationOrphaned, PublicationOrphan},
	{PublicationDrafted, PublicationUnpublishing, PublicationUnpublish},
	{PublicationPublishSent, PublicationPublishSent, PublicationMakePublic},
	{PublicationPublishSent, PublicationLive, PublicationPublish},
	{PublicationPublishSent, PublicationScheduled, PublicationPublish},
	{PublicationPublishSent, PublicationDrafted, PublicationRefuse},
	{PublicationPublishSent, PublicationDrafted, PublicationReplan},
	{PublicationPublishSent, PublicationNeedsDecision, PublicationConflict},
	{PublicationPublishSent, PublicationOrphaned, PublicationOrphan},
	{PublicationPublishSent, PublicationUnpublishing, PublicationUnpublish},
	{PublicationScheduled, PublicationUpdateSent, PublicationUpdate},
	{PublicationScheduled, PublicationNeedsDecision, PublicationConflict},
	{PublicationScheduled, PublicationDrafted, PublicationReplan},
	{PublicationScheduled, PublicationOrphaned, PublicationOrphan},
	{PublicationScheduled, PublicationUnpublishing, PublicationUnpublish},
	{PublicationLive, PublicationUpdateSent, PublicationUpdate},
	{PublicationLive, PublicationNeedsDecision, PublicationConflict},
	{PublicationLive, PublicationLive, PublicationReplan},
	{PublicationLive, PublicationOrphaned, PublicationOrphan},
	{PublicationLive, PublicationUnpublishing, PublicationUnpublish},
	{PublicationUpdateSent, PublicationDrafted, PublicationUpdated},
	{PublicationUpdateSent, PublicationScheduled, PublicationUpdated},
	{PublicationUpdateSent, PublicationLive, PublicationUpdated},
	{PublicationUpdateSent, PublicationNeedsDecision, PublicationConflict},
	{PublicationUpdateSent, PublicationUpdateSent, PublicationUpdate},
	{PublicationUpdateSent, PublicationUpdateSent, PublicationReplan},
	{PublicationUpdateSent, PublicationUnpublishing, PublicationUnpublish},
	{PublicationUpdateSent, PublicationOrphaned, PublicationOrphan},
	{PublicationNeedsDecision, PublicationDrafted, PublicationAdopt},
	{PublicationNeedsDecision, PublicationDrafted, PublicationOverwrite},
	{PublicationNeedsDecision, PublicationPlanned, PublicationOverwrite},
	{PublicationNeedsDecision, PublicationSkipped, PublicationSkip},
	{PublicationNeedsDecision, PublicationNeedsDecision, PublicationReplan},
	{PublicationNeedsDecision, PublicationOrphaned, PublicationOrphan},
	{PublicationNeedsDecision, PublicationUnpublishing, PublicationUnpublish},
	{PublicationSkipped, PublicationPlanned, PublicationReplan},
	{PublicationSkipped, PublicationDrafted, PublicationReplan},
	{PublicationSkipped, PublicationUnpublishing, PublicationUnpublish},
	{PublicationOrphaned, PublicationPlanned, PublicationReplan},
	{PublicationOrphaned, PublicationDrafted, PublicationReplan},
	{PublicationOrphaned, PublicationUnpublishing, PublicationUnpublish},
	{PublicationUnpublishing, PublicationUnpublishing, PublicationUnpublish},
	{PublicationUnpublishing, PublicationUnpublished, PublicationRemove},
	{PublicationUnpublishing, PublicationNeedsDecision, PublicationConflict},
	{PublicationUnpublished, PublicationPlanned, PublicationReplan},
	{PublicationUnpublished, PublicationDrafted, PublicationReplan},
}

// PublicationEdges returns the legal moves. The caller may change the slice.
func PublicationEdges() []PublicationEdge { return slices.Clone(publicationEdges) }

// PublicationStates returns the states, that of a plan first. The caller may change the slice.
func PublicationStates() []PublicationState {
	states := []PublicationState{PublicationPlanned}
	for _, edge := range publicationEdges {
		if !slices.Contains(states, edge.To) {
			states = append(states, edge.To)
		}
	}
	return states
}

// PublicationMoves returns the moves, PLAN first. The caller may change the slice.
func PublicationMoves() []PublicationMove {
	moves := []PublicationMove{PublicationPlan}
	for _, edge := range publicationEdges {
		if !slices.Contains(moves, edge.Kind) {
			moves = append(moves, edge.Kind)
		}
	}
	return moves
}

// PublicationPolicy says how far a publication goes.
type PublicationPolicy string

// The policies.
const (
	PublishDraft    PublicationPolicy = "DRAFT"    // a draft, which a person publishes on the site
	PublishNow      PublicationPolicy = "PUBLISH"  // public at once
	PublishSchedule PublicationPolicy = "SCHEDULE" // public at a time
)

// Post is a post as its site had it last.
type Post struct {
	ID       string // "" while none is known
	URL      string
	Modified string // the site's stamp, compared for equality only
	// SHA256 is over the content as the site keeps it; nil when it was not seen yet.
	SHA256   *[sha256.Size]byte
	Revision int // the revision of the article in it; 0 when unknown
}

// Publication is one article on one target. Version counts its events.
type Publication struct {
	OrganizationID, WorkflowID, ID uuid.UUID
	TargetID, ArticleID            uuid.UUID
	Keyword                        string
	Revision                       int // of the article that the site shall have
	Approval                       int // the version of the workflow by which a decision asked for it
	Policy                         PublicationPolicy
	PublishAt                      *time.Time // with PublishSchedule
	State                          PublicationState
	Version                        int
	Remote                         Post
	Overwrite                      bool // a person has decided that a change on the site is replaced
	Lost                           int  // drafts whose answer was lost
	Failure                        FailureCode
	FailureMessage                 string
	ChangedAt                      time.Time
}

// PublicationEvent is one row of the journal of a publication, with the publication as the event left it.
type PublicationEvent struct {
	Publication Publication
	Kind        PublicationMove
	From        PublicationState // "" for the plan
	Unit        *UnitAttempt     // nil for a person
	Actor       string
	Reason      string
}

// IllegalPublicationMoveError reports that a publication cannot move so from its state.
type IllegalPublicationMoveError struct {
	From PublicationState
	Move PublicationMove
}

func (e *IllegalPublicationMoveError) Error() string {
	return fmt.Sprintf("A publication that is %s cannot %s.", e.From.Words(), e.Move.Words())
}

// Kind is CONFLICT.
func (e *IllegalPublicationMoveError) Kind() fault.Kind { return fault.Conflict }

// To returns the publication after a move. A failure of an earlier event is gone.
func (p Publication) To(state PublicationState, kind PublicationMove, at time.Time) (Publication, error) {
	if !slices.Contains(publicationEdges, PublicationEdge{p.State, state, kind}) {
		return p, &IllegalPublicationMoveError{From: p.State, Move: kind}
	}
	p.State, p.ChangedAt = state, at
	p.Version++
	p.Failure, p.FailureMessage = "", ""
	return p, nil
}

// Fail returns the publication after a move that has a failure.
func (p Publication) Fail(
	state PublicationState, kind PublicationMove, failure UnitFailure, at time.Time,
) (Publication, error) {
	next, err := p.To(state, kind, at)
	if err != nil {
		return p, err
	}
	next.Failure, next.FailureMessage = failure.Code, failure.Message
	if kind == PublicationLose {
		next.Lost++
	}
	return next, nil
}

// Found returns the publication after a move that has seen its post. A decision to replace a change is carried out with
// the update of the post.
func (p Publication) Found(
	state PublicationState, kind PublicationMove, post Post, at time.Time,
) (Publication, error) {
	next, err := p.To(state, kind, at)
	if err != nil {
		return p, err
	}
	next.Remote = post
	if kind == PublicationUpdated {
		next.Overwrite = false
	}
	return next, nil
}

// IsReached reports whether the site has what the decision asked for: the revision, and as far as the policy goes.
func (p Publication) IsReached() bool {
	if p.Remote.Revision != p.Revision {
		return false
	}
	switch p.State {
	case PublicationLive:
		return true
	case PublicationScheduled:
		return p.Policy == PublishSchedule
	case PublicationDrafted:
		return p.Policy == PublishDraft && !p.Overwrite
	}
	return false
}

// HasEnded reports whether nothing is to be done for the publication: it is reached, or a person has left it out. One
// that is being withdrawn has not ended, because the site may refuse that.
func (p Publication) HasEnded() bool {
	return p.IsReached() || slices.Contains([]PublicationState{
		PublicationSkipped, PublicationOrphaned, PublicationUnpublished,
	}, p.State)
}

// unitOfPublication is the name space of the ids of units that publish.
var unitOfPublication = uuid.MustParse("5a3c1d68-2f0e-4d7a-9c55-0b7f4f1f7c11")

// UnitOf returns the id of the unit that works on the publication in a visit of the step PUBLISH.
func (p Publication) UnitOf(visit int) uuid.UUID {
	return uuid.NewSHA1(unitOfPublication, fmt.Appendf(p.ID[:], " %d", visit))
}

// Replan returns the publication as another decision asks for it. A post that was left alone, or that may be public at
// a time, is written anew: its state on the site is seen with the answer.
func (p Publication) Replan(change func(*Publication), at time.Time) (Publication, error) {
	state := p.State
	switch p.State {
	case PublicationSkipped, PublicationOrphaned, PublicationUnpublished, PublicationScheduled, PublicationPublishSent:
		state = PublicationDrafted
		if p.Remote.ID == "" {
			state = PublicationPlanned
		}
	}
	next, err := p.To(state, PublicationReplan, at)
	if err != nil {
		return p, err
	}
	change(&next)
	if state != p.State {
		next.Remote.Revision = 0
	}
	return next, nil
}
