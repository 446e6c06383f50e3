package tracing

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/testdb"
)

func TestMain(m *testing.M) { os.Exit(testdb.Run(m)) }

const secret = "text that a user has typed"

// bundle is a tracer that keeps its spans, and a pool that it traces.
type bundle struct {
	tracer *Tracer
	spans  *tracetest.InMemoryExporter
	pool   *pgxpool.Pool
}

func setup(t *testing.T) bundle {
	t.Helper()
	b := bundle{spans: tracetest.NewInMemoryExporter()}
	b.tracer = with(sdk.NewTracerProvider(sdk.WithSyncer(b.spans)))
	var err error
	b.pool, err = postgres.Open(t.Context(), postgres.Connection{
		URL: testdb.New(t).URL, Connections: 2, Tracer: b.tracer.Queries(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.pool.Close)
	return b
}

// tree lists the spans in the order of their ends, each below its parent, with its visible attributes.
func (b bundle) tree(t *testing.T) []string {
	t.Helper()
	names := map[string]string{}
	for _, span := range b.spans.GetSpans() {
		names[span.SpanContext.SpanID().String()] = span.Name
	}
	var lines []string
	for _, span := range b.spans.GetSpans() {
		line := span.Name
		if parent := span.Parent; parent.IsValid() {
			above, ours := names[parent.SpanID().String()]
			if !ours {
				above = "elsewhere"
			}
			line = above + " > " + line
		}
		for _, a := range span.Attributes {
			line += fmt.Sprintf(" %s=%s", a.Key, a.Value.String())
		}
		if span.Status.Code != 0 {
			line += " " + span.Status.Code.String() + ":" + span.Status.Description
		}
		if strings.Contains(line, secret) {
			t.Errorf("a span has the content: %s", line)
		}
		lines = append(lines, line)
	}
	return lines
}

func TestSpans_ShowTimeAndNoContent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	request := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/graphql?query="+secret[:4], nil)
	request.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	ctx, trace, ended := b.tracer.Request(request, "request-1")
	if trace != "0af7651916cd43dd8448eb211c80319c" {
		t.Errorf("trace: got %s, want the caller's", trace)
	}
	verb, verbEnded := b.tracer.Part(ctx, "engine Transition")
	const named = "-- name: WorkflowGet :one\nSELECT $1::text"
	var text string
	if err := b.pool.QueryRow(verb, named, secret).Scan(&text); err != nil {
		t.Fatal(err)
	}
	batch := &pgx.Batch{}
	batch.Queue(`SELECT set_config('infin8.organization', $1, true)`, secret)
	batch.Queue(named, secret)
	if err := b.pool.SendBatch(verb, batch).Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := b.pool.Exec(verb, "-- name: WorkflowBreak :exec\nSELECT $1::text::int", secret); err == nil {
		t.Fatal("the statement does not fail")
	}
	verbEnded(fault.New(fault.StaleState, secret))
	_, modelEnded := b.tracer.Model(ctx)
	modelEnded("perplexity/sonar", "ANSWERED")
	_, brokenEnded := b.tracer.Part(ctx, "engine Settle")
	brokenEnded(errors.New(secret))
	ended(Answer{
		Method:    "POST",
		Route:     "/graphql",
		Status:    200,
		Operation: "Move",
		Code:      "STALE_STATE",
	})
	want := []string{
		"engine Transition > WorkflowGet db.system.name=postgresql",
		"engine Transition > WorkflowGet db.system.name=postgresql",
		"engine Transition > WorkflowBreak db.system.name=postgresql db.response.status_code=22P02 Error:",
		"POST /graphql > engine Transition infin8.code=STALE_STATE",
		"POST /graphql > model perplexity/sonar infin8.model=perplexity/sonar infin8.outcome=ANSWERED",
		"POST /graphql > engine Settle infin8.code=INTERNAL Error:INTERNAL",
		"elsewhere > POST /graphql infin8.request_id=request-1 http.request.method=POST http.route=/graphql " +
			"http.response.status_code=200 graphql.operation.name=Move infin8.code=STALE_STATE",
	}
	if diff := cmp.Diff(want, b.tree(t)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestSpans_OnlyWithinARequest(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if _, err := b.pool.Exec(t.Context(), "-- name: RunListExpired :many\nSELECT 1"); err != nil {
		t.Fatal(err)
	}
	_, ended := b.tracer.Part(t.Context(), "engine SweepRuns")
	ended(nil)
	_, asked := b.tracer.Model(t.Context())
	asked("perplexity/sonar", "ANSWERED")
	if got := b.tree(t); len(got) > 0 {
		t.Errorf("got %v, want none", got)
	}
	_, ended = b.tracer.Root(context.Background(), "run ICP")
	ended(nil)
	if diff := cmp.Diff([]string{"run ICP"}, b.tree(t)); diff != "" {
		t.Errorf("a run (-want +got):\n%s", diff)
	}
}

func TestQueryName_IsThatOfTheFile(t *testing.T) {
	t.Parallel()
	for sql, want := range map[string]string{
		"-- name: WorkflowTransition :one\nWITH moved AS (": "WorkflowTransition",
		"begin isolation level read committed":              "begin",
		"COMMIT":                                            "commit",
		"\n\tSELECT count(*)":                               "select",
		"":                                                  "",
		strings.Repeat("x", 100):                            strings.Repeat("x", 60),
	} {
		if got := nameOf(sql); got != want {
			t.Errorf("%q: got %q, want %q", sql, got, want)
		}
	}
	if _, ok := (&Tracer{}).Queries().(pgx.BatchTracer); !ok {
		t.Error("batches are not traced")
	}
}
