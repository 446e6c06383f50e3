package jobs

import (
	"context"
	"fmt"
	"time"

	"github.com/riverqueue/river"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/steps"
	"github.com/infin8content/engine/internal/workflow"
)

// unitWorker works the unit jobs.
type unitWorker struct {
	river.WorkerDefaults[unitArgs]
	options   Options
	executors map[workflow.StepKey]steps.UnitExecutor
	stopping  context.Context
}

func newUnitWorker(o Options, stopping context.Context) *unitWorker {
	executors := map[workflow.StepKey]steps.UnitExecutor{}
	for _, x := range o.Units {
		executors[x.Key()] = x
	}
	return &unitWorker{options: o, executors: executors, stopping: stopping}
}

// Work makes the attempts at one unit that are due, until there is nothing to claim.
func (w *unitWorker) Work(ctx context.Context, job *river.Job[unitArgs]) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(w.stopping, func() { cancel(context.Cause(w.stopping)) })()
	who := caller.Caller{
		Actor:          w.options.Name,
		OrganizationID: job.Args.OrganizationID,
		Role:           caller.Operator,
	}
	for ctx.Err() == nil {
		began := time.Now()
		taken, err := w.claim(ctx, who, job.Args)
		if err != nil {
			return riverError(err)
		}
		if taken.Unit == nil {
			if taken.RetryAt == nil || time.Until(*taken.RetryAt) > maxRetryWait {
				return nil // A later retry has a job of its own.
			}
			wait(ctx, *taken.RetryAt)
			continue
		}
		if err := w.execute(ctx, who, taken, began); err != nil {
			return err
		}
	}
	return river.JobSnooze(0) // Another server takes the job.
}

// claim claims an attempt. The end of the context does not interrupt it, as in driver.take.
func (w *unitWorker) claim(ctx context.Context, who caller.Caller, args unitArgs) (engine.TakenUnit, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), takeTimeout)
	defer cancel()
	return w.options.Engine.ClaimUnit(ctx, who, args.UnitID)
}

// execute makes one attempt while a watcher renews the lease.
func (w *unitWorker) execute(ctx context.Context, who caller.Caller, taken engine.TakenUnit, began time.Time) error {
	unit := *taken.Unit
	executor, found := w.executors[unit.Step]
	if !found {
		return fmt.Errorf("the units of step %s have no executor here", unit.Step)
	}
	watch := watcher{
		watch:     func(ctx context.Context) error { return w.options.Engine.WatchUnit(ctx, who, unit) },
		heartbeat: func(ctx context.Context) error { return w.options.Engine.HeartbeatUnit(ctx, who, unit) },
		every:     w.options.Watch,
		beats:     w.options.Heartbeat,
		lease:     w.options.Lease,
		log: w.options.Logger.With("organization", unit.OrganizationID, "workflow", unit.WorkflowID,
			"unit", unit.ID, "step", unit.Step, "attempt", unit.Attempt, "token", unit.Token),
	}
	err := watch.during(ctx, began, func(ctx context.Context) error {
		return executor.RunUnit(ctx, who, taken.Workflow, unit)
	})
	if err != nil {
		return fmt.Errorf("work on unit %s of workflow %s: %w", unit.ID, unit.WorkflowID, err)
	}
	return nil
}
