package live_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"go.uber.org/goleak"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/live"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// Not parallel: it compares the goroutines of the whole process.
func TestHub_StopsItsGoroutines(t *testing.T) {
	db := testdb.New(t)
	who, ctx := testdb.Caller(t, db), testContext(t)
	flow := testdb.Workflow(t, db, who, testdb.WorkflowOpts{State: workflow.ICPProcessing})
	before := goleak.IgnoreCurrent()
	s := serve(t, db)
	j, stream := follow(t, s, flow, -1), watch(t, s, who)
	if err := toggle(ctx, s.store, who, flow.ID, 2); err != nil {
		t.Fatal(err)
	}
	if _, err := collect(ctx, j, flow.Version+2); err != nil {
		t.Fatal(err)
	}
	next(t, stream, 2)
	short, cancel := context.WithCancel(ctx)
	cancel()
	if _, err := j.Next(short); !errors.Is(err, context.Canceled) {
		t.Errorf("Next when its context has ended: got %v", err)
	}
	j.Close()
	stream.Close()
	s.stop()
	db.Pool.Reset() // The connections of the pool are not the hub's.
	select {
	case <-s.hub.Stopped():
	default:
		t.Error("Stopped is open after Run has ended")
	}
	goleak.VerifyNone(t, before, goleak.IgnoreAnyFunction("github.com/jackc/pgx/v5/pgxpool.(*Pool).backgroundHealthCheck"))
}

// counted returns a store and the number of its statements.
func counted(t *testing.T, db *testdb.DB) (*postgres.Store, *atomic.Int64) {
	t.Helper()
	config := db.Pool.Config()
	counter := &counter{}
	config.ConnConfig.Tracer = counter
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return postgres.New(pool), &counter.statements
}

type counter struct{ statements atomic.Int64 }

func (c *counter) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	c.statements.Add(1)
	return ctx
}

func (*counter) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// TraceBatchStart counts a statement that is sent together with the setting of the tenant.
func (c *counter) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	c.statements.Add(1)
	return ctx
}

func (*counter) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

func (*counter) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

func TestHub_RunsNoStatementWithoutSubscription(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	store, statements := counted(t, db)
	serve(t, db, pollEvery(time.Millisecond), func(o *live.Options) { o.Store = store })
	// The other hub polls as often and finds five transitions, so the first had time for its polls.
	other := serve(t, db, pollEvery(time.Millisecond))
	who := testdb.Caller(t, db)
	flow := testdb.Workflow(t, db, who, testdb.WorkflowOpts{})
	j := follow(t, other, flow, -1)
	for _, to := range testdb.Path(workflow.CompetitorCompleted) {
		flow = testdb.Move(t, db.Store(), who, flow, to)
		if _, err := collect(testContext(t), j, flow.Version); err != nil {
			t.Fatal(err)
		}
	}
	if got := statements.Load(); got != 0 {
		t.Errorf("statements: got %d, want none", got)
	}
}

func TestPoll_TakesThreeStatementsForAnyNumberOfFollowers(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	store, statements := counted(t, db)
	s := serve(t, db, pollEvery(50*time.Millisecond), func(o *live.Options) { o.Store = store })
	var journals []*live.Journal[live.TransitionEvent]
	var flows []workflow.Workflow
	who := testdb.Caller(t, db)
	for range 30 {
		flow := testdb.Workflow(t, db, who, testdb.WorkflowOpts{})
		flows, journals = append(flows, flow), append(journals, follow(t, s, flow, -1))
		watch(t, s, testdb.Caller(t, db))
	}
	for i, j := range journals {
		if _, err := collect(testContext(t), j, flows[i].Version); err != nil {
			t.Fatal(err)
		}
	}
	// Two polls with a result are at least one whole poll apart.
	find := func() {
		flows[0] = testdb.Move(t, db.Store(), who, flows[0], flows[0].NextStates()[0])
		if _, err := collect(testContext(t), journals[0], flows[0].Version); err != nil {
			t.Fatal(err)
		}
	}
	find()
	before, began := statements.Load(), time.Now()
	find()
	find()
	polls := int64(time.Since(began)/(250*time.Millisecond)) + 2
	const reads = 2 * 2 // for each of the two transitions: one that returns it and one that returns no more
	if got := statements.Load() - before; got > 3*polls+reads {
		t.Errorf("statements: got %d in about %d polls, want at most three for each", got, polls)
	}
}

func TestHubEntries_DeliversEachLedgerEntry(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	who, ctx := testdb.Caller(t, db), testContext(t)
	near, far := serve(t, db, pollEvery(time.Hour)), serve(t, db, pollEvery(time.Hour))
	flow := testdb.Workflow(t, db, who, testdb.WorkflowOpts{})
	ledger, err := far.hub.Entries(flow, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer ledger.Close()
	awaitListeners(t, db, 2)
	at := testdb.Now()
	period, err := cost.Month(at, "UTC")
	if err != nil {
		t.Fatal(err)
	}
	month := uuid.New()
	if err := db.Store().OpenMonth(ctx, who, postgres.NewMonth{
		ID:       month,
		Period:   period,
		TimeZone: "UTC",
		At:       at,
	}); err != nil {
		t.Fatal(err)
	}
	const calls = 5
	for range calls {
		made, err := near.store.ReserveCalls(ctx, []postgres.NewCall{{
			OrganizationID: who.OrganizationID,
			ID:             uuid.New(),
			WorkflowID:     flow.ID,
			Step:           workflow.StepICP,
			Hold:           cost.Dollar / 100,
			At:             at,
			CheckAt:        at.Add(time.Hour),
			Actor:          who.Actor,
		}}, 0)
		if err != nil || !made[0].Held {
			t.Fatalf("got %+v, %v, want a reserved call", made, err)
		}
	}
	var sequences []int
	var held cost.Pico
	for len(sequences) < 1+calls {
		entries, err := ledger.Next(ctx)
		if err != nil {
			t.Fatalf("got entries %v: %v", sequences, err)
		}
		for _, e := range entries {
			sequences, held = append(sequences, int(e.Sequence)), e.After.Held
		}
	}
	if diff := cmp.Diff(versionRange(0, calls), sequences); diff != "" || held != calls*cost.Dollar/100 {
		t.Errorf("entries (-want +got), the last holds %s:\n%s", held, diff)
	}
}
