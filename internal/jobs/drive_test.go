package jobs

import (
	"cmp"
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/steps"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// executor stands for a step: what it does with an attempt is the test's.
type executor struct {
	run func(ctx context.Context, who caller.Caller, run workflow.Run) error
}

func (executor) Key() workflow.StepKey { return workflow.StepICP }

func (x executor) Run(ctx context.Context, who caller.Caller, _ workflow.Workflow, run workflow.Run) error {
	return x.run(ctx, who, run)
}

// bundle is an engine whose jobs are River's.
type bundle struct {
	db     *testdb.DB
	engine *engine.Engine
	who    caller.Caller
}

const (
	// testLease is short for the tests that wait for its end, and long enough for a busy machine to renew it.
	testLease = 4 * time.Second
	// timeout is the longest that a test waits for something that must happen.
	timeout = time.Minute
)

func setup(t *testing.T) bundle {
	t.Helper()
	b := bundle{db: migrated(t)}
	queue, err := NewEnqueuer(nil, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	b.engine, err = engine.New(engine.Options{
		Store: b.db.Store(), Jobs: queue, Drives: []workflow.StepKey{workflow.StepICP}, Lease: testLease,
		WorkflowLimit: 1, MonthLimit: 1, Jitter: func() float64 { return 0.5 },
	})
	if err != nil {
		t.Fatal(err)
	}
	b.who = testdb.Caller(t, b.db)
	return b
}

// workflow returns a new workflow whose first step was asked for.
func (b bundle) workflow(t *testing.T) workflow.Workflow {
	t.Helper()
	ctx := context.Background()
	made, err := b.engine.Create(ctx, b.who, engine.CreateInput{
		Name: "Workflow " + uuid.NewString(), Company: workflow.Company{Name: "Example", URL: "https://example.com"},
	})
	if err != nil {
		t.Fatal(err)
	}
	moved, err := b.engine.GenerateICP(ctx, b.who, engine.GenerateICPInput{WorkflowID: made.Workflow.ID})
	if err != nil {
		t.Fatal(err)
	}
	return moved.Workflow
}

// enqueue puts a job into the queue on its own.
func (b bundle) enqueue(t *testing.T, organization, flow uuid.UUID) {
	t.Helper()
	queue, err := NewEnqueuer(nil, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	err = pgx.BeginFunc(context.Background(), b.db.Pool, func(tx pgx.Tx) error {
		return queue.Drive(context.Background(), tx, organization, flow, time.Now())
	})
	if err != nil {
		t.Fatal(err)
	}
}

// runner starts a server's workers and returns the function that stops them and waits; the test's end does so too.
func (b bundle) runner(t *testing.T, o Options) (stop func()) {
	t.Helper()
	o.Pool, o.Engine = b.db.Pool, b.engine
	o.Watch, o.Heartbeat, o.Lease = 10*time.Millisecond, 100*time.Millisecond, cmp.Or(o.Lease, testLease)
	r, err := NewRunner(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan error, 1)
	go func() { over <- r.Run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := receive(t, "the workers to stop", over); err != nil {
			t.Errorf("run the workers: %v", err)
		}
	})
	t.Cleanup(stop)
	return stop
}

// finish ends a run well.
func (b bundle) finish(ctx context.Context, who caller.Caller, run workflow.Run) error {
	_, err := b.engine.Finish(ctx, who, engine.FinishInput{
		Run: run, Result: engine.Result{Content: []byte(`{}`), Provider: "test", Model: "test"},
	})
	return err
}

// fail ends a run badly.
func (b bundle) fail(who caller.Caller, run workflow.Run, code workflow.FailureCode) error {
	_, err := b.engine.FailRun(context.Background(), who, engine.FailRunInput{Run: run, Failure: code})
	return err
}

// receive waits for what a channel brings.
func receive[T any](t *testing.T, what string, from <-chan T) (got T) {
	t.Helper()
	select {
	case got = <-from:
	case <-time.After(timeout):
		t.Fatalf("waited in vain for %s", what)
	}
	return got
}

// reaches waits until the workflow is in a state.
func (b bundle) reaches(t *testing.T, id uuid.UUID, want workflow.State) {
	t.Helper()
	limit := time.After(timeout)
	for {
		flow, err := b.engine.Workflow(context.Background(), b.who, id)
		if err != nil {
			t.Fatal(err)
		}
		if flow.State == want {
			return
		}
		select {
		case <-limit:
			t.Fatalf("the workflow is %s, want it to become %s", flow.State, want)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func TestDrive_DrivesEveryWorkflowOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var mu sync.Mutex
	runs := map[uuid.UUID]int{}
	x := executor{func(ctx context.Context, who caller.Caller, run workflow.Run) error {
		mu.Lock()
		runs[run.WorkflowID]++
		mu.Unlock()
		return b.finish(ctx, who, run)
	}}
	for _, name := range []string{"worker:one", "worker:two"} {
		b.runner(t, Options{Executors: []steps.Executor{x}, Name: name})
	}
	var flows []uuid.UUID
	for range 20 {
		flow := b.workflow(t)
		flows = append(flows, flow.ID)
		// A job too many changes nothing.
		b.enqueue(t, b.who.OrganizationID, flow.ID)
	}
	for _, id := range flows {
		b.reaches(t, id, workflow.ICPCompleted)
	}
	mu.Lock()
	defer mu.Unlock()
	for _, id := range flows {
		if runs[id] != 1 {
			t.Errorf("a workflow was driven %d times, want once", runs[id])
		}
	}
}

func TestDrive_CancelledRunEndsWithErrLost(t *testing.T) {
	t.Parallel()
	b := setup(t)
	began, cause := make(chan struct{}), make(chan error, 1)
	b.runner(t, Options{Executors: []steps.Executor{executor{
		func(ctx context.Context, _ caller.Caller, _ workflow.Run) error {
			close(began)
			<-ctx.Done()
			cause <- context.Cause(ctx)
			return nil
		},
	}}})
	flow := b.workflow(t)
	receive(t, "the attempt to begin", began)
	if _, err := b.engine.Cancel(context.Background(), b.who, engine.CancelInput{WorkflowID: flow.ID}); err != nil {
		t.Fatal(err)
	}
	if got := receive(t, "the attempt to end", cause); !errors.Is(got, steps.ErrLost) {
		t.Errorf("got the cause %v, want %v", got, steps.ErrLost)
	}
	b.reaches(t, flow.ID, workflow.Cancelled)
}

func TestDrive_RetryComesAtItsTime(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var failed atomic.Int64
	times := make(chan time.Time, 2)
	b.runner(t, Options{Executors: []steps.Executor{executor{
		func(ctx context.Context, who caller.Caller, run workflow.Run) error {
			times <- time.Now()
			if failed.Add(1) == 1 {
				return b.fail(who, run, workflow.FailureNetwork)
			}
			return b.finish(ctx, who, run)
		},
	}}})
	flow := b.workflow(t)
	b.reaches(t, flow.ID, workflow.ICPCompleted)
	first, second := receive(t, "the first attempt", times), receive(t, "the second attempt", times)
	// Half of the first pause of one second, by the jitter of these tests.
	if pause := second.Sub(first); pause < 500*time.Millisecond || pause > 20*time.Second {
		t.Errorf("the second attempt came after %s, want half a second", pause)
	}
}

func TestDrive_StoppingServerHandsItsWorkBack(t *testing.T) {
	t.Parallel()
	b := setup(t)
	began, cause := make(chan struct{}), make(chan error, 1)
	stop := b.runner(t, Options{Name: "worker:one", Executors: []steps.Executor{executor{
		func(ctx context.Context, who caller.Caller, run workflow.Run) error {
			close(began)
			<-ctx.Done()
			cause <- context.Cause(ctx)
			return b.fail(who, run, workflow.FailureLeaseExpired)
		},
	}}})
	flow := b.workflow(t)
	receive(t, "the attempt to begin", began)
	stop() // It returns after the run was handed back.
	if got := receive(t, "the attempt to end", cause); !errors.Is(got, steps.ErrShutdown) {
		t.Errorf("got the cause %v, want %v", got, steps.ErrShutdown)
	}
	b.reaches(t, flow.ID, workflow.ICPFailed)
	b.runner(t, Options{Name: "worker:two", Executors: []steps.Executor{executor{b.finish}}})
	b.reaches(t, flow.ID, workflow.ICPCompleted)
}

func TestDrive_LongRunKeepsItsLease(t *testing.T) {
	t.Parallel()
	b := setup(t)
	sweeping, end := context.WithCancel(context.Background())
	defer end()
	s := Sweeper{Engine: b.engine, Runs: 20 * time.Millisecond}
	go func() { _ = s.Run(sweeping) }()
	var attempts atomic.Int64
	b.runner(t, Options{Executors: []steps.Executor{executor{
		func(ctx context.Context, who caller.Caller, run workflow.Run) error {
			attempts.Add(1)
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(testLease * 3 / 2): // What it waits for is that nothing happens.
			}
			return b.finish(ctx, who, run)
		},
	}}})
	flow := b.workflow(t)
	b.reaches(t, flow.ID, workflow.ICPCompleted)
	if got := attempts.Load(); got != 1 {
		t.Errorf("got %d attempts, want 1", got)
	}
}

func TestDrive_DeadWorkersRunIsDoneAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	flow := b.workflow(t)
	dead := b.who
	dead.Actor = "worker:dead"
	taken, err := b.engine.Take(context.Background(), dead, flow.ID)
	run := taken.Run
	if err != nil || run == nil {
		t.Fatalf("take: got %v, %v, want a run", run, err)
	}
	sweeping, end := context.WithCancel(context.Background())
	defer end()
	s := Sweeper{Engine: b.engine, Runs: 20 * time.Millisecond}
	go func() { _ = s.Run(sweeping) }()
	b.runner(t, Options{Executors: []steps.Executor{executor{b.finish}}})
	b.reaches(t, flow.ID, workflow.ICPCompleted)
	var lost *engine.LostRunError
	if err := b.finish(context.Background(), dead, *run); !errors.As(err, &lost) {
		t.Errorf("the dead worker finishes: got %v, want it to have lost the run", err)
	}
}

func TestDrive_JobWithoutAWorkflowEnds(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.runner(t, Options{Executors: []steps.Executor{executor{
		func(context.Context, caller.Caller, workflow.Run) error {
			t.Error("an attempt was made for a workflow that does not exist")
			return nil
		},
	}}})
	b.enqueue(t, uuid.New(), uuid.New())
	limit := time.After(timeout)
	for {
		var left int
		err := b.db.Pool.QueryRow(context.Background(),
			`SELECT count(*) FROM river.river_job WHERE finalized_at IS NULL`).Scan(&left)
		if err != nil {
			t.Fatal(err)
		}
		if left == 0 {
			return
		}
		select {
		case <-limit:
			t.Fatal("the job is not over")
		case <-time.After(5 * time.Millisecond):
		}
	}
}
