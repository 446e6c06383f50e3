package live

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// batchTracer calls start before the server receives a batch.
type batchTracer struct{ start func() }

func (b *batchTracer) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	b.start()
	return ctx
}

func (b *batchTracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return ctx
}

func (b *batchTracer) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}
func (b *batchTracer) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData)     {}
func (b *batchTracer) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData)     {}

// The first read returns rows of the long journal only. Meanwhile, a poll removes the delivered version of the other.
func TestOrganizationFeed_ReadsNoDeliveredVersionAgainAfterACutRead(t *testing.T) {
	t.Parallel()
	db, ctx := testdb.New(t), context.Background()
	who := testdb.Caller(t, db)
	long := testdb.Workflow(t, db, who, testdb.WorkflowOpts{State: workflow.ICPProcessing})
	last := testdb.Workflow(t, db, who, testdb.WorkflowOpts{State: workflow.ICPProcessing})
	for long.Version < feedRows {
		to := workflow.ICPFailed
		if long.State == to {
			to = workflow.ICPProcessing
		}
		long = testdb.Move(t, db.Store(), who, long, to)
	}
	moved := testdb.Move(t, db.Store(), who, last, workflow.ICPFailed)

	config, tracer := db.Pool.Config(), &batchTracer{}
	config.ConnConfig.Tracer = tracer
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	delivered := postgres.WorkflowPosition{
		OrganizationID: who.OrganizationID,
		WorkflowID:     last.ID,
		Version:        last.Version,
		At:             last.UpdatedAt,
	}
	floor := long.CreatedAt.Add(-time.Second)
	f := &organizationFeed{
		organization: who.OrganizationID,
		store:        postgres.New(pool),
		work:         make(chan struct{}, 1),
		ready:        true,
		delivered:    map[uuid.UUID]postgres.WorkflowPosition{last.ID: delivered},
		floor:        floor,
		pending:      map[uuid.UUID]postgres.JournalRead{},
		changed:      make(chan struct{}),
	}
	tracer.start = func() { f.applyPoll(floor, []postgres.WorkflowPosition{delivered}, last.UpdatedAt) }
	f.notify(long.ID, 0, long.Version)
	f.notify(last.ID, moved.Version, moved.Version)
	for range 2 {
		if !f.readPending(ctx) {
			t.Fatal("no journal is pending")
		}
	}

	stream := Stream{feed: f, begun: true}
	var versions []int
	events, _ := stream.take()
	for _, e := range events {
		if e.Workflow.ID == last.ID {
			versions = append(versions, e.Transition.Version)
		}
	}
	if diff := cmp.Diff([]int{moved.Version}, versions); diff != "" {
		t.Errorf("delivered versions (-want +got):\n%s", diff)
	}
}
