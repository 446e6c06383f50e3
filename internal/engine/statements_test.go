package engine_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// statements counts the statements of a pool that name alerts.
type statements struct{ alerts atomic.Int64 }

// TraceQueryStart implements pgx.QueryTracer.
func (s *statements) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	if strings.Contains(q.SQL, "FROM alerts") {
		s.alerts.Add(1)
	}
	return ctx
}

// TraceQueryEnd implements pgx.QueryTracer.
func (*statements) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// TraceBatchStart implements pgx.BatchTracer.
func (*statements) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}

// TraceBatchQuery implements pgx.BatchTracer.
func (s *statements) TraceBatchQuery(_ context.Context, _ *pgx.Conn, q pgx.TraceBatchQueryData) {
	if strings.Contains(q.SQL, "FROM alerts") {
		s.alerts.Add(1)
	}
}

// TraceBatchEnd implements pgx.BatchTracer.
func (*statements) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// narrow returns an engine with one connection, which counts its statements.
func (b bundle) narrow(t *testing.T) (*engine.Engine, *statements) {
	t.Helper()
	count := &statements{}
	pool, err := postgres.Open(context.Background(), postgres.Connection{
		URL:         b.DB.URL,
		Role:        postgres.AppRole,
		Connections: 1,
		Tracer:      count,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	return b.NewEngine(t, postgres.New(pool), func(*engine.Options) {}), count
}

func TestOrderBatch_NeedsOneConnection(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	in := engine.BatchInput{
		Kind:   workflow.BatchCancel,
		IDs:    []uuid.UUID{b.Flow(t, workflow.Created).ID},
		Reason: "The campaign is over.",
	}
	narrow, _ := b.narrow(t)
	dry, err := narrow.OrderBatch(ctx, b.Who, in)
	if err != nil {
		t.Fatal(err)
	}
	in.Digest, in.IdempotencyKey = dry.Preview.Digest, uuid.NewString()
	if made, err := narrow.OrderBatch(ctx, b.Who, in); err != nil || made.Batch == nil {
		t.Errorf("got %+v, %v, want a batch", made, err)
	}
}

func TestMarkAlertsRead_LooksUpAllAtOnce(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	b.cross(t, 96)
	alerts, err := b.Engine.Alerts(ctx, b.Who, engine.AlertsInput{First: 10})
	if err != nil || len(alerts) < 3 {
		t.Fatalf("got %d alerts, %v, want some", len(alerts), err)
	}
	var ids []uuid.UUID
	for _, a := range alerts {
		ids = append(ids, a.ID)
	}
	narrow, count := b.narrow(t)
	for range 2 {
		before := count.alerts.Load()
		if _, err := narrow.MarkAlertsRead(ctx, b.Who, engine.MarkAlertsReadInput{AlertIDs: ids}); err != nil {
			t.Fatal(err)
		}
		if n := count.alerts.Load() - before; n < 2 || n > 3 { // Look up, mark unless it is a replay, and count.
			t.Errorf("%d alerts take %d statements, want at most 3", len(ids), n)
		}
	}
	_, err = narrow.MarkAlertsRead(ctx, b.Who, engine.MarkAlertsReadInput{AlertIDs: append(ids, uuid.New())})
	if fault.KindOf(err) != fault.NotFound {
		t.Errorf("an unknown alert: got %v, want NOT_FOUND", err)
	}
	if one, err := narrow.Alert(ctx, b.Who, ids[0]); err != nil || one.ID != ids[0] || one.Kind == cost.AlertKind("") {
		t.Errorf("one alert: got %+v, %v", one, err)
	}
}

func TestRefusedItem_HasAStorableMessage(t *testing.T) {
	t.Parallel()
	got := engine.RefusedItem(strings.Repeat("a", 999) + "é\x00")
	if !utf8.ValidString(got.Message) || len(got.Message) != 999 {
		t.Errorf("got %d bytes, valid %t, want 999 valid ones", len(got.Message), utf8.ValidString(got.Message))
	}
}
