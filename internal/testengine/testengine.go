// Package testengine gives tests an engine on a database of its own, a clock that the test moves, and factories for
// workflows, runs and calls. Only tests import it.
package testengine

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/audit"
	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// Fixture is an engine on a database of its own, a caller, and a clock that the test moves.
type Fixture struct {
	DB     *testdb.DB
	Engine *engine.Engine
	Jobs   *Jobs
	Clock  *Clock
	Who    caller.Caller

	change func(*engine.Options)
}

// New returns a fixture with an engine of the usual options.
func New(t testing.TB) Fixture {
	t.Helper()
	return NewWith(t, func(*engine.Options) {})
}

// NewWith is New with other options.
func NewWith(t testing.TB, change func(*engine.Options)) Fixture {
	t.Helper()
	f := Fixture{
		DB:     testdb.NewSimulated(t),
		Jobs:   &Jobs{},
		Clock:  NewClock(withinMonth(testdb.Now())),
		change: change,
	}
	f.Engine = f.NewEngine(t, f.DB.Store(), func(*engine.Options) {})
	f.Who = f.Stranger(t)
	return f
}

// NewEngine returns a further engine on a store. It has the options of the fixture, with a change.
func (f Fixture) NewEngine(t testing.TB, store *postgres.Store, change func(*engine.Options)) *engine.Engine {
	t.Helper()
	o := engine.Options{
		Store:         store,
		Jobs:          f.Jobs,
		Drives:        []workflow.StepKey{workflow.StepICP},
		Now:           f.Clock.Now,
		WorkflowLimit: cost.Dollar,
		MonthLimit:    25 * cost.Dollar,
		Jitter:        func() float64 { return 0.5 },
	}
	f.change(&o)
	change(&o)
	e, err := engine.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// Stranger returns an administrator of an organization that the engine has just admitted.
func (f Fixture) Stranger(t testing.TB) caller.Caller {
	t.Helper()
	who := caller.Caller{Actor: "alice", OrganizationID: uuid.New(), Role: caller.Admin}
	if err := f.Engine.Admit(context.Background(), who); err != nil {
		t.Fatal(err)
	}
	return who
}

// Flow returns a workflow in a state.
func (f Fixture) Flow(t testing.TB, state workflow.State) workflow.Workflow {
	t.Helper()
	return testdb.Workflow(t, f.DB, f.Who, testdb.WorkflowOpts{State: state})
}

// Reserve holds an amount for a call from outside.
func (f Fixture) Reserve(t testing.TB, flow workflow.Workflow, amount cost.Pico) cost.Call {
	t.Helper()
	charged, err := f.Engine.Reserve(context.Background(), f.Who, engine.ReserveInput{
		WorkflowID: flow.ID, Amount: &amount,
	})
	if err != nil {
		t.Fatalf("reserve: %v", err)
	}
	return charged.Call
}

// Take claims a run as the given worker.
func (f Fixture) Take(t testing.TB, flow uuid.UUID, worker string) workflow.Run {
	t.Helper()
	taken, err := f.Engine.Take(context.Background(), f.As(worker), flow)
	run := taken.Run
	if err != nil || run == nil {
		t.Fatalf("take: got %v, %v, want a run", run, err)
	}
	return *run
}

// Call reserves and sends a call of a run.
func (f Fixture) Call(t testing.TB, run workflow.Run, amount cost.Pico) cost.Call {
	t.Helper()
	ctx := context.Background()
	charged, err := f.Engine.Reserve(ctx, f.Who, engine.ReserveInput{
		WorkflowID: run.WorkflowID, RunToken: &run.Token, Amount: &amount,
	})
	if err == nil {
		err = f.Engine.Dispatch(ctx, f.Who, charged.Call.ID, "sandbox")
	}
	if err != nil {
		t.Fatalf("call: %v", err)
	}
	return charged.Call
}

// As returns an operator of the organization with a name.
func (f Fixture) As(actor string) caller.Caller {
	return caller.Caller{Actor: actor, OrganizationID: f.Who.OrganizationID, Role: caller.Operator}
}

// Sound checks that the books are in order and that no two transactions waited for each other.
func (f Fixture) Sound(t testing.TB) {
	t.Helper()
	findings, err := f.Verify(t)
	if err != nil || len(findings) > 0 {
		t.Errorf("verify: got %v, %v, want nothing", findings, err)
	}
	if n := f.Count(t, `SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`); n != 0 {
		t.Errorf("deadlocks: got %d, want 0", n)
	}
}

// Verify audits the books as their owner, who sees those of all organizations.
func (f Fixture) Verify(t testing.TB) ([]audit.Finding, error) {
	t.Helper()
	findings, err := audit.New(f.DB.Books(), f.Clock.Now).Verify(context.Background())
	return slices.DeleteFunc(findings, func(f audit.Finding) bool { return testdb.SimulatesTime(f.What) }), err
}

// Count answers a question with a number.
func (f Fixture) Count(t testing.TB, sql string, args ...any) (n int) {
	t.Helper()
	if err := f.DB.Super.QueryRow(context.Background(), sql, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// Clock shows one time until the test moves it.
type Clock struct {
	mu sync.Mutex
	at time.Time
}

// withinMonth returns a time, or the one an hour before when a month ends within the hour. So a test that moves its
// clock a little stays in the month in which it began.
func withinMonth(at time.Time) time.Time {
	if at.Add(time.Hour).Month() != at.Month() {
		return at.Add(-time.Hour)
	}
	return at
}

// NewClock returns a clock that shows a time.
func NewClock(at time.Time) *Clock { return &Clock{at: at} }

// Now returns the time that the clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

// Set moves the clock to a time.
func (c *Clock) Set(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = at
}

// Advance moves the clock forward.
func (c *Clock) Advance(d time.Duration) { c.Set(c.Now().Add(d)) }

// Jobs records the jobs that the engine inserts.
type Jobs struct {
	mu      sync.Mutex
	asked   []Job
	refusal error
}

// Job is one insert: a workflow to drive, a unit to work on, or an alert to deliver.
type Job struct {
	ID uuid.UUID
	At time.Time
}

// Drive records a workflow to drive.
func (j *Jobs) Drive(_ context.Context, tx postgres.Tx, _, flow uuid.UUID, at time.Time) error {
	if tx == nil {
		panic("a job outside of a transaction")
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.refusal == nil {
		j.asked = append(j.asked, Job{flow, at})
	}
	return j.refusal
}

// Refuse makes every insert fail with an error, until the error is nil.
func (j *Jobs) Refuse(refusal error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.refusal = refusal
}

// Unit records a unit to work on.
func (j *Jobs) Unit(ctx context.Context, tx postgres.Tx, unit workflow.Unit, at time.Time) error {
	return j.Drive(ctx, tx, unit.OrganizationID, unit.ID, at)
}

// Deliver records an alert to deliver.
func (j *Jobs) Deliver(ctx context.Context, tx postgres.Tx, organization, alert uuid.UUID, at time.Time) error {
	return j.Drive(ctx, tx, organization, alert, at)
}

// Batch records a batch to work on.
func (j *Jobs) Batch(ctx context.Context, tx postgres.Tx, organization, batch uuid.UUID, at time.Time) error {
	return j.Drive(ctx, tx, organization, batch, at)
}

// Verify records a verification to work on.
func (j *Jobs) Verify(ctx context.Context, tx postgres.Tx, organization, verification uuid.UUID, at time.Time) error {
	return j.Drive(ctx, tx, organization, verification, at)
}

// Unpublish records the job of a publication.
func (j *Jobs) Unpublish(ctx context.Context, tx postgres.Tx, organization, publication uuid.UUID, at time.Time) error {
	return j.Drive(ctx, tx, organization, publication, at)
}

// CheckTarget records a publish target to try.
func (j *Jobs) CheckTarget(ctx context.Context, tx postgres.Tx, organization, target uuid.UUID, at time.Time) error {
	return j.Drive(ctx, tx, organization, target, at)
}

// All returns the jobs in the order of their inserts.
func (j *Jobs) All() []Job {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]Job{}, j.asked...)
}
