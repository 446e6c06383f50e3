package engine

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// PublicationChoice is what a person decides about a publication.
type PublicationChoice string

// The choices.
const (
	ChoiceAdopt     PublicationChoice = "ADOPT"     // take a post of the site as it is
	ChoiceOverwrite PublicationChoice = "OVERWRITE" // replace what is on the site, or send the article once more
	ChoiceSkip      PublicationChoice = "SKIP"      // leave the publication out
	ChoiceUnpublish PublicationChoice = "UNPUBLISH" // take the post from the readers
)

// DecidePublicationInput decides about one publication.
type DecidePublicationInput struct {
	PublicationID uuid.UUID
	Choice        PublicationChoice
	// RemoteID is the id of a post on the site, with ADOPT. "" is the post that the publication has.
	RemoteID       string
	Reason         string // required
	IdempotencyKey string
}

// maxRemoteID limits the id of a post, in characters.
const maxRemoteID = 200

// ChangedPublication is a publication after a decision.
type ChangedPublication struct {
	Publication workflow.Publication
	Workflow    workflow.Workflow
	Replayed    bool
}

// DecidePublication decides about a publication that waits for a person, and takes one from its readers. ADOPT and
// OVERWRITE begin another attempt at the unit. SKIP leaves the unit out, unless it runs or is done, and so does
// UNPUBLISH once the post is a draft: the step then ends without it, as with SkipUnit. CONFLICT when the publication is
// in another state, *StaleStateError when its step is over, *TerminalError when its workflow is.
func (e *Engine) DecidePublication(
	ctx context.Context, who caller.Caller, in DecidePublicationInput,
) (_ ChangedPublication, err error) {
	ctx, end := e.begin(ctx, "DecidePublication")
	defer end(&err)
	if err := in.check(); err != nil {
		return ChangedPublication{}, err
	}
	p, err := e.Publication(ctx, who, in.PublicationID)
	if err != nil {
		return ChangedPublication{}, err
	}
	key := in.IdempotencyKey
	in.IdempotencyKey = ""
	at := e.now()
	replay, err := e.once(ctx, who, request{
		key:       key,
		operation: "decidePublication",
		content:   in,
		flow:      p.WorkflowID,
		at:        at,
	}, func(tx *postgres.Store) error { return e.decidePublication(ctx, tx, who, p, in) })
	if err != nil {
		return ChangedPublication{}, e.explainLost(ctx, who, p.WorkflowID, err)
	}
	changed := ChangedPublication{Replayed: replay != nil}
	if changed.Publication, err = e.Publication(ctx, who, p.ID); err != nil {
		return ChangedPublication{}, err
	}
	changed.Workflow, err = e.Workflow(ctx, who, p.WorkflowID)
	return changed, err
}

func (in DecidePublicationInput) check() error {
	if err := checkReason(in.Reason); err != nil {
		return err
	}
	if err := checkGiven(in.Reason); err != nil {
		return err
	}
	switch {
	case in.RemoteID != "" && in.Choice != ChoiceAdopt:
		return fault.Invalid([]string{"remoteId"}, "Only ADOPT names a post.")
	case len(in.RemoteID) > maxRemoteID || strings.ContainsFunc(in.RemoteID, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '_')
	}):
		return fault.Invalid([]string{"remoteId"}, "The id of a post has at most %d letters, digits, - and _.", maxRemoteID)
	}
	return nil
}

// decidePublication changes the publication and its unit. It locks in the order of all transactions about units.
func (e *Engine) decidePublication(
	ctx context.Context, tx *postgres.Store, who caller.Caller, p workflow.Publication, in DecidePublicationInput,
) error {
	l, works, err := e.lockUnitOf(ctx, tx, who, p)
	if err != nil {
		return err
	}
	at := e.now()
	if in.Choice == ChoiceUnpublish && isUnsettled(p, at) {
		return fault.New(fault.Conflict, "A request about the post may be under way. Decide again in two minutes.")
	}
	move, err := in.move(p, at)
	if err != nil {
		return err
	}
	if err := movePublication(ctx, tx, who, move); err != nil {
		return err
	}
	switch in.Choice {
	case ChoiceUnpublish:
		return e.jobs.Unpublish(ctx, tx.Tx(), who.OrganizationID, p.ID, at)
	case ChoiceSkip:
		return e.leaveOut(ctx, tx, who, l, in.Reason)
	}
	switch {
	case l.flow.IsTerminal():
		return &TerminalError{Current: l.flow}
	case !works:
		return &StaleStateError{Current: l.flow}
	}
	if l.unit.State.IsOpen() {
		return nil
	}
	_, err = e.reopenIn(ctx, tx, who, &l, in.Reason)
	return err
}

// leaveOut leaves out the unit of a publication that readers shall not have, if there is one that has neither begun nor
// ended.
func (e *Engine) leaveOut(
	ctx context.Context, tx *postgres.Store, who caller.Caller, l lockedUnit, reason string,
) error {
	if l.unit.ID == uuid.Nil || !l.isInStep(l.step().Processing, l.step().Failed) {
		return nil
	}
	_, err := e.skipIn(ctx, tx, who, &l, reason)
	var illegal *workflow.IllegalUnitMoveError
	if errors.As(err, &illegal) {
		return nil // The unit runs, and its attempt finds the publication left out, or it has ended.
	}
	return err
}

