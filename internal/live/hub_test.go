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

// Not parallel: it looks at the goroutines of the whole program.
func TestAHubLeavesNothingBehind(t *testing.T) {
	db := testdb.New(t)
	who, ctx := testdb.Caller(t, db), waiting(t)
	flow := testdb.Workflow(t, db, who, testdb.WorkflowOpts{State: workflow.ICPProcessing})
	before := goleak.IgnoreCurrent()
	s := serve(t, db)
	j, stream := follow(t, s, flow, -1), watch(t, s, who)
	if err := swing(ctx, s.store, who, flow.ID, 2); err != nil {
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
		t.Error("the hub does not say that it has stopped")
	}
	goleak.VerifyNone(t, before, goleak.IgnoreAnyFunction("github.com/jackc/pgx/v5/pgxpool.(*Pool).backgroundHealthCheck"))
}

// counted is a store whose statements are counted.
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

// TraceBatchStart counts a statement that travels with the word whose rows are meant.
func (c *counter) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	c.statements.Add(1)
	return ctx
}

func (*counter) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

func (*counter) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

func TestAHubThatNobodyFollowsAsksNothing(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	store, statements := counted(t, db)
	serve(t, db, deaf(time.Millisecond), func(o *live.Options) { o.Store = store })
	// Another hub looks as often, and finds what is to be found: so this one has had the time to ask.
	other := serve(t, db, deaf(time.Millisecond))
	who := testdb.Caller(t, db)
	flow := testdb.Workflow(t, db, who, testdb.WorkflowOpts{})
	j := follow(t, other, flow, -1)
	for _, to := range testdb.Path(workflow.CompetitorCompleted) {
		flow = testdb.Move(t, db.Store(), who, flow, to)
		if _, err := collect(waiting(t), j, flow.Version); err != nil {
			t.Fatal(err)
		}
	}
	if got := statements.Load(); got != 0 {
		t.Errorf("statements: got %d, want none", got)
	}
}

func TestOneLookAsksAtMostThreeStatementsHoweverManyFollow(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	store, statements := counted(t, db)
	s := serve(t, db, deaf(50*time.Millisecond), func(o *live.Options) { o.Store = store })
	var journals []*live.Journal[live.Arrival]
	var flows []workflow.Workflow
	who := testdb.Caller(t, db)
	for range 30 {
		flow := testdb.Workflow(t, db, who, testdb.WorkflowOpts{})
		flows, journals = append(flows, flow), append(journals, follow(t, s, flow, -1))
		watch(t, s, testdb.Caller(t, db))
	}
	for i, j := range journals {
		if _, err := collect(waiting(t), j, flows[i].Version); err != nil {
			t.Fatal(err)
		}
	}
	// Two looks that find something are at least one whole look apart.
	find := func() {
		flows[0] = testdb.Move(t, db.Store(), who, flows[0], flows[0].NextStates()[0])
		if _, err := collect(waiting(t), journals[0], flows[0].Version); err != nil {
			t.Fatal(err)
		}
	}
	find()
	before, began := statements.Load(), time.Now()
	find()
	find()
	looks := int64(time.Since(began)/(250*time.Millisecond)) + 2
	const reads = 2 * 2 // of each of the two moves, one that finds it and one that finds no more
	if got := statements.Load() - before; got > 3*looks+reads {
		t.Errorf("statements: got %d in about %d looks, want at most three for each", got, looks)
	}
}

func TestTheBillIsToldEntryByEntry(t *testing.T) {
	t.Parallel()
	db := testdb.New(t)
	who, ctx := testdb.Caller(t, db), waiting(t)
	near, far := serve(t, db, deaf(time.Hour)), serve(t, db, deaf(time.Hour))
	flow := testdb.Workflow(t, db, who, testdb.WorkflowOpts{})
	bill, err := far.hub.Entries(flow, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer bill.Close()
	awaitListeners(t, db, 2)
	at := testdb.Now()
	period, err := cost.Month(at, "UTC")
	if err != nil {
		t.Fatal(err)
	}
	month := uuid.New()
	if err := db.Store().OpenMonth(ctx, who, postgres.NewMonth{
		ID: month, Period: period, TimeZone: "UTC", At: at,
	}); err != nil {
		t.Fatal(err)
	}
	const calls = 5
	for range calls {
		err := near.store.InTx(ctx, func(tx *postgres.Store) error {
			call, _, err := tx.ReserveCall(ctx, who, postgres.NewCall{
				ID: uuid.New(), WorkflowID: flow.ID, MonthID: month, Step: workflow.StepICP, Hold: cost.Dollar / 100, At: at,
				CheckAt: at.Add(time.Hour),
			})
			for _, account := range []uuid.UUID{flow.ID, month} {
				if err == nil {
					_, _, err = tx.Hold(ctx, who, postgres.Hold{
						AccountID: account, CallID: call.ID, Amount: cost.Dollar / 100, At: at,
					})
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	var sequences []int
	var held cost.Pico
	for len(sequences) < 1+calls {
		entries, err := bill.Next(ctx)
		if err != nil {
			t.Fatalf("got entries %v: %v", sequences, err)
		}
		for _, e := range entries {
			sequences, held = append(sequences, int(e.Sequence)), e.After.Held
		}
	}
	if diff := cmp.Diff(span(0, calls), sequences); diff != "" || held != calls*cost.Dollar/100 {
		t.Errorf("entries (-want +got), the last holds %s:\n%s", held, diff)
	}
}
