package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// gateRequest is a decision at a gate as idempotency sees it.
type gateRequest struct {
	gate           workflow.Gate
	flow           uuid.UUID
	key, operation string
	content        any
	// expect returns the forecast of an approval; nil for a gate without one. It may refuse.
	expect func(context.Context, *postgres.Store, gateSubject) (*WorkForecast, error)
	// after writes what a decision asks for, in its transaction; nil for nothing.
	after func(context.Context, *postgres.Store, Moved) error
}

// gateSubject is a locked workflow at a gate, with the selection that a decision is about.
type gateSubject struct {
	flow      workflow.Workflow
	selection content.Selection
	articles  []uuid.UUID // the approved ones, at the gate PLAN
	// preparer changed the selection last; "" without such a change.
	preparer string
	at       time.Time
}

// openGate locks the workflow and reads the subject of a decision.
type openGate func(context.Context, *postgres.Store) (gateSubject, error)

// decideGate makes the transition that a decision asks for and writes the decision, in one transaction.
func (e *Engine) decideGate(
	ctx context.Context, who caller.Caller, v gateRequest, open openGate,
	judge func(gateSubject) (change, GateDecision, error),
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
		subject, err := open(ctx, tx)
		if err != nil {
			return err
		}
		subject.at = at
		move, decision, err := judge(subject)
		if err != nil {
			return err
		}
		move.From, move.Version = subject.flow.State, &subject.flow.Version
		decision.WorkflowID, decision.Gate, decision.At = subject.flow.ID, v.gate, at
		decision.SelectionDigest, decision.Selected = subject.selection.Digest[:], subject.selection.Count
		if v.expect != nil && decision.Verdict == workflow.GateApproved {
			forecast, err := v.expect(ctx, tx, subject)
			if err != nil {
				return err
			}
			if forecast != nil {
				decision.Likely, decision.Most = &forecast.Likely, &forecast.Most
			}
		}
		if moved, err = e.moveWithDecision(ctx, tx, who, gated{subject, move, decision}); err != nil {
			return err
		}
		if v.after != nil {
			if err := v.after(ctx, tx, moved); err != nil {
				return err
			}
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

// openSeeds returns the subject of a decision at the gate SEEDS.
func (e *Engine) openSeeds(who caller.Caller, flow uuid.UUID) openGate {
	return func(ctx context.Context, tx *postgres.Store) (gateSubject, error) {
		r, err := e.lockReview(ctx, tx, who, flow, time.Time{})
		if err != nil {
			return gateSubject{}, err
		}
		preparer, _, err := tx.LastReviewer(ctx, who, flow, r.visit)
		if err != nil {
			return gateSubject{}, fmt.Errorf("read who prepared the selection: %w", err)
		}
		return gateSubject{flow: r.flow, selection: content.SelectionOf(r.keywords), preparer: preparer}, nil
	}
}

// openPlan returns the subject of a decision at the gate PLAN.
func (e *Engine) openPlan(who caller.Caller, flow uuid.UUID) openGate {
	return func(ctx context.Context, tx *postgres.Store) (gateSubject, error) {
		p, err := e.lockPlanning(ctx, tx, who, flow, workflow.ValidationCompleted)
		if err != nil {
			return gateSubject{}, err
		}
		preparer, _, err := tx.LastPlanner(ctx, who, flow, p.plan.Visit)
		if err != nil {
			return gateSubject{}, fmt.Errorf("read who prepared the plan: %w", err)
		}
		subject := gateSubject{flow: p.flow, selection: p.plan.Selection(), preparer: preparer}
		for _, item := range p.plan.Approved() {
			subject.articles = append(subject.articles, item.Page.ID)
		}
		return subject, nil
	}
}

// gated is a transition with the decision that opens its gate.
type gated struct {
	subject  gateSubject
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
	preparer := g.subject.preparer
	if preparer == "" {
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
		return Moved{}, fmt.Errorf("write the decision about workflow %s: %w", g.subject.flow.ID, err)
	}
	step := moved.Workflow.State.Step()
	if step == nil || moved.Workflow.State != step.Completed {
		return moved, nil
	}
	after, err := e.advance(ctx, tx, who, moved, *step)
	return Moved{Workflow: after.Workflow, Transition: moved.Transition}, err
}