// unsettled is longer than a request to a site takes.
const unsettled = 2 * time.Minute

// isUnsettled reports whether a worker may be waiting for the answer of a site.
func isUnsettled(p workflow.Publication, at time.Time) bool {
	switch p.State {
	case workflow.PublicationPublishSent, workflow.PublicationUpdateSent, workflow.PublicationUnpublishing:
		return at.Sub(p.ChangedAt) < unsettled
	}
	return false
}

// lockUnitOf locks the unit that works on a publication in the current visit. works is false without such a unit, and
// when the workflow is over.
func (e *Engine) lockUnitOf(
	ctx context.Context, tx *postgres.Store, who caller.Caller, p workflow.Publication,
) (l lockedUnit, works bool, err error) {
	visits, err := tx.CurrentVisits(ctx, who, []uuid.UUID{p.WorkflowID}, workflow.StepPublish)
	if err != nil {
		return l, false, err
	}
	if visit, there := visits[p.WorkflowID]; there {
		l, err = e.lockUnit(ctx, tx, who, p.UnitOf(visit))
		if err == nil {
			return l, !l.flow.IsTerminal(), nil
		}
		if fault.KindOf(err) != fault.NotFound {
			return l, false, err
		}
	}
	flow, there, err := tx.LockWorkflow(ctx, who, p.WorkflowID)
	l.flow, err = found(flow, there, err, "workflow")
	return l, false, err
}

// move returns the move that a decision makes.
func (in DecidePublicationInput) move(p workflow.Publication, at time.Time) (postgres.PublicationMove, error) {
	m := postgres.PublicationMove{Before: p, Reason: in.Reason}
	var err error
	switch in.Choice {
	case ChoiceAdopt:
		m.Kind = workflow.PublicationAdopt
		post := p.Remote
		if in.RemoteID != "" && in.RemoteID != post.ID {
			post = workflow.Post{ID: in.RemoteID}
		}
		if post.ID == "" {
			return m, fault.Invalid([]string{"remoteId"}, "Name the post: the publication has none.")
		}
		post.SHA256, post.Revision = nil, p.Revision
		if p.State != workflow.PublicationNeedsDecision {
			return m, &workflow.IllegalPublicationMoveError{From: p.State, Move: m.Kind}
		}
		m.After, err = p.Found(workflow.PublicationDrafted, m.Kind, post, at)
	case ChoiceOverwrite:
		m.Kind = workflow.PublicationOverwrite
		to := workflow.PublicationDrafted
		if p.Remote.ID == "" {
			to = workflow.PublicationPlanned
		}
		m.After, err = p.To(to, m.Kind, at)
		m.After.Overwrite = true // Lost stays: the drafts of lost answers are still to be looked for.
	case ChoiceSkip:
		m.Kind = workflow.PublicationSkip
		m.After, err = p.To(workflow.PublicationSkipped, m.Kind, at)
	case ChoiceUnpublish:
		m.Kind = workflow.PublicationUnpublish
		if p.Remote.ID == "" {
			return m, fault.New(fault.Conflict, "The publication has no post.")
		}
		m.After, err = p.To(workflow.PublicationUnpublishing, m.Kind, at)
	default:
		err = fault.Invalid([]string{"choice"}, "A choice is ADOPT, OVERWRITE, SKIP or UNPUBLISH.")
	}
	return m, err
}

// UnpublishedInput is how the attempt to take a post from its readers ended.
type UnpublishedInput struct {
	Publication workflow.Publication
	Failure     *workflow.UnitFailure // nil when the readers no longer see the post
}

// RecordUnpublished records the end of that attempt, unless the publication has moved. With the post its unit is left
// out.
func (e *Engine) RecordUnpublished(ctx context.Context, who caller.Caller, in UnpublishedInput) (err error) {
	ctx, end := e.begin(ctx, "RecordUnpublished")
	defer end(&err)
	p, at := in.Publication, e.now()
	m := postgres.PublicationMove{Before: p, Kind: workflow.PublicationRemove}
	if in.Failure == nil {
		m.After, err = p.To(workflow.PublicationUnpublished, m.Kind, at)
	} else {
		in.Failure.Message = storable(in.Failure.Message)
		m.Kind = workflow.PublicationConflict
		m.After, err = p.Fail(workflow.PublicationNeedsDecision, m.Kind, *in.Failure, at)
	}
	if err != nil {
		return err
	}
	return e.store.InTx(ctx, func(tx *postgres.Store) error {
		l, _, err := e.lockUnitOf(ctx, tx, who, p)
		if err != nil {
			return err
		}
		won, err := tx.MovePublication(ctx, who, m)
		if err != nil || !won || in.Failure != nil {
			return err
		}
		return e.leaveOut(ctx, tx, who, l, "The post was taken from its readers.")
	})
}
