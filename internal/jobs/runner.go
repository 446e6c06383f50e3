package jobs

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/rivertype"

	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/steps"
	"github.com/infin8content/engine/internal/webhook"
	"github.com/infin8content/engine/internal/workflow"
)

const (
	// fetchCooldown is the shortest pause between two fetches while notifications arrive.
	fetchCooldown = 20 * time.Millisecond
	// fetchPoll is the poll of an idle server, for jobs whose notification was lost.
	fetchPoll = 2 * time.Second
	// jobLimit is longer than any drive. River rescues the job of a killed worker an hour after this; the sweeper has
	// driven the workflow long before.
	jobLimit = 24 * time.Hour
	// retention keeps River's table small; the journal is the record.
	retention = time.Hour
	// longestPause limits the pause between two attempts to start River.
	longestPause = 5 * time.Second
	// stopLimit is longer than the bookings of an ended attempt take.
	stopLimit = 60 * time.Second
)

// Options are the dependencies and numbers of a Runner; zero numbers are the defaults.
type Options struct {
	// Pool is River's own, in the server's role: one connection listens, and at least three work.
	Pool      *pgxpool.Pool
	Engine    *engine.Engine
	Executors []steps.Executor
	// Units work on the units of a step; none when this server has no such step.
	Units []steps.UnitExecutor
	// Workers is the number of workflows that this server drives at once. 10.
	Workers int
	// UnitWorkers is the number of units that this server works on at once. 8.
	UnitWorkers int
	// Name is the actor of this server's workers. It must be unique among all servers; see NewName.
	Name   string
	Logger *slog.Logger
	// Webhooks sends alerts. Without it other servers deliver them.
	Webhooks *webhook.Sender
	// Sites takes posts from their readers. With Checks it tries publish targets too, which needs the key of their
	// secrets; without, other servers do.
	Sites  *steps.Sites
	Checks bool
	// Verify checks the rows of an organization. Without it other servers do.
	Verify VerifyFunc
	// Watch is the pause between two checks that a run is still valid, Heartbeat the pause between two renewals of its
	// lease, and Lease the engine's lease. 1 s, 10 s and 30 s.
	Watch, Heartbeat, Lease time.Duration
}

// NewName returns a name that no other process has: "worker:host-pid-random".
func NewName() string {
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "unknown"
	}
	// An actor has 200 characters; a host's name has 253 at most.
	return fmt.Sprintf("worker:%.100s-%d-%.6s", host, os.Getpid(), rand.Text())
}

// Runner drives workflows on this server.
type Runner struct {
	client *river.Client[pgx.Tx]
	pool   *pgxpool.Pool
	log    *slog.Logger
	// stopping ends all attempts with the cause ErrShutdown.
	stopping context.Context
	stop     context.CancelCauseFunc
}

