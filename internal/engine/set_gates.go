package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// The gates as the store keeps them.
type (
	GateSettings = postgres.GateSettings
	GateDecision = postgres.GateDecision
)

// GateSettings returns the caller's gates. All are OFF in an organization that never set them.
func (e *Engine) GateSettings(ctx context.Context, who caller.Caller) (GateSettings, error) {
	settings, err := e.store.GateSettings(ctx, who)
	if err != nil {
		return settings, fmt.Errorf("read the gates of organization %s: %w", who.OrganizationID, err)
	}
	return settings, nil
}

// GateDecisions returns the decisions about each workflow, the last first.
func (e *Engine) GateDecisions(
	ctx context.Context, who caller.Caller, flows []uuid.UUID,
) (map[uuid.UUID][]GateDecision, error) {
	return e.store.GateDecisions(ctx, who, flows)
}

// SetGatesInput says who decides at each gate. A nil field stays as it is.
type SetGatesInput struct {
	Seeds, Plan, Publish *workflow.GateMode
	FourEyes             *bool
	Reason               string
	IdempotencyKey       string
}

// Gated are an organization's gates after a change.
type Gated struct {
	GateSettings
	Replayed bool
}

// SetGates sets the organization's gates. They count for every transition from then on. Setting them to what they are
// changes nothing.
func (e *Engine) SetGates(
	ctx context.Context, who caller.Caller, in SetGatesInput,
) (_ Gated, err error) {
	ctx, end := e.begin(ctx, "SetGates")
	defer end(&err)
	if err := checkReason(in.Reason); err != nil {
		return Gated{}, err
	}
	key, at := in.IdempotencyKey, e.now()
	in.IdempotencyKey = ""
	replay, err := e.once(ctx, who, request{
		key: key, operation: "setGates", content: in, at: at,
	}, func(tx *postgres.Store) error {
		settings, err := tx.GateSettings(ctx, who)
		if err != nil {
			return err
		}
		changed, err := in.apply(settings)
		if err != nil || changed == settings {
			return err
		}
		changed.Version, changed.Reason, changed.At = settings.Version+1, in.Reason, at
		set, err := tx.SetGates(ctx, who, changed)
		if err == nil && !set {
			return fault.New(fault.Conflict, "Another request has just set the gates. Read them again.")
		}
		return err
	})
	if err != nil {
		return Gated{}, err
	}
	settings, err := e.GateSettings(ctx, who)
	return Gated{GateSettings: settings, Replayed: replay != nil}, err
}

func (in SetGatesInput) apply(settings GateSettings) (GateSettings, error) {
	for field, change := range map[string]struct{ from, to *workflow.GateMode }{
		"seeds":   {in.Seeds, &settings.Seeds},
		"plan":    {in.Plan, &settings.Plan},
		"publish": {in.Publish, &settings.Publish},
	} {
		if change.from == nil {
			continue
		}
		if !change.from.Valid() {
			return settings, fault.Invalid([]string{field}, "A gate is HUMAN or OFF.")
		}
		if field != "seeds" && *change.from != workflow.GateOff {
			return settings, fault.Invalid([]string{field}, "This gate can only be OFF: no mutation opens it yet.")
		}
		*change.to = *change.from
	}
	if in.FourEyes != nil {
		settings.FourEyes = *in.FourEyes
	}
	return settings, nil
}

// ApproveSeedsInput approves the selection that a reviewer saw.
type ApproveSeedsInput struct {
	WorkflowID      uuid.UUID
	ExpectedVersion int
	SelectionDigest []byte
	IdempotencyKey  string
}

// ApproveSeeds ends the seed review with the selected keywords: the decision and the transition are one commit.
// *StaleStateError when the workflow has moved on, *StaleSelectionError when the selection is not the one that the
// reviewer saw; FOUR_EYES when the organization asks for two people and the caller prepared the selection;
// SELECTION_TOO_SMALL and SELECTION_TOO_LARGE outside 2 to 100 keywords.
func (e *Engine) ApproveSeeds(ctx context.Context, who caller.Caller, in ApproveSeedsInput) (_ Moved, err error) {
	ctx, end := e.begin(ctx, "ApproveSeeds")
	defer end(&err)
	return e.decideSeeds(ctx, who, seedDecision{
		flow:      in.WorkflowID,
		key:       in.IdempotencyKey,
		operation: "approveSeeds",
		content: struct {
			WorkflowID uuid.UUID
			Version    int
			Digest     []byte
		}{in.WorkflowID, in.ExpectedVersion, in.SelectionDigest},
	}, func(r review) (change, GateDecision, error) {
		selection := content.SelectionOf(r.keywords)
		switch {
		case r.flow.Version != in.ExpectedVersion:
			return change{}, GateDecision{}, &StaleStateError{Current: r.flow}
		case !bytes.Equal(selection.Digest[:], in.SelectionDigest):
			return change{}, GateDecision{}, &StaleSelectionError{StaleStateError{Current: r.flow}}
		case selection.Count < content.FewestSeeds:
			return change{}, GateDecision{}, fault.New(fault.SelectionTooSmall,
				"The number of selected keywords is %d; the next step needs at least %d.", selection.Count, content.FewestSeeds)
		case selection.Count > content.MostSeeds:
			return change{}, GateDecision{}, fault.New(fault.SelectionTooLarge,
				"The number of selected keywords is %d; the next step takes at most %d.", selection.Count, content.MostSeeds)
		}
		move := e.moveTo(r.flow.ID, workflow.SeedReviewCompleted, r.at)
		move.Kind = workflow.Advance
		return move, GateDecision{
			Verdict: workflow.GateApproved, SelectionDigest: selection.Digest[:], Selected: selection.Count,
		}, nil
	})
}

