package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/gqlhttp"
	"github.com/infin8content/engine/internal/jobs"
	"github.com/infin8content/engine/internal/metrics"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/steps"
	"github.com/infin8content/engine/internal/tracing"
	"github.com/infin8content/engine/internal/web"
	"github.com/infin8content/engine/internal/workflow"
)

// observers are the metrics and the traces of a server, each nil unless a setting asks for it. The methods return nil
// where neither needs a call.
type observers struct {
	metrics *metrics.Metrics
	tracer  *tracing.Tracer
	pools   []metrics.Pool
}

// observe prepares the metrics and traces that the settings ask for.
func (s *Server) observe(ctx context.Context) (err error) {
	if s.settings.MetricsListen != "" || s.settings.AdminListen != "" {
		s.observers.metrics = metrics.New(s.version)
	}
	if s.settings.TracesEndpoint != "" {
		s.observers.tracer, err = tracing.New(ctx, tracing.Options{Endpoint: s.settings.TracesEndpoint, Logger: s.logger})
		if err != nil {
			return fmt.Errorf("--traces-endpoint: %w", err)
		}
		s.closers = append(s.closers, s.observers.tracer.Close)
	}
	return nil
}

// serveMetrics serves the metrics, and the probes, on addresses of their own, if a setting asks for it. They are served
// until the server is closed, also while it drains.
func (s *Server) serveMetrics(pool *pgxpool.Pool) error {
	m := s.observers.metrics
	if m == nil {
		return nil
	}
	m.Pools(s.observers.pools...)
	s.fairness.observe(m, s.clients)
	m.Live(s.live.Subscriptions, s.live.Resyncs)
	m.Unknown(postgres.New(pool).CountUnknown)
	m.Queue(func(ctx context.Context) (metrics.Backlog, error) {
		waiting, oldest, err := jobs.Waiting(ctx, pool)
		return metrics.Backlog{Jobs: waiting, Oldest: oldest}, err
	})
	if s.settings.MetricsListen != "" {
		routes := http.NewServeMux()
		routes.Handle("GET /metrics", m.Handler())
		address, err := s.serveAside(s.settings.MetricsListen, routes)
		if err != nil {
			return err
		}
		s.logger.Info("serving metrics", "url", "http://"+address+"/metrics")
	}
	if s.settings.AdminListen == "" {
		return nil
	}
	routes := http.NewServeMux()
	routes.Handle("GET /metrics", m.Handler())
	routes.Handle("/", web.Probes(s.ready(s.store(pool))))
	address, err := s.serveAside(s.settings.AdminListen, routes)
	if err != nil {
		return err
	}
	s.logger.Info("serving probes and metrics", "url", "http://"+address)
	return nil
}

// serveAside serves routes on an address of their own until the server is closed. The limits of the API do not count
// there.
func (s *Server) serveAside(on string, routes http.Handler) (address string, err error) {
	listener, err := net.Listen("tcp", on)
	if err != nil {
		return "", fmt.Errorf("listen on %s: %w", on, err)
	}
	scraped := &http.Server{
		Handler:           routes,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       5 * time.Second,
		WriteTimeout:      15 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(s.logger.Handler(), slog.LevelDebug),
	}
	go func() { _ = scraped.Serve(listener) }()
	s.closers = append(s.closers, func() { _ = scraped.Close() })
	return listener.Addr().String(), nil
}

// ready returns the check of /readyz. Its statement may take a reserved connection.
func (s *Server) ready(store *postgres.Store) func(context.Context) error {
	return func(ctx context.Context) error {
		if s.draining.Load() {
			return errors.New("the server is stopping")
		}
		return store.Ping(within(ctx, place{key: probing, urgent: true, internal: true}))
	}
}

// committed returns the function that a store calls after each commit: it counts the changes and announces them.
func (o *observers) committed(announce func([]postgres.Change)) func([]postgres.Change) {
	if o.metrics == nil {
		return announce
	}
	return func(changes []postgres.Change) {
		o.metrics.Changed(changes)
		announce(changes)
	}
}

// engineObserver observes the beginning and the end of a verb of the engine.
type engineObserver = func(ctx context.Context, verb string) (context.Context, func(error))

// verbs observes the verbs of the engine.
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

// requests observes HTTP requests.
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
		seen.Ended = func(a web.Outcome) {
			if ended != nil {
				ended(tracing.Answer{
					Method:    a.Method,
					Route:     a.Route,
					Status:    a.Status,
					Operation: a.Operation,
					Code:      a.Code,
				})
			}
			if o.metrics != nil {
				o.metrics.Request(a.Route, a.Method, a.Status, a.Took)
			}
		}
		return seen
	}
}

// answers observes the answers of the GraphQL endpoint.
func (o *observers) answers() func(context.Context, gqlhttp.Outcome) {
	if o.metrics == nil {
		return nil
	}
	return func(_ context.Context, a gqlhttp.Outcome) { o.metrics.Response(a.Type, a.Code, a.Took) }
}

// signIn counts failed sign-ins of websockets, which have no HTTP status. An unavailable database is not a failure.
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

// limited counts the refusals of a bucket and returns the error.
func (o *observers) limited(bucket string, err error) error {
	if o.metrics != nil {
		o.metrics.Limited(bucket, err)
	}
	return err
}

// models observes the requests of steps to models.
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

// runs wraps executors so that each run of a step has a trace of its own.
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

// units wraps the executors of units, so that each attempt has a span.
func (o *observers) units(executors []steps.UnitExecutor) []steps.UnitExecutor {
	if o.tracer == nil {
		return executors
	}
	traced := make([]steps.UnitExecutor, len(executors))
	for i, x := range executors {
		traced[i] = tracedUnits{x, o.tracer}
	}
	return traced
}

type tracedUnits struct {
	steps.UnitExecutor
	tracer *tracing.Tracer
}

// RunUnit makes one attempt within a span.
func (x tracedUnits) RunUnit(
	ctx context.Context, who caller.Caller, flow workflow.Workflow, unit workflow.Unit,
) error {
	ctx, ended := x.tracer.Root(ctx, "unit "+string(unit.Step))
	err := x.UnitExecutor.RunUnit(ctx, who, flow, unit)
	ended(err)
	return err
}
