package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// SweepRuns fails the runs whose lease has expired, plans the next attempt at once where the policy allows one, and
// inserts jobs for workflows that no worker has taken. It may run on any number of servers at once: each workflow is
// claimed by one. It returns the number of workflows that it has moved or woken.
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

// failExpired fails the runs whose lease has expired. The error of one run does not stop the others.
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
					Run: run, Failure: workflow.FailureLeaseExpired, Message: "the lease of " + run.Worker + " expired",
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

// wake inserts jobs for the workflows that no worker has taken.
func (e *Engine) wake(ctx context.Context, at time.Time) (woken int, err error) {
	err = e.store.InTx(ctx, func(tx *postgres.Store) error {
		flows, err := tx.WakeWorkflows(ctx, postgres.WakeInput{
			At:     at,
			Next:   at.Add(wakeAfter),
			Rest:   at.Add(restAfter),
			Driven: e.drivenStates(),
			First:  wokenAtOnce,
		})
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

// drivenStates returns the states of which a worker of the engine may take a workflow.
func (e *Engine) drivenStates() []workflow.State {
	var states []workflow.State
	for _, step := range workflow.Steps() {
		if e.drives[step.Key] {
			states = append(states, step.Pending, step.Processing, step.Failed)
		}
	}
	return states
}