// RejectSeedsInput sends the work back.
type RejectSeedsInput struct {
	WorkflowID      uuid.UUID
	ExpectedVersion *int
	ResetTo         workflow.StepKey
	Feedback        string
	IdempotencyKey  string
}

// RejectSeeds sends the workflow back to ICP or COMPETITOR. The feedback reaches the next visit of that step as data.
func (e *Engine) RejectSeeds(ctx context.Context, who caller.Caller, in RejectSeedsInput) (_ Moved, err error) {
	ctx, end := e.begin(ctx, "RejectSeeds")
	defer end(&err)
	if in.ResetTo != workflow.StepICP && in.ResetTo != workflow.StepCompetitor {
		return Moved{}, fault.Invalid([]string{"resetTo"}, "A seed review goes back to ICP or COMPETITOR.")
	}
	if err := checkFeedback(in.Feedback); err != nil {
		return Moved{}, err
	}
	key := in.IdempotencyKey
	in.IdempotencyKey = ""
	return e.decideSeeds(ctx, who, seedDecision{
		flow: in.WorkflowID, key: key, operation: "rejectSeeds", content: in,
	}, func(r review) (change, GateDecision, error) {
		if in.ExpectedVersion != nil && *in.ExpectedVersion != r.flow.Version {
			return change{}, GateDecision{}, &StaleStateError{Current: r.flow}
		}
		step, _ := workflow.StepOf(in.ResetTo)
		selection := content.SelectionOf(r.keywords)
		move := e.moveTo(r.flow.ID, step.Pending, r.at)
		move.Kind, move.Reason = workflow.Reset, in.Feedback
		return move, GateDecision{
			Verdict:         workflow.GateRejected,
			ResetTo:         &in.ResetTo,
			Feedback:        in.Feedback,
			SelectionDigest: selection.Digest[:],
			Selected:        selection.Count,
		}, nil
	})
}

func checkFeedback(feedback string) error {
	if err := checkReason(feedback); err != nil {
		return fault.Invalid([]string{"feedback"}, "A feedback has at most 2000 characters and none of them is NUL.")
	}
	return nil
}

// seedDecision is a decision at the gate SEEDS as idempotency sees it.
type seedDecision struct {
	flow           uuid.UUID
	key, operation string
	content        any
}

// decideSeeds makes the transition that a decision asks for and writes the decision, in one transaction.
func (e *Engine) decideSeeds(
	ctx context.Context, who caller.Caller, v seedDecision,
	judge func(review) (change, GateDecision, error),
) (Moved, error) {
	at := e.now()
	var moved Moved
	replay, err := e.once(ctx, who, request{
		key: v.key, operation: v.operation, content: v.content, flow: v.flow, at: at,
	}, func(tx *postgres.Store) error {
		locked, err := e.lockReview(ctx, tx, who, v.flow, at)
		if err != nil {
			return err
		}
		move, decision, err := judge(locked)
		if err != nil {
			return err
		}
		move.From, move.Version = locked.flow.State, &locked.flow.Version
		decision.WorkflowID, decision.Gate, decision.At = locked.flow.ID, workflow.GateSeeds, at
		if moved, err = e.moveWithDecision(ctx, tx, who, gated{review: locked, move: move, decision: decision}); err != nil {
			return err
		}
		if v.key == "" {
			return nil
		}
		return tx.CompleteIdempotencyRecord(ctx, who, v.key, postgres.Made{Version: &moved.Transition.Version})
	})
	var stale *StaleStateError
	switch {
	case errors.As(err, &stale) && stale.Current.IsTerminal():
		return Moved{}, &TerminalError{Current: stale.Current}
	case err != nil:
		return Moved{}, err
	case replay != nil:
		return e.replayMoved(ctx, who, *replay)
	}
	return moved, nil
}

// gated is a transition with the decision that opens its gate.
type gated struct {
	review   review
	move     change
	decision GateDecision
}

func (e *Engine) moveWithDecision(
	ctx context.Context, tx *postgres.Store, who caller.Caller, g gated,
) (Moved, error) {
	settings, err := tx.GateSettings(ctx, who)
	if err != nil {
		return Moved{}, err
	}
	preparer, there, err := tx.LastReviewer(ctx, who, g.review.flow.ID, g.review.visit)
	if err != nil {
		return Moved{}, fmt.Errorf("read who prepared the selection: %w", err)
	}
	if !there {
		preparer = who.Actor
	}
	if settings.FourEyes && preparer == who.Actor && g.decision.Verdict == workflow.GateApproved {
		return Moved{}, fault.New(fault.FourEyes,
			"You made the last change to this selection. Another person must approve it.")
	}
	moved, err := e.makeIn(ctx, tx, who, g.move)
	if err != nil {
		return Moved{}, err
	}
	g.decision.Version = moved.Transition.Version
	g.decision.FourEyes = settings.FourEyes
	if settings.Version >= 0 {
		g.decision.SettingsVersion = &settings.Version
	}
	g.decision.PreparedBy = preparer
	if _, err := tx.WriteGateDecision(ctx, who, g.decision); err != nil {
		return Moved{}, fmt.Errorf("write the decision about workflow %s: %w", g.review.flow.ID, err)
	}
	if g.decision.Verdict == workflow.GateRejected {
		return moved, nil
	}
	step, _ := workflow.StepOf(workflow.StepSeedReview)
	after, err := e.advance(ctx, tx, who, moved, step)
	return Moved{Workflow: after.Workflow, Transition: moved.Transition}, err
}
