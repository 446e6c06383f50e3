package cli

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/infin8content/engine/graph"
	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/jobs"
	"github.com/infin8content/engine/internal/metrics"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/steps"
	"github.com/infin8content/engine/internal/tracing"
	"github.com/infin8content/engine/internal/web"
	"github.com/infin8content/engine/internal/workflow"
)

// observeSettings are the knobs for those who watch a server. Whatever is not asked for costs nothing.
type observeSettings struct {
	MetricsListen  string `help:"Address of the metrics for Prometheus, at /metrics; none when empty."`
	TracesEndpoint string `env:"INFIN8_TRACES_ENDPOINT,OTEL_EXPORTER_OTLP_ENDPOINT" help:"${traces}"`
}

const tracesHelp = "URL of a collector that takes OpenTelemetry traces by OTLP over HTTP; none when empty."

// observers are who watches a server: its metrics and its traces, each nil unless it was asked for. All methods do
// nothing for those that are nil, and return nil where that is possible, so that nobody is called.
type observers struct {
	metrics *metrics.Metrics
	tracer  *tracing.Tracer
	pools   []metrics.Pool
}

// observe prepares what the settings ask for.
func (s *server) observe(p *program) (err error) {
	if s.settings.MetricsListen != "" {
		s.watch.metrics = metrics.New()
	}
	if s.settings.TracesEndpoint != "" {
		s.watch.tracer, err = tracing.New(p.ctx, tracing.Options{Endpoint: s.settings.TracesEndpoint, Logger: s.logger})
		if err != nil {
			return fmt.Errorf("--traces-endpoint: %w", err)
		}
		s.closers = append(s.closers, s.watch.tracer.Close)
	}
	return nil
}

// open opens a pool of the server, in the server's role, by the name that its metrics have.
func (s *server) open(ctx context.Context, name string, c postgres.Connection) (*pgxpool.Pool, error) {
	c.Role = postgres.AppRole
	if s.watch.tracer != nil {
		c.Tracer = s.watch.tracer.Queries()
	}
	pool, err := postgres.Open(ctx, c)
	if err != nil {
		return nil, err
	}
	s.closers = append(s.closers, pool.Close)
	s.watch.pools = append(s.watch.pools, metrics.Pool{Name: name, Stat: pool.Stat})
	return pool, nil
}

// serveMetrics serves the metrics, when they were asked for, on an address of their own until the server is closed:
// also while it drains.
func (s *server) serveMetrics(pool *pgxpool.Pool) error {
	m := s.watch.metrics
	if m == nil {
		return nil
	}
	m.Pools(s.watch.pools...)
	m.Live(s.live.Subscriptions, s.live.Resyncs)
	m.Unknown(postgres.New(pool).CountUnknown)
	m.Queue(func(ctx context.Context) (metrics.Backlog, error) {
		waiting, oldest, err := jobs.Waiting(ctx, pool)
		return metrics.Backlog{Jobs: waiting, Oldest: oldest}, err
	})
	listener, err := net.Listen("tcp", s.settings.MetricsListen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", s.settings.MetricsListen, err)
	}
	routes := http.NewServeMux()
	routes.Handle("GET /metrics", m.Handler())
	scraped := &http.Server{
		Handler: routes, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 5 * time.Second,
		WriteTimeout: 15 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
		ErrorLog: slog.NewLogLogger(s.logger.Handler(), slog.LevelDebug),
	}
	go func() { _ = scraped.Serve(listener) }()
	s.closers = append(s.closers, func() { _ = scraped.Close() })
	s.logger.Info("serving metrics", "url", "http://"+listener.Addr().String()+"/metrics")
	return nil
}

// told returns what a store tells of its commits: the hub, and whoever counts them.
func (o *observers) told(announce func([]postgres.Change)) func([]postgres.Change) {
	if o.metrics == nil {
		return announce
	}
	return func(changes []postgres.Change) {
		o.metrics.Changed(changes)
		announce(changes)
	}
}