// NewRunner returns a Runner that has not started.
func NewRunner(o Options) (*Runner, error) {
	o = withDefaults(o)
	executors := map[workflow.StepKey]steps.Executor{}
	for _, x := range o.Executors {
		executors[x.Key()] = x
	}
	r := &Runner{pool: o.Pool, log: o.Logger}
	r.stopping, r.stop = context.WithCancelCause(context.Background())
	workers := river.NewWorkers()
	err := river.AddWorkerSafely(workers, &driver{options: o, executors: executors, stopping: r.stopping})
	if err != nil {
		return nil, fmt.Errorf("register the worker: %w", err)
	}
	queues := map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: o.Workers}}
	if len(o.Units) > 0 {
		queues[unitQueue] = river.QueueConfig{MaxWorkers: o.UnitWorkers}
		if err := river.AddWorkerSafely(workers, newUnitWorker(o, r.stopping)); err != nil {
			return nil, fmt.Errorf("register the worker of units: %w", err)
		}
	}
	queues[batchQueue] = river.QueueConfig{MaxWorkers: batchers}
	if err := river.AddWorkerSafely(workers, &batchWorker{engine: o.Engine, stopping: r.stopping}); err != nil {
		return nil, fmt.Errorf("register the worker of batches: %w", err)
	}
	if o.Verify != nil {
		queues[verificationQueue] = river.QueueConfig{MaxWorkers: 1}
		if err := river.AddWorkerSafely(workers, newVerifier(o, r.stopping)); err != nil {
			return nil, fmt.Errorf("register the worker of verifications: %w", err)
		}
	}
	if o.Webhooks != nil {
		queues[alertQueue] = river.QueueConfig{MaxWorkers: deliverers}
		if err := river.AddWorkerSafely(workers, newDeliverer(o)); err != nil {
			return nil, fmt.Errorf("register the delivery worker: %w", err)
		}
	}
	if o.Sites != nil {
		queues[siteQueue] = river.QueueConfig{MaxWorkers: siteCheckers}
		if o.Checks {
			if err := river.AddWorkerSafely(workers, &targetChecker{sites: o.Sites, name: o.Name}); err != nil {
				return nil, fmt.Errorf("register the worker of targets: %w", err)
			}
		}
		if err := river.AddWorkerSafely(workers, &unpublisher{sites: o.Sites, name: o.Name}); err != nil {
			return nil, fmt.Errorf("register the worker of publications: %w", err)
		}
	}
	client, err := river.NewClient(riverpgxv5.New(o.Pool), &river.Config{
		Schema:            Schema,
		Queues:            queues,
		Workers:           workers,
		Logger:            quiet(o.Logger),
		FetchCooldown:     fetchCooldown,
		FetchPollInterval: fetchPoll,
		JobTimeout:        jobLimit,
		MaxAttempts:       maxAttempts,
		RetryPolicy:       retries{},
		// The server's role may not rebuild an index.
		ReindexerIndexNames:         []string{},
		ReindexerSchedule:           river.NeverSchedule(),
		CancelledJobRetentionPeriod: retention,
		CompletedJobRetentionPeriod: retention,
	})
	if err != nil {
		return nil, fmt.Errorf("make River's client: %w", err)
	}
	r.client = client
	return r, nil
}

func withDefaults(o Options) Options {
	if o.Workers <= 0 {
		o.Workers = 10
	}
	if o.UnitWorkers <= 0 {
		o.UnitWorkers = 8
	}
	if o.Name == "" {
		o.Name = NewName()
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Watch <= 0 {
		o.Watch = time.Second
	}
	if o.Heartbeat <= 0 {
		o.Heartbeat = 10 * time.Second
	}
	if o.Lease <= 0 {
		o.Lease = 30 * time.Second
	}
	return o
}

// Run drives workflows until the context ends; a Runner runs once. Then it takes no new work, ends all attempts with
// ErrShutdown, waits until every attempt is booked and handed back, and returns nil. It retries the start while the
// database cannot be reached, since the rest of the server works.
func (r *Runner) Run(ctx context.Context) error {
	if !r.begin(ctx) {
		return nil
	}
	<-ctx.Done()
	r.stop(steps.ErrShutdown)
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopLimit)
	defer cancel()
	if err := r.client.Stop(limited); err != nil {
		return fmt.Errorf("stop River: %w", errors.Join(err, r.client.StopAndCancel(limited)))
	}
	return nil
}

// begin starts River and retries until it succeeds. It returns false when the context has ended first.
func (r *Runner) begin(ctx context.Context) bool {
	for pause := 100 * time.Millisecond; ctx.Err() == nil; pause = min(2*pause, longestPause) {
		err := r.pool.Ping(ctx)
		if err == nil {
			// River would cancel its jobs at the end of its context; Run ends them itself.
			err = r.client.Start(context.WithoutCancel(ctx))
		}
		if err == nil {
			return true
		}
		if ctx.Err() == nil {
			r.log.Warn("River cannot start; retrying", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
	return false
}

// retries is the pause after a job that met a broken database: 1 s, doubling.
type retries struct{}

// NextRetry is the end of the pause.
func (retries) NextRetry(job *rivertype.JobRow) time.Time {
	return time.Now().Add(time.Second << min(len(job.Errors), 6))
}
