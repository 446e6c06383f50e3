package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/riverqueue/river"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/steps"
	"github.com/infin8content/engine/internal/workflow"
)

const (
	// takeTimeout limits one attempt to take a run.
	takeTimeout = 10 * time.Second
	// maxRetryWait is the longest time that a worker waits for the retry of its workflow. River fetches scheduled jobs
	// every five seconds only, so a job for an earlier retry would come late.
	maxRetryWait = 5 * time.Second
)

// driver works the drive jobs.
type driver struct {
	river.WorkerDefaults[driveArgs]
	options   Options
	executors map[workflow.StepKey]steps.Executor
	stopping  context.Context
}

// Work drives one workflow through all its automatic steps, until there is nothing to take.
func (d *driver) Work(ctx context.Context, job *river.Job[driveArgs]) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(d.stopping, func() { cancel(context.Cause(d.stopping)) })()
	who := caller.Caller{
		Actor:          d.options.Name,
		OrganizationID: job.Args.OrganizationID,
		Role:           caller.Operator,
	}
	for ctx.Err() == nil {
		began := time.Now()
		taken, err := d.take(ctx, who, job.Args)
		if err != nil {
			return riverError(err)
		}
		if taken.Run == nil {
			if taken.RetryAt == nil && d.decides(ctx, job.Args) {
				continue
			}
			if taken.RetryAt == nil || time.Until(*taken.RetryAt) > maxRetryWait {
				return nil // A later retry has a job of its own.
			}
			wait(ctx, *taken.RetryAt)
			continue
		}
		x := execution{
			who:   who,
			flow:  taken.Workflow,
			run:   *taken.Run,
			began: began,
		}
		if err := d.execute(ctx, x); err != nil {
			return err
		}
	}
	return river.JobSnooze(0) // Another server takes the job.
}

// decides reports whether the workflow waited at a gate that is AUTO and has passed it.
func (d *driver) decides(ctx context.Context, args driveArgs) bool {
	decided, err := d.options.Engine.Autopilot(ctx, args.OrganizationID, args.WorkflowID)
	if err != nil {
		d.options.Logger.Warn("the autopilot leaves a gate to a person", "organization", args.OrganizationID,
			"workflow", args.WorkflowID, "error", err)
	}
	return decided
}

// wait returns at a time, or when the context ends.
func wait(ctx context.Context, until time.Time) {
	select {
	case <-ctx.Done():
	case <-time.After(time.Until(until)):
	}
}

// take claims the work that is due. The end of the context does not interrupt it: a run whose worker does not have the
// answer would do nothing until its lease expires.
func (d *driver) take(ctx context.Context, who caller.Caller, args driveArgs) (engine.Taken, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), takeTimeout)
	defer cancel()
	taken, err := d.options.Engine.Take(ctx, who, args.WorkflowID)
	if err != nil {
		return taken, fmt.Errorf("take the workflow %s: %w", args.WorkflowID, err)
	}
	return taken, nil
}

// riverError turns an error into the answer for River. A refusal of the engine would come again, so it cancels the job.
// River works the job again after an error of the database, and at once when this server stops.
func riverError(err error) error {
	switch kind := fault.KindOf(err); {
	case err == nil:
		return nil
	case errors.Is(err, context.Canceled):
		return river.JobSnooze(0)
	case kind == fault.Internal || kind == fault.Unavailable:
		return err
	}
	return river.JobCancel(err)
}

// execution is one run of a worker of this server.
type execution struct {
	who   caller.Caller
	flow  workflow.Workflow
	run   workflow.Run
	began time.Time // before Take: the lease does not expire earlier than one lease after it
}

// execute makes one attempt while a watcher renews the lease.
func (d *driver) execute(ctx context.Context, x execution) error {
	executor, found := d.executors[x.run.Step]
	if !found {
		return fmt.Errorf("the step %s has no executor here", x.run.Step)
	}
	w := watcher{
		watch:     func(ctx context.Context) error { return d.options.Engine.Watch(ctx, x.who, x.run) },
		heartbeat: func(ctx context.Context) error { return d.options.Engine.Heartbeat(ctx, x.who, x.run) },
		every:     d.options.Watch,
		beats:     d.options.Heartbeat,
		lease:     d.options.Lease,
		log: d.options.Logger.With("organization", x.run.OrganizationID, "workflow", x.run.WorkflowID,
			"step", x.run.Step, "attempt", x.run.Attempt, "token", x.run.Token),
	}
	err := w.during(ctx, x.began, func(ctx context.Context) error { return executor.Run(ctx, x.who, x.flow, x.run) })
	if err != nil {
		return fmt.Errorf("run the step %s of the workflow %s: %w", x.run.Step, x.run.WorkflowID, err)
	}
	return nil
}