// engineObserver is told of the engine's verbs.
type engineObserver = func(ctx context.Context, verb string) (context.Context, func(error))

// verbs returns what the engine tells of its verbs.
func (o *observers) verbs() engineObserver {
	if o.metrics == nil && o.tracer == nil {
		return nil
	}
	return func(ctx context.Context, verb string) (context.Context, func(error)) {
		var ended func(error)
		if o.tracer != nil {
			ctx, ended = o.tracer.Part(ctx, "engine "+verb)
		}
		return ctx, func(err error) {
			if ended != nil {
				ended(err)
			}
			if o.metrics != nil {
				o.metrics.Verb(verb, err)
			}
		}
	}
}

// requests returns what the front door tells of requests.
func (o *observers) requests() func(*http.Request, string) web.Observation {
	if o.metrics == nil && o.tracer == nil {
		return nil
	}
	return func(r *http.Request, id string) web.Observation {
		seen := web.Observation{Context: r.Context()}
		var ended func(tracing.Answer)
		if o.tracer != nil {
			seen.Context, seen.Trace, ended = o.tracer.Request(r, id)
		}
		seen.Ended = func(a web.Answered) {
			if ended != nil {
				ended(tracing.Answer{
					Method: a.Method, Route: a.Route, Status: a.Status, Operation: a.Operation, Code: a.Code,
				})
			}
			if o.metrics != nil {
				o.metrics.Request(a.Route, a.Method, a.Status, a.Took)
			}
		}
		return seen
	}
}

// answers returns what the GraphQL endpoint tells of answers.
func (o *observers) answers() func(context.Context, graph.Answered) {
	if o.metrics == nil {
		return nil
	}
	return func(_ context.Context, a graph.Answered) { o.metrics.Response(a.Type, a.Code, a.Took) }
}

// signIn counts the failures of websockets to sign in, which have no status. A database that is away is none.
func (o *observers) signIn(
	signIn func(context.Context, ...string) (context.Context, error),
) func(context.Context, ...string) (context.Context, error) {
	if o.metrics == nil {
		return signIn
	}
	return func(ctx context.Context, authorization ...string) (context.Context, error) {
		signed, err := signIn(ctx, authorization...)
		if fault.KindOf(err) == fault.Unauthenticated {
			o.metrics.SignInFailed()
		}
		return signed, err
	}
}

// limited counts the refusals of a bucket.
func (o *observers) limited(bucket string, err error) error {
	if o.metrics != nil {
		o.metrics.Limited(bucket, err)
	}
	return err
}

// models returns what the steps tell of requests to models.
func (o *observers) models() func(context.Context) (context.Context, func(steps.Asked)) {
	if o.metrics == nil && o.tracer == nil {
		return nil
	}
	return func(ctx context.Context) (context.Context, func(steps.Asked)) {
		began := time.Now()
		ended := func(string, string) {}
		if o.tracer != nil {
			ctx, ended = o.tracer.Model(ctx)
		}
		return ctx, func(a steps.Asked) {
			ended(a.Model, a.Outcome)
			if o.metrics != nil {
				o.metrics.Model(a.Model, a.Outcome, time.Since(began))
			}
		}
	}
}

// runs gives each run of a step a trace of its own.
func (o *observers) runs(executors []steps.Executor) []steps.Executor {
	if o.tracer == nil {
		return executors
	}
	traced := make([]steps.Executor, len(executors))
	for i, x := range executors {
		traced[i] = tracedExecutor{x, o.tracer}
	}
	return traced
}

type tracedExecutor struct {
	steps.Executor
	tracer *tracing.Tracer
}

// Run makes one attempt within a span.
func (x tracedExecutor) Run(
	ctx context.Context, who caller.Caller, flow workflow.Workflow, run workflow.Run,
) error {
	ctx, ended := x.tracer.Root(ctx, "run "+string(run.Step))
	err := x.Executor.Run(ctx, who, flow, run)
	ended(err)
	return err
}
