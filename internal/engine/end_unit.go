package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// FinishUnitInput ends an attempt at a unit with a result.
type FinishUnitInput struct {
	Unit workflow.Unit
	// keep writes the result within the transaction; nil without one.
	keep func(context.Context, *postgres.Store, time.Time) error
}

// FinishUnit ends an attempt at a unit with its result, in one transaction with the jobs of what follows. When the
// attempt is lost, the result is dropped and the error is *LostRunError.
func (e *Engine) FinishUnit(ctx context.Context, who caller.Caller, in FinishUnitInput) (err error) {
	ctx, end := e.begin(ctx, "FinishUnit")
	defer end(&err)
	err = e.store.InTx(ctx, func(tx *postgres.Store) error {
		l, err := e.lockAttempt(ctx, tx, who, in.Unit)
		if err != nil {
			return err
		}
		if !l.isLive() {
			return errLost
		}
		next, err := l.unit.Finish(l.at)
		if err != nil {
			return err
		}
		if in.keep != nil {
			if err := in.keep(ctx, tx, l.at); err != nil {
				return err
			}
		}
		m := postgres.UnitMove{Before: l.unit, After: next, Kind: workflow.UnitFinish}
		if err := e.moveUnit(ctx, tx, who, m); err != nil {
			return err
		}
		return e.afterUnit(ctx, tx, who, l)
	})
	return e.explainLostUnit(ctx, who, in.Unit, err)
}

// lockAttempt locks a unit. The error is errLost when the attempt is over.
func (e *Engine) lockAttempt(
	ctx context.Context, tx *postgres.Store, who caller.Caller, unit workflow.Unit,
) (lockedUnit, error) {
	l, err := e.lockUnit(ctx, tx, who, unit.ID)
	if err != nil {
		return l, err
	}
	mine := l.unit.State == workflow.UnitRunning && l.unit.Attempt == unit.Attempt && l.unit.Worker == who.Actor
	return l, lostUnless(mine, nil)
}

func (e *Engine) explainLostUnit(ctx context.Context, who caller.Caller, unit workflow.Unit, err error) error {
	switch {
	case errors.Is(err, errLost):
		return e.lost(ctx, who, unit.Run())
	case err != nil:
		return fmt.Errorf("end unit %s: %w", unit.ID, err)
	}
	return nil
}

// FailUnitInput ends an attempt at a unit without a result.
type FailUnitInput struct {
	Unit       workflow.Unit
	Failure    workflow.FailureCode
	Message    string        // for the journal; no secrets
	RetryAfter time.Duration // as the provider has asked
}

// FailUnit ends an attempt at a unit without a result. It plans the next attempt in the same transaction when the
// policy of the step allows one. Of a unit whose workflow has moved on it records CANCELLED and returns *LostRunError.
func (e *Engine) FailUnit(ctx context.Context, who caller.Caller, in FailUnitInput) (err error) {
	ctx, end := e.begin(ctx, "FailUnit")
	defer end(&err)
	live := true
	err = e.store.InTx(ctx, func(tx *postgres.Store) error {
		l, err := e.lockAttempt(ctx, tx, who, in.Unit)
		if err != nil {
			return err
		}
		live = l.isLive()
		return e.failUnitIn(ctx, tx, who, l, in)
	})
	if err == nil && !live {
		err = errLost
	}
	return e.explainLostUnit(ctx, who, in.Unit, err)
}

// failUnitIn ends an attempt at a locked unit.
func (e *Engine) failUnitIn(
	ctx context.Context, tx *postgres.Store, who caller.Caller, l lockedUnit, in FailUnitInput,
) error {
	failure := workflow.UnitFailure{Code: in.Failure, Message: storable(in.Message)}
	if !l.isLive() {
		failure = workflow.UnitFailure{
			Code:    workflow.FailureCancelled,
			Message: "The workflow has moved on.",
		}
	} else {
		wait, again, err := e.retryOfUnit(ctx, tx, who, l.unit, in)
		if err != nil {
			return err
		}
		if again {
			next := l.at.Add(wait)
			failure.RetryAt = &next
		}
	}
	next, kind, err := l.unit.Fail(failure, l.at)
	if err != nil {
		return err
	}
	if failure.RetryAt != nil {
		again := failure.RetryAt.Add(wakeAfter)
		next.WakeAt = &again
	}
	m := postgres.UnitMove{
		Before: l.unit,
		After:  next,
		Kind:   kind,
		Reason: string(failure.Code),
	}
	if err := e.moveUnit(ctx, tx, who, m); err != nil {
		return err
	}
	if failure.RetryAt != nil {
		if err := e.jobs.Unit(ctx, tx.Tx(), next, *failure.RetryAt); err != nil {
			return err
		}
	}
	return e.afterUnit(ctx, tx, who, l)
}

// retryOfUnit applies the policy of the step to a failed attempt at a unit.
func (e *Engine) retryOfUnit(
	ctx context.Context, tx *postgres.Store, who caller.Caller, unit workflow.Unit, in FailUnitInput,
) (time.Duration, bool, error) {
	events, err := tx.UnitHistory(ctx, who, unit)
	if err != nil {
		return 0, false, fmt.Errorf("read the events of unit %s: %w", unit.ID, err)
	}
	if in.Failure == workflow.FailureRemoteUnknown && in.RetryAfter > 0 {
		return in.RetryAfter, true, nil // The executor decides how often a site is asked.
	}
	same, looks := 0, 0
	for _, event := range events {
		if event.Kind == workflow.UnitReopen {
			break
		}
		if event.Kind == workflow.UnitRetry && event.Unit.Failure == workflow.FailureRemoteUnknown {
			looks++
		}
		if event.Kind == workflow.UnitRetry && event.Unit.Failure == in.Failure {
			same++
		}
	}
	wait, again := workflow.PolicyOf(unit.Step).Retry(workflow.RetryInput{
		Code:           in.Failure,
		Attempt:        unit.Tries - looks,
		SameCodeBefore: same,
		RetryAfter:     in.RetryAfter,
		Jitter:         e.jitter(),
	})
	return wait, again, nil
}
