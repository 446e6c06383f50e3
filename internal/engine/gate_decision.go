package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

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
		key:       v.key,
		operation: v.operation,
		content:   v.content,
		flow:      v.flow,
		at:        at,
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
