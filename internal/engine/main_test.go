package engine_test

import (
	"context"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

func TestMain(m *testing.M) { os.Exit(testdb.Run(m)) }

const cent = cost.Dollar / 100

// bundle is an engine on a database of its own, a caller, and a clock that the test moves.
type bundle struct {
	db     *testdb.DB
	engine *engine.Engine
	jobs   *jobs
	clock  *clock
	who    caller.Caller
}

func setup(t *testing.T) bundle {
	t.Helper()
	return setupWith(t, func(*engine.Options) {})
}

// setupWith is setup with an engine of other options.
func setupWith(t *testing.T, change func(*engine.Options)) bundle {
	t.Helper()
	b := bundle{db: testdb.New(t), jobs: &jobs{}, clock: &clock{at: testdb.Now()}}
	b.engine = b.newEngine(t, b.db.Store(), change)
	b.who = b.stranger(t)
	return b
}

func (b bundle) newEngine(t *testing.T, store *postgres.Store, change func(*engine.Options)) *engine.Engine {
	t.Helper()
	o := engine.Options{
		Store: store, Jobs: b.jobs, Drives: []workflow.StepKey{workflow.StepICP}, Now: b.clock.now,
		WorkflowLimit: cost.Dollar, MonthLimit: 25 * cost.Dollar, Jitter: func() float64 { return 0.5 },
	}
	change(&o)
	e, err := engine.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// servers returns the engine and a second one on a pool of its own, as another server would have.
func (b bundle) servers(t *testing.T) [2]*engine.Engine {
	t.Helper()
	pool, err := postgres.Connect(context.Background(), b.db.URL, postgres.AppRole, 24)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return [2]*engine.Engine{b.engine, b.newEngine(t, postgres.New(pool), func(*engine.Options) {})}
}

// stranger returns an administrator of an organization that the engine has just admitted.
func (b bundle) stranger(t *testing.T) caller.Caller {
	t.Helper()
	who := caller.Caller{Actor: "alice", OrganizationID: uuid.New(), Role: caller.Admin}
	if err := b.engine.Admit(context.Background(), who); err != nil {
		t.Fatal(err)
	}
	return who
}

func (b bundle) flow(t *testing.T, state workflow.State) workflow.Workflow {
	t.Helper()
	return testdb.Workflow(t, b.db, b.who, testdb.WorkflowOpts{State: state})
}

// reserve holds an amount for a call from outside.
func (b bundle) reserve(t *testing.T, flow workflow.Workflow, amount cost.Pico) cost.Call {
	t.Helper()
	charged, err := b.engine.Reserve(context.Background(), b.who, engine.ReserveInput{
		WorkflowID: flow.ID, Amount: &amount,
	})
	if err != nil {
		t.Fatalf("reserve: %v", err)
	}
	return charged.Call
}

// take claims a run as the given worker.
func (b bundle) take(t *testing.T, flow uuid.UUID, worker string) workflow.Run {
	t.Helper()
	run, _, err := b.engine.Take(context.Background(), b.as(worker), flow)
	if err != nil || run == nil {
		t.Fatalf("take: got %v, %v, want a run", run, err)
	}
	return *run
}

// call reserves and sends a call of a run.
func (b bundle) call(t *testing.T, run workflow.Run, amount cost.Pico) cost.Call {
	t.Helper()
	ctx := context.Background()
	charged, err := b.engine.Reserve(ctx, b.who, engine.ReserveInput{
		WorkflowID: run.WorkflowID, RunToken: &run.Token, Amount: &amount,
	})
	if err == nil {
		err = b.engine.Dispatch(ctx, b.who, charged.Call.ID, "sandbox")
	}
	if err != nil {
		t.Fatalf("call: %v", err)
	}
	return charged.Call
}

func (b bundle) as(actor string) caller.Caller {
	return caller.Caller{Actor: actor, OrganizationID: b.who.OrganizationID, Role: caller.Operator}
}

// state returns where a workflow stands.
func (b bundle) state(t *testing.T, id uuid.UUID) workflow.State {
	t.Helper()
	flow, err := b.engine.Workflow(context.Background(), b.who, id)
	if err != nil {
		t.Fatal(err)
	}
	return flow.State
}

// journal returns all rows of a workflow.
func (b bundle) journal(t *testing.T, id uuid.UUID) []workflow.Transition {
	t.Helper()
	rows, err := b.engine.Transitions(context.Background(), b.who, engine.TransitionsInput{
		Workflows: []uuid.UUID{id}, After: -1, First: 1000,
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows[id]
}

// ledger returns all entries of an account.
func (b bundle) ledger(t *testing.T, account uuid.UUID) []cost.Entry {
	t.Helper()
	entries, err := b.engine.Entries(context.Background(), b.who, engine.EntriesInput{
		Accounts: []uuid.UUID{account}, After: -1, First: 1000,
	})
	if err != nil {
		t.Fatal(err)
	}
	return entries[account]
}

// balances checks the accounts of a workflow and of the running month.
func (b bundle) balances(t *testing.T, flow uuid.UUID, want cost.Balance, wantMonth cost.Balance) {
	t.Helper()
	ctx := context.Background()
	accounts, err := b.engine.Accounts(ctx, b.who, []uuid.UUID{flow})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, accounts[flow].Balance); diff != "" {
		t.Errorf("the workflow's account (-want +got):\n%s", diff)
	}
	organization, err := b.engine.Organization(ctx, b.who)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(wantMonth, organization.Month.Balance); diff != "" {
		t.Errorf("the month's account (-want +got):\n%s", diff)
	}
}

// paid checks that a workflow has spent and holds so much, of $1, and the month the same, of $25.
func (b bundle) paid(t *testing.T, flow uuid.UUID, settled, held cost.Pico) {
	t.Helper()
	b.balances(t, flow, cost.Balance{Settled: settled, Held: held, Limit: cost.Dollar},
		cost.Balance{Settled: settled, Held: held, Limit: 25 * cost.Dollar})
}

// sound checks that the books are in order and that no two transactions waited for each other.
func (b bundle) sound(t *testing.T) {
	t.Helper()
	findings, err := b.verify(t)
	if err != nil || len(findings) > 0 {
		t.Errorf("verify: got %v, %v, want nothing", findings, err)
	}
	if n := b.count(t, `SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`); n != 0 {
		t.Errorf("deadlocks: got %d, want 0", n)
	}
}

// verify audits the books as their owner, who sees those of all organizations.
func (b bundle) verify(t *testing.T) ([]engine.Finding, error) {
	t.Helper()
	return b.newEngine(t, b.db.Books(), func(*engine.Options) {}).Verify(context.Background())
}

// count answers a question with a number.
func (b bundle) count(t *testing.T, sql string, args ...any) (n int) {
	t.Helper()
	if err := b.db.Super.QueryRow(context.Background(), sql, args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// rows counts the rows of every table that a request may write to, and the workers that were asked for.
func (b bundle) rows(t *testing.T) map[string]int {
	t.Helper()
	counts := map[string]int{"jobs": len(b.jobs.all())}
	for _, table := range []string{
		"intent_workflows", "workflow_transitions", "workflow_runs", "step_results", "usage_accounts", "ai_calls",
		"ai_usage_ledger", "idempotency_keys", "alerts", "alert_deliveries", "model_prices", "model_price_proposals",
	} {
		counts[table] = b.count(t, "SELECT count(*) FROM "+table)
	}
	return counts
}

// kinds says how often each kind of fault occurred; "" counts the successes.
func kinds(errs []error) map[fault.Kind]int {
	counts := map[fault.Kind]int{}
	for _, err := range errs {
		counts[fault.KindOf(err)]++
	}
	return counts
}

// clock stands still until it is moved.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) set(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = at
}

func (c *clock) advance(d time.Duration) { c.set(c.now().Add(d)) }

// jobs remembers which workers were asked for.
type jobs struct {
	mu      sync.Mutex
	asked   []asked
	refusal error
}

type asked struct {
	flow uuid.UUID
	at   time.Time
}

func (j *jobs) Drive(_ context.Context, tx postgres.Tx, _, flow uuid.UUID, at time.Time) error {
	if tx == nil {
		panic("a job outside of a transaction")
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.refusal == nil {
		j.asked = append(j.asked, asked{flow, at})
	}
	return j.refusal
}

// refuse makes jobs impossible, until the refusal is nil.
func (j *jobs) refuse(refusal error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.refusal = refusal
}

// Deliver remembers the alert as if it were a workflow to drive.
func (j *jobs) Deliver(ctx context.Context, tx postgres.Tx, organization, alert uuid.UUID, at time.Time) error {
	return j.Drive(ctx, tx, organization, alert, at)
}

func (j *jobs) all() []asked {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]asked{}, j.asked...)
}
