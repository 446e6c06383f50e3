package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/riverqueue/river"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/steps"
	"github.com/infin8content/engine/internal/workflow"
)

const (
	// claim is the longest that taking a run may take.
	claim = 10 * time.Second
	// maxRetryWait is how long a worker waits for the retry of the workflow it has in hand. River looks at scheduled jobs
	// every five seconds only; what is due before that is waited for here.
	maxRetryWait = 5 * time.Second
)

// driver works the drive jobs.
type driver struct {
	river.WorkerDefaults[driveArgs]
	options   Options
	executors map[workflow.StepKey]steps.Executor
	stopping  context.Context
}

// Work drives one workflow through all its automatic steps, until nothing is left to take.
func (d *driver) Work(ctx context.Context, job *river.Job[driveArgs]) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(d.stopping, func() { cancel(context.Cause(d.stopping)) })()
	who := caller.Caller{
		Actor: d.options.Name, OrganizationID: job.Args.OrganizationID, Role: caller.Operator,
	}
	for ctx.Err() == nil {
		due, err := d.await(ctx, who, job.Args)
		if err != nil || !due {
			return final(err)
		}
		run, flow, began, err := d.take(ctx, who, job.Args)
		if err != nil || run == nil {
			return final(err)
		}
		if err := d.execute(ctx, execution{who: who, flow: flow, run: *run, began: began}); err != nil {
			return err
		}
	}
	return river.JobSnooze(0) // For another server.
}

// await waits until the workflow may be taken. A retry that is far off has a job of its own: false. The end of the
// context ends the waiting.
func (d *driver) await(ctx context.Context, who caller.Caller, args driveArgs) (due bool, err error) {
	flow, err := d.options.Engine.Workflow(ctx, who, args.WorkflowID)
	if err != nil || flow.Status() != workflow.StatusFailed {
		return err == nil, err
	}
	activities, err := d.options.Engine.Activities(ctx, who, []workflow.Workflow{flow})
	if err != nil {
		return false, fmt.Errorf("read when the workflow %s is tried again: %w", flow.ID, err)
	}
	at := activities[flow.ID].NextRetryAt
	if at == nil || time.Until(*at) > maxRetryWait {
		return false, nil
	}
	select {
	case <-ctx.Done():
		return false, ctx.Err()
	case <-time.After(time.Until(*at)):
		return true, nil
	}
}

// take claims what is to be done now. It is not broken off half-way, since a run that was taken without anybody knowing
// would stand still until its lease ends.
func (d *driver) take(
	ctx context.Context, who caller.Caller, args driveArgs,
) (run *workflow.Run, flow workflow.Workflow, began time.Time, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), claim)
	defer cancel()
	began = time.Now()
	run, flow, err = d.options.Engine.Take(ctx, who, args.WorkflowID)
	if err != nil {
		err = fmt.Errorf("take the workflow %s: %w", args.WorkflowID, err)
	}
	return run, flow, began, err
}

// final is an error as River shall see it: what the engine refuses it will refuse again, only the database may recover.
// Nothing was begun yet when the end of the server is in the way, so another one may.
func final(err error) error {
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

// execution is one run in the hands of this server.
type execution struct {
	who   caller.Caller
	flow  workflow.Workflow
	run   workflow.Run
	began time.Time // before it was taken: the lease ends no earlier than one lease after
}

// execute makes one attempt, watched.
func (d *driver) execute(ctx context.Context, x execution) error {
	executor, found := d.executors[x.run.Step]
	if !found {
		return fmt.Errorf("the step %s has no executor here", x.run.Step)
	}
	log := d.options.Logger.With("organization", x.run.OrganizationID, "workflow", x.run.WorkflowID,
		"step", x.run.Step, "attempt", x.run.Attempt, "token", x.run.Token)
	watched, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	w := watcher{
		watch:     func(ctx context.Context) error { return d.options.Engine.Watch(ctx, x.who, x.run) },
		heartbeat: func(ctx context.Context) error { return d.options.Engine.Heartbeat(ctx, x.who, x.run) },
		every:     d.options.Watch, beats: d.options.Heartbeat, lease: d.options.Lease,
		log: log,
	}
	over := make(chan struct{})
	go func() {
		defer close(over)
		w.guard(watched, cancel, x.began)
	}()
	log.Info("a run began")
	began := time.Now()
	err := executor.Run(watched, x.who, x.flow, x.run)
	lost := context.Cause(watched)
	cancel(nil)
	<-over
	log.LogAttrs(ctx, slog.LevelInfo, "a run ended",
		slog.Int64("milliseconds", time.Since(began).Milliseconds()), slog.Any("stopped_by", lost))
	if err != nil {
		return fmt.Errorf("run the step %s of the workflow %s: %w", x.run.Step, x.run.WorkflowID, err)
	}
	return nil
}
