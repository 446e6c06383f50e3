package tracing

import (
	"context"
	"errors"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// queries makes spans of pgx's statements, with the names of queries/.
type queries struct{ tracer trace.Tracer }

// Queries returns a tracer for connections. It implements pgx.BatchTracer.
func (t *Tracer) Queries() pgx.QueryTracer { return queries{t.tracer} }

// TraceQueryStart begins the span of a statement.
func (q queries) TraceQueryStart(ctx context.Context, _ *pgx.Conn, in pgx.TraceQueryStartData) context.Context {
	return q.start(ctx, nameOf(in.SQL))
}

// TraceQueryEnd ends it.
func (q queries) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, in pgx.TraceQueryEndData) {
	end(ctx, in.Err)
}

// TraceBatchStart begins one span for statements that are sent together. It has the name of the query; the setting of
// the tenant before it has none.
func (q queries) TraceBatchStart(ctx context.Context, _ *pgx.Conn, in pgx.TraceBatchStartData) context.Context {
	name := ""
	for _, statement := range in.Batch.QueuedQueries {
		switch of := nameOf(statement.SQL); {
		case !isQuery(statement.SQL):
		case name != "" && name != of:
			return q.start(ctx, "batch")
		default:
			name = of
		}
	}
	if name == "" {
		name = "batch"
	}
	return q.start(ctx, name)
}

// TraceBatchQuery records the error of one statement of a batch.
func (q queries) TraceBatchQuery(ctx context.Context, _ *pgx.Conn, in pgx.TraceBatchQueryData) {
	fail(ctx, in.Err)
}

// TraceBatchEnd ends the span of a batch.
func (q queries) TraceBatchEnd(ctx context.Context, _ *pgx.Conn, in pgx.TraceBatchEndData) {
	end(ctx, in.Err)
}

type statementKey struct{}

// start begins a span below the one that the context carries; without one there is none.
func (q queries) start(ctx context.Context, name string) context.Context {
	if !trace.SpanFromContext(ctx).IsRecording() {
		return ctx
	}
	ctx, span := q.tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindClient),
		trace.WithAttributes(attribute.String("db.system.name", "postgresql")))
	return context.WithValue(ctx, statementKey{}, span)
}

func end(ctx context.Context, err error) {
	fail(ctx, err)
	if span, ours := ctx.Value(statementKey{}).(trace.Span); ours {
		span.End()
	}
}

// fail records the SQLSTATE of an error, since its message may quote parameters.
func fail(ctx context.Context, err error) {
	span, ours := ctx.Value(statementKey{}).(trace.Span)
	if !ours || err == nil {
		return
	}
	var refused *pgconn.PgError
	if errors.As(err, &refused) {
		span.SetAttributes(attribute.String("db.response.status_code", refused.Code))
	}
	span.SetStatus(codes.Error, "")
}

const marker = "-- name: "

// isQuery reports whether a statement is one of queries/.
func isQuery(sql string) bool { return strings.HasPrefix(sql, marker) }

// nameOf returns the name of a statement in queries/, or the first word of another one, such as BEGIN.
func nameOf(sql string) string {
	name := strings.TrimLeft(strings.TrimPrefix(sql, marker), " \t\n")
	if end := strings.IndexAny(name, " \t\n;("); end >= 0 {
		name = name[:end]
	}
	if !isQuery(sql) {
		name = strings.ToLower(name)
	}
	if len(name) > 60 {
		name = name[:60]
	}
	return name
}
