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

// pause returns the pause after a number of checks: 0.5 s, doubling to 60 s.
func pause(checks int) time.Duration {
	if checks > 7 {
		return time.Minute
	}
	return min(time.Minute, 500*time.Millisecond<<checks)
}

// AskFunc queries a provider for the cost of a generation. It returns nil, nil while the provider has no answer.
type AskFunc func(ctx context.Context, provider, generationID string) (*SettleInput, error)

// LookUps query the providers of calls whose outcome is unknown. Without Find calls to services are not looked up.
type LookUps struct {
	Ask  AskFunc
	Find FindFunc
}

// SweepCalls is SweepCallsBy without a look-up of services.
func (e *Engine) SweepCalls(ctx context.Context, ask AskFunc) (int, error) {
	return e.SweepCallsBy(ctx, LookUps{Ask: ask})
}

// SweepCallsBy ends calls without an outcome: it releases calls that were never sent, queries the provider for calls
// that may have been charged, and books the hold as the cost after 24 hours without an answer. It may run on any
// number of servers at once: each call is claimed by one. It returns the number of calls that it has checked.
func (e *Engine) SweepCallsBy(ctx context.Context, by LookUps) (_ int, err error) {
	ctx, end := e.begin(ctx, "SweepCalls")
	defer end(&err)
	at := e.now()
	calls, err := e.store.DueCalls(ctx, at, at.Add(lookAgain), e.sweptAtOnce)
	if err != nil {
		return 0, fmt.Errorf("take the calls that are due: %w", err)
	}
	findings, notFound := findServices(ctx, by.Find, calls)
	errs := make([]error, len(calls))
	var all sync.WaitGroup
	for i, call := range calls {
		all.Go(func() {
			err := e.sweepCall(ctx, call, by.Ask, findings[call.ID])
			if err != nil {
				errs[i] = fmt.Errorf("sweep call %s: %w", call.ID, err)
			}
		})
	}
	all.Wait()
	return len(calls), errors.Join(append(errs, notFound)...)
}

// sweepCall checks one call.
func (e *Engine) sweepCall(ctx context.Context, call postgres.Call, ask AskFunc, finding Finding) error {
	who := sweeperOf(call.OrganizationID)
	if call.State == cost.CallUnknown && isServiceCall(call) {
		return e.conclude(ctx, who, call, finding)
	}
	if call.State == cost.CallUnknown {
		return e.inquire(ctx, who, call, ask)
	}
	if call.Unit != nil {
		return e.sweepUnitCall(ctx, who, call)
	}
	if call.RunToken == nil { // An external program has reserved it, and has not settled it in time.
		return e.MarkUnknown(ctx, who, call.ID, workflow.FailureTimeout)
	}
	run, there, err := e.store.Run(ctx, who, call.WorkflowID, *call.RunToken)
	if err != nil {
		return err
	}
	if there && run.EndedAt == nil {
		return nil // Its worker ends it; DueCalls has postponed the next check.
	}
	return e.endUnsent(ctx, who, call, "never sent: its run is over")
}

// sweepUnitCall checks a call of an attempt at a unit.
func (e *Engine) sweepUnitCall(ctx context.Context, who caller.Caller, call postgres.Call) error {
	unit, there, err := e.store.Unit(ctx, who, call.Unit.ID)
	if err != nil {
		return err
	}
	if there && unit.Attempt == call.Unit.Attempt && unit.State == workflow.UnitRunning {
		return nil // Its worker ends it; DueCalls has postponed the next check.
	}
	return e.endUnsent(ctx, who, call, "never sent: its attempt is over")
}

// endUnsent ends a call whose run or attempt is over: its outcome is unknown when it was sent, else it cost nothing.
func (e *Engine) endUnsent(ctx context.Context, who caller.Caller, call postgres.Call, reason string) error {
	if call.State == cost.CallDispatched {
		return e.MarkUnknown(ctx, who, call.ID, workflow.FailureLeaseExpired)
	}
	return e.store.InTx(ctx, func(tx *postgres.Store) error {
		// Only from RESERVED: the run or the attempt is over, so nothing can dispatch the call.
		_, err := e.releaseIn(ctx, tx, who, release{
			ReleaseInput: ReleaseInput{CallID: call.ID, Reason: reason},
			from:         []cost.CallState{cost.CallReserved}, at: e.now(),
		})
		return err
	})
}

// inquire queries the provider about a call whose outcome is unknown.
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
	return errors.Join(refused, e.wait(ctx, who, call))
}

// wait plans the next query of a call that has no answer, or books its hold.
func (e *Engine) wait(ctx context.Context, who caller.Caller, call postgres.Call) error {
	at, unknownFor := e.now(), time.Duration(0)
	if call.UnknownSince != nil {
		unknownFor = at.Sub(*call.UnknownSince)
	}
	if unknownFor >= assumeAfter {
		return e.assume(ctx, who, call)
	}
	return e.postpone(ctx, who, call, unknownFor)
}

// postpone plans the next query, and writes an alert when the outcome has been unknown for too long.
func (e *Engine) postpone(
	ctx context.Context, who caller.Caller, call postgres.Call, unknownFor time.Duration,
) error {
	at := e.now()
	if unknownFor < alertAfter {
		return e.store.PostponeCall(ctx, who, call.ID, nextCheck(call, at))
	}
	return e.store.InTx(ctx, func(tx *postgres.Store) error {
		now, there, err := tx.LockCall(ctx, who, call.ID)
		if err != nil || !there || now.State != cost.CallUnknown {
			return err
		}
		if err := e.raise(ctx, tx, aboutCall(cost.AlertUnknown, now, at)); err != nil {
			return err
		}
		return tx.PostponeCall(ctx, who, call.ID, nextCheck(call, at))
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
