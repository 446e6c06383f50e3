package engine_test

import (
	"context"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

func TestMain(m *testing.M) { os.Exit(testdb.Run(m)) }

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
	b := bundle{db: testdb.New(t), jobs: &jobs{}, clock: &clock{at: testdb.Now()}}
	b.engine = newEngine(t, b)
	b.who = caller.Caller{Actor: "alice", OrganizationID: uuid.New(), Role: caller.Admin}
	if err := b.engine.Admit(context.Background(), b.who); err != nil {
		t.Fatal(err)
	}
	return b
}

func newEngine(t *testing.T, b bundle) *engine.Engine {
	t.Helper()
	e, err := engine.New(engine.Options{
		Store: b.db.Store(), Jobs: b.jobs, Drives: []workflow.StepKey{workflow.StepICP}, Now: b.clock.now,
		WorkflowLimit: cost.Dollar, MonthLimit: 25 * cost.Dollar, Jitter: func() float64 { return 0.5 },
	})
	if err != nil {
		t.Fatal(err)
	}
	return e
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

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// jobs remembers which workers were asked for.
type jobs struct {
	mu    sync.Mutex
	asked []asked
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
	j.asked = append(j.asked, asked{flow, at})
	return nil
}
