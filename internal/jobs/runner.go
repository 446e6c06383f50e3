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
	// fetchCooldown is the shortest pause between two looks at the queue while announcements come in.
	fetchCooldown = 20 * time.Millisecond
	// fetchPoll is how often an idle server looks unasked, for what was announced to nobody.
	fetchPoll = 2 * time.Second
	// jobLimit is longer than any drive takes. River gives up on the row of a killed worker only after this and an
	// hour; by then the sweeper has long done what that job was for.
	jobLimit = 24 * time.Hour
	// retention keeps River's table small; the journal is what is kept.
	retention = time.Hour
	// longestPause is the longest between two tries to start River.
	longestPause = 5 * time.Second
	// stopLimit is more than the books of an ended attempt can take.
	stopLimit = 60 * time.Second
)

// Options are a Runner's neighbours and numbers; zero numbers mean the defaults.
type Options struct {
	// Pool is River's own, in the server's role: one connection listens, three or more work.
	Pool      *pgxpool.Pool
	Engine    *engine.Engine
	Executors []steps.Executor
	// Workers is how many workflows this server drives at once. 10.
	Workers int
	// Name is how this server's workers sign. It must be unique among all servers; see NewName.
	Name   string
	Logger *slog.Logger
	// Webhooks delivers alerts. Without it they are left to servers that have one.
	Webhooks *webhook.Sender
	// Watch is how often a run is asked for whether it still counts, Heartbeat how often its lease is renewed, Lease
	// how long it lasts without. 1 s, 10 s and 30 s; the lease is the engine's.
	Watch, Heartbeat, Lease time.Duration
}

// NewName returns a name that no other process has: "worker:host-pid-chance".
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
	if o.Webhooks != nil {
		queues[alertQueue] = river.QueueConfig{MaxWorkers: deliverers}
		if err := river.AddWorkerSafely(workers, &deliverer{engine: o.Engine, sender: o.Webhooks}); err != nil {
			return nil, fmt.Errorf("register the worker of alerts: %w", err)
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
		// Rebuilding an index needs the owner.
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

// Run drives workflows until the context ends; a Runner runs once. Then it takes nothing new, ends what is under way
// with ErrShutdown, waits until every attempt is booked and handed back, and returns nil. A database that cannot be
// reached delays the beginning: the server serves already, and it would be no help to end it.
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

// begin starts River, and tries again until it works; false when the context has ended before.
func (r *Runner) begin(ctx context.Context) bool {
	for pause := 100 * time.Millisecond; ctx.Err() == nil; pause = min(2*pause, longestPause) {
		err := r.pool.Ping(ctx)
		if err == nil {
			// River takes the end of the context it is given for the end of its jobs' maxRetryWait; theirs is ours to say.
			err = r.client.Start(context.WithoutCancel(ctx))
		}
		if err == nil {
			return true
		}
		if ctx.Err() == nil {
			r.log.Warn("the workers cannot begin; it is tried again", "error", err)
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
