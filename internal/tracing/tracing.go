// Package tracing records the time of requests as OpenTelemetry traces. There is a span for a request or the run of a
// step, for each verb of the engine, each statement and each request to a model, and none per field. It is the only
// package that imports OpenTelemetry; others call functions that they were given.
//
// A span has no content: no parameter of a statement, no variable, prompt, token or organization. Work outside a
// request or run, such as the polls of an idle server, has no spans. No trace id is sent to a model provider.
package tracing

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"

	"github.com/infin8content/engine/internal/fault"
)

// flushTime bounds the sending of the last spans when a server stops.
const flushTime = 5 * time.Second

// Options configure a Tracer. Endpoint is required.
type Options struct {
	// Endpoint is the base URL of a collector that speaks OTLP over HTTP, as OTEL_EXPORTER_OTLP_ENDPOINT has it. The
	// other variables of that specification are read by OpenTelemetry's own code: headers, the sampler, the service's
	// name.
	Endpoint string
	// Logger gets a warning when the collector refuses spans.
	Logger *slog.Logger
}

// Tracer makes spans and sends them in the background. Without a collector it drops them and delays no request.
type Tracer struct {
	provider *sdk.TracerProvider
	tracer   trace.Tracer
	from     propagation.TraceContext
}

// New returns a tracer. It sends nothing before there is a span.
func New(ctx context.Context, o Options) (*Tracer, error) {
	url := strings.TrimRight(o.Endpoint, "/") + "/v1/traces"
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(url))
	if err != nil {
		return nil, fmt.Errorf("prepare the export of traces: %w", err)
	}
	if o.Logger != nil { // OpenTelemetry has one handler in a program.
		otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) {
			o.Logger.Warn("traces are lost", "error", err.Error())
		}))
	}
	// The environment overrides the service name given here.
	about, err := resource.New(ctx,
		resource.WithAttributes(attribute.String("service.name", "infin8-engine")),
		resource.WithFromEnv(), resource.WithProcessPID(), resource.WithHost())
	if err != nil {
		return nil, fmt.Errorf("describe this service for traces: %w", err)
	}
	return with(sdk.NewTracerProvider(sdk.WithBatcher(exporter), sdk.WithResource(about))), nil
}

func with(provider *sdk.TracerProvider) *Tracer {
	return &Tracer{provider: provider, tracer: provider.Tracer("github.com/infin8content/engine")}
}

// Close sends the remaining spans.
func (t *Tracer) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), flushTime)
	defer cancel()
	if err := t.provider.Shutdown(ctx); err != nil {
		otel.Handle(err)
	}
}

// Request begins the span of a request, as a part of the trace that its traceparent header names, and returns the
// trace's id. The span ends when the function is called.
func (t *Tracer) Request(r *http.Request, id string) (context.Context, string, func(Answer)) {
	ctx := t.from.Extract(r.Context(), propagation.HeaderCarrier(r.Header))
	ctx, span := t.tracer.Start(ctx, "request", trace.WithSpanKind(trace.SpanKindServer),
		trace.WithAttributes(attribute.String("infin8.request_id", id)))
	return ctx, span.SpanContext().TraceID().String(), func(a Answer) {
		span.SetName(a.Method + " " + a.Route)
		span.SetAttributes(
			attribute.String("http.request.method", a.Method), attribute.String("http.route", a.Route),
			attribute.Int("http.response.status_code", a.Status))
		if a.Operation != "" {
			span.SetAttributes(attribute.String("graphql.operation.name", a.Operation))
		}
		if a.Code != "" {
			span.SetAttributes(attribute.String("infin8.code", a.Code))
		}
		if a.Status >= http.StatusInternalServerError || a.Code == string(fault.Internal) {
			span.SetStatus(codes.Error, a.Code)
		}
		span.End()
	}
}

// Answer records the end of a request.
type Answer struct {
	Method, Route   string
	Status          int
	Operation, Code string
}

// Root begins a trace outside a request, such as the run of a step.
func (t *Tracer) Root(ctx context.Context, name string) (context.Context, func(error)) {
	ctx, span := t.tracer.Start(ctx, name, trace.WithNewRoot())
	return ctx, ending(span)
}

// Part begins a span below the one that the context carries. Without one there is none.
func (t *Tracer) Part(ctx context.Context, name string) (context.Context, func(error)) {
	if !trace.SpanFromContext(ctx).IsRecording() {
		return ctx, nothing
	}
	ctx, span := t.tracer.Start(ctx, name)
	return ctx, ending(span)
}

// Model is Part for a request to a model. The function takes the model and the outcome.
func (t *Tracer) Model(ctx context.Context) (context.Context, func(model, outcome string)) {
	if !trace.SpanFromContext(ctx).IsRecording() {
		return ctx, func(string, string) {}
	}
	ctx, span := t.tracer.Start(ctx, "model", trace.WithSpanKind(trace.SpanKindClient))
	return ctx, func(model, outcome string) {
		span.SetName("model " + model)
		span.SetAttributes(attribute.String("infin8.model", model), attribute.String("infin8.outcome", outcome))
		span.End()
	}
}

func nothing(error) {}

// ending ends a span with the code of an error. The error's text stays in the log.
func ending(span trace.Span) func(error) {
	return func(err error) {
		if kind := fault.KindOf(err); kind != "" {
			span.SetAttributes(attribute.String("infin8.code", string(kind)))
			if kind == fault.Internal {
				span.SetStatus(codes.Error, string(kind))
			}
		}
		span.End()
	}
}
