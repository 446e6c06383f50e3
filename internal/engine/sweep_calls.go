package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// pause is how long to wait after a number of questions: 0.5 s, doubling to 60 s.
func pause(checks int) time.Duration {
	if checks > 7 {
		return time.Minute
	}
	return min(time.Minute, 500*time.Millisecond<<checks)
}

// AskFunc asks a provider what became of a generation. nil, nil: it does not know (yet).
type AskFunc func(ctx context.Context, provider, generationID string) (*SettleInput, error)

// SweepCalls looks after the calls that nobody has ended: it releases what was never sent, asks the provider about what
// may have been charged, and books the hold as the cost when there is no answer in 24 hours. It may run in any number
// of servers at once: each call is taken by one. It returns how many it has looked at.
func (e *Engine) SweepCalls(ctx context.Context, ask AskFunc) (_ int, err error) {
	ctx, end := e.begin(ctx, "SweepCalls")
	defer end(&err)
	at := e.now()
	calls, err := e.store.DueCalls(ctx, at, at.Add(lookAgain), e.sweptAtOnce)
	if err != nil {
		return 0, fmt.Errorf("take the calls that are due: %w", err)
	}
	errs := make([]error, len(calls))
	var all sync.WaitGroup
	for i, call := range calls {
		all.Go(func() {
			if err := e.look(ctx, call, ask); err != nil {
				errs[i] = fmt.Errorf("look after call %s: %w", call.ID, err)
			}
		})
	}
	all.Wait()
	return len(calls), errors.Join(errs...)
}

// look decides about one call.
func (e *Engine) look(ctx context.Context, call postgres.Call, ask AskFunc) error {
	who := sweeperOf(call.OrganizationID)
	if call.State == cost.CallUnknown {
		return e.inquire(ctx, who, call, ask)
	}
	if call.RunToken == nil { // Reserved from outside, and nothing heard for too long.
		return e.MarkUnknown(ctx, who, call.ID, workflow.FailureTimeout)
	}
	run, there, err := e.store.Run(ctx, who, call.WorkflowID, *call.RunToken)
	if err != nil {
		return err
	}
	if there && run.EndedAt == nil {
		return nil // Its worker is at it; DueCalls has put the next look off.
	}
	if call.State == cost.CallDispatched {
		return e.MarkUnknown(ctx, who, call.ID, workflow.FailureLeaseExpired)
	}
	return e.store.InTx(ctx, func(tx *postgres.Store) error {
		// Only from RESERVED, which cannot be dispatched any more: its run is over.
		_, err := e.releaseIn(ctx, tx, who, release{
			ReleaseInput: ReleaseInput{CallID: call.ID, Reason: "never sent: its run is over"},
			from:         []cost.CallState{cost.CallReserved}, at: e.now(),
		})
		return err
	})
}

// inquire asks the provider about a call whose outcome is unknown.
func (e *Engine) inquire(ctx context.Context, who caller.Caller, call postgres.Call, ask AskFunc) error {
	var refused error
	if call.GenerationID != "" {
		answer, err := ask(ctx, call.Provider, call.GenerationID)
		if answer != nil && err == nil {
			answer.CallID = call.ID
			answer.Failure = workflow.FailureCode(call.FailureCode)
			if _, err = e.SettleLate(ctx, who, *answer); err != nil {
				err = &UnbookedError{CallID: call.ID, cause: err}
			}
			return err
		}
		refused = err
	}
	at, unknownFor := e.now(), time.Duration(0)
	if call.UnknownSince != nil {
		unknownFor = at.Sub(*call.UnknownSince)
	}
	if unknownFor >= assumeAfter {
		return errors.Join(refused, e.assume(ctx, who, call))
	}
	return errors.Join(refused, e.postpone(ctx, who, call, unknownFor))
}

// postpone says when to ask again, and that nobody has known for too long.
func (e *Engine) postpone(
	ctx context.Context, who caller.Caller, call postgres.Call, unknownFor time.Duration,
) error {
	at := e.now()
	if unknownFor < alertAfter {
		return e.store.PostponeCall(ctx, who, call.ID, at.Add(pause(call.Checks)))
	}
	return e.store.InTx(ctx, func(tx *postgres.Store) error {
		now, there, err := tx.LockCall(ctx, who, call.ID)
		if err != nil || !there || now.State != cost.CallUnknown {
			return err
		}
		if err := e.raise(ctx, tx, aboutCall(cost.AlertUnknown, now, at)); err != nil {
			return err
		}
		return tx.PostponeCall(ctx, who, call.ID, at.Add(pause(call.Checks)))
	})
}

// assume books the hold as the cost.
func (e *Engine) assume(ctx context.Context, who caller.Caller, call postgres.Call) error {
	return e.store.InTx(ctx, func(tx *postgres.Store) error {
		at := e.now()
		assumed, won, err := tx.AssumeCall(ctx, who, call.ID, at)
		if err != nil || !won {
			return err
		}
		if err := e.raise(ctx, tx, aboutCall(cost.AlertUnknown, assumed, at)); err != nil {
			return err
		}
		return e.book(ctx, tx, who, postgres.Booking{
			Kind:   cost.EntryAssume,
			Call:   assumed,
			At:     at,
			Delta:  cost.Delta{Settled: call.Hold, Held: -call.Hold},
			Reason: "the provider gave no answer in time",
		})
	})
}
