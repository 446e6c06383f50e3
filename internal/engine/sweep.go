package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// sweeper is who acts when nobody else does.
const sweeper = "sweeper"

const (
	// runsSwept, wokenAtOnce and callsSwept bound one round of a sweeper; what is left is for the next.
	runsSwept   = 20
	wokenAtOnce = 100
	callsSwept  = 20
	// lookAgain is when a sweeper looks again at a call whose run is alive, or that it was about to ask for.
	lookAgain = 30 * time.Second
	// assumeAfter is how long the provider may stay silent about a call before its hold counts as its cost.
	assumeAfter = 24 * time.Hour
	// alertAfter is how long an outcome may be unknown before somebody hears of it.
	alertAfter = time.Hour
)

// pause is how long to wait after a number of questions: 0.5 s, doubling to 60 s.
func pause(checks int) time.Duration {
	if checks > 7 {
		return time.Minute
	}
	return min(time.Minute, 500*time.Millisecond<<checks)
}

// SweepRuns fails the runs whose lease is over, with the next attempt at once where the policy allows one, and asks
// again for workers for what nobody has driven. It may run in any number of servers at once: each workflow is taken by
// one. It returns how many it has moved or woken.
func (e *Engine) SweepRuns(ctx context.Context) (_ int, err error) {
	ctx, end := e.begin(ctx, "SweepRuns")
	defer end(&err)
	at := e.now()
	failed, err := e.failExpired(ctx, at)
	if err != nil {
		err = fmt.Errorf("sweep expired runs: %w", err)
	}
	woken, unwoken := e.wake(ctx, at)
	if unwoken != nil {
		unwoken = fmt.Errorf("wake workflows: %w", unwoken)
	}
	return failed + woken, errors.Join(err, unwoken)
}

// failExpired fails the runs whose lease is over. One that cannot be failed does not keep the others from it.
func (e *Engine) failExpired(ctx context.Context, at time.Time) (failed int, err error) {
	var errs []error
	err = e.store.InTx(ctx, func(tx *postgres.Store) error {
		runs, err := tx.ExpiredRuns(ctx, at, runsSwept)
		if err != nil {
			return err
		}
		for _, run := range runs {
			err := tx.Savepoint(ctx, func(tx *postgres.Store) error {
				_, err := e.failIn(ctx, tx, sweeperOf(run.OrganizationID), FailRunInput{
					Run: run, Failure: workflow.FailureLeaseExpired, Message: "nobody renewed the lease of " + run.Worker,
				})
				if err != nil {
					return err
				}
				return tx.CheckCallsNow(ctx, run, at)
			})
			switch {
			case err == nil:
				failed++
			case !errors.Is(err, errLost):
				errs = append(errs, fmt.Errorf("run %d of workflow %s: %w", run.Token, run.WorkflowID, err))
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return failed, errors.Join(errs...)
}

// wake asks again for workers for the workflows that nobody has driven.
func (e *Engine) wake(ctx context.Context, at time.Time) (woken int, err error) {
	err = e.store.InTx(ctx, func(tx *postgres.Store) error {
		flows, err := tx.WakeWorkflows(ctx, at, at.Add(wakeAfter), wokenAtOnce)
		if err != nil {
			return err
		}
		for _, flow := range flows {
			if err := e.jobs.Drive(ctx, tx.Tx(), flow.OrganizationID, flow.WorkflowID, at); err != nil {
				return err
			}
			woken++
		}
		return nil
	})
	return woken, err
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
			Kind: cost.EntryAssume, Call: assumed, At: at, Delta: cost.Delta{Settled: call.Hold, Held: -call.Hold},
			Reason: "the provider gave no answer in time",
		})
	})
}

func sweeperOf(organization uuid.UUID) caller.Caller {
	return caller.Caller{Actor: sweeper, OrganizationID: organization, Role: caller.Admin}
}
