// Package cli is the command line of the engine: one binary that serves the API, works on the steps, migrates and
// verifies the database, and demonstrates itself.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/alecthomas/kong"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"github.com/infin8content/engine/graph"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/jobs"
	"github.com/infin8content/engine/internal/live"
	"github.com/infin8content/engine/internal/llm"
	"github.com/infin8content/engine/internal/llm/sandbox"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/steps"
	"github.com/infin8content/engine/internal/web"
	"github.com/infin8content/engine/migrations"
)

// description is what --help begins with. Secrets have no flags, since a command line can be read by others.
const description = `The Infin8Content engine: a GraphQL backend that runs AI content workflows.

Secrets come from the environment only:
  DATABASE_URL         PostgreSQL 15 or later (all commands but demo, graph and token)
  DATABASE_DIRECT_URL  the same without the pooler, when DATABASE_URL leads through one that lends by transaction
  AUTH_SECRET          signs the callers' tokens, at least 32 bytes (serve without --issuer, token)
  OPENROUTER_API_KEY   pays for the models (serve, demo); without it serve needs --sandbox
  OPENROUTER_MANAGEMENT_KEY   sees what was charged (reconcile)
  WEBHOOK_SECRET       signs the alerts that are sent, at least 32 bytes (serve, demo); without it serve sends none`

// secrets are what never stands on a command line or in a log.
type secrets struct {
	databaseURL, directURL, authSecret, providerKey, managementKey, webhookKey string
}

func secretsFrom(environment func(string) string) secrets {
	return secrets{
		databaseURL: environment("DATABASE_URL"), directURL: environment("DATABASE_DIRECT_URL"),
		authSecret:  environment("AUTH_SECRET"),
		providerKey: environment("OPENROUTER_API_KEY"), managementKey: environment("OPENROUTER_MANAGEMENT_KEY"),
		webhookKey: environment("WEBHOOK_SECRET"),
	}
}

// commands are what the program can do.
type commands struct {
	Demo    demoCommand    `cmd:"" help:"Show the engine at work on an embedded PostgreSQL, then go on serving the playground."`
	Serve   serveCommand   `cmd:"" help:"Serve the API and work on the steps."`
	Migrate migrateCommand `cmd:"" help:"Bring the database up to date, or say how far it is."`
	Verify  verifyCommand  `cmd:"" help:"Recompute both journals and all balances; silent when everything fits."`
	Export  exportCommand  `cmd:"" help:"Print an organization's journal or ledger, in a form that can be verified."`
	Graph   graphCommand   `cmd:"" help:"Print the state machine."`
	Token   tokenCommand   `cmd:"" help:"Print a signed development token."`
	Prices  pricesCommand  `cmd:"" help:"Keep the prices that every organization pays by."`
	Keys    keysCommand    `cmd:"" help:"Keep the API keys that programs sign in with."`

	Alerts    alertsCommand    `cmd:"" help:"List what the operator should hear of."`
	Reconcile reconcileCommand `cmd:"" help:"Compare the ledger with the provider's own figures, by day and model."`
}

// program is what commands are given: the outside world.
type program struct {
	ctx            context.Context
	stdout, stderr io.Writer
	secrets        secrets
	logger         *slog.Logger
}

// Run carries out one command and returns the exit status: 0 when it did what was asked, 1 when it could not, 2 when
// the command line makes no sense.
func Run(ctx context.Context, args []string, environment func(string) string, stdout, stderr io.Writer) int {
	var c commands
	exit := -1
	parser, err := kong.New(&c, kong.Name("engine"), kong.Description(description), kong.Writers(stdout, stderr),
		kong.DefaultEnvars("INFIN8"),
		kong.Vars{
			"provider": "Base URL of the model provider, or of any gateway with the same API.", "traces": tracesHelp,
		},
		kong.Exit(func(code int) { exit = code }))
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 2
	}
	chosen, err := parser.Parse(args)
	if exit >= 0 { // --help has been printed.
		return exit
	}
	if err != nil {
		fmt.Fprintf(stderr, "engine: %v\n", err)
		return 2
	}
	p := &program{
		ctx: ctx, stdout: stdout, stderr: stderr, secrets: secretsFrom(environment),
		logger: slog.New(slog.NewJSONHandler(stderr, nil)),
	}
	if err := chosen.Run(p); err != nil {
		fmt.Fprintf(stderr, "engine: %v\n", err)
		return 1
	}
	return 0
}

type serveCommand struct {
	settings `embed:""`
}

// Run serves until the context ends.
func (c *serveCommand) Run(p *program) error {
	if c.GCPercent < 10 {
		return errors.New("--gc-percent must be at least 10")
	}
	// Go's own 100 spends a tenth of the processor on a heap of a few megabytes. GOMEMLIMIT bounds it all the same.
	debug.SetGCPercent(c.GCPercent)
	boundMemory()
	s, err := newServer(p, c.settings)
	if err != nil {
		return err
	}
	defer s.close()
	return s.run(p.ctx)
}

// server is a running engine with all that it is wired to.
type server struct {
	settings settings
	logger   *slog.Logger
	engine   *engine.Engine
	live     *live.Hub
	closers  []func()
	handler  http.Handler
	api      *http.Server // nil without the API, as is the listener
	listener net.Listener
	// parts run side by side until the context ends; one that fails ends all.
	parts    []func(context.Context) error
	draining atomic.Bool
	auth     *web.Authenticator
	watch    observers
}

// newServer wires a server together and proves that it may start; nothing runs yet but the sandbox.
func newServer(p *program, o settings) (*server, error) {
	o.audienceSettings.orElse(admins)
	s := &server{settings: o, logger: p.logger}
	if err := s.wire(p); err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

func (s *server) wire(p *program) error {
	if err := s.check(p.secrets); err != nil {
		return err
	}
	s.logSettings()
	if err := s.observe(p); err != nil {
		return err
	}
	pool, direct, err := s.connect(p)
	if err != nil {
		return err
	}
	waiting, err := postgres.Waiting(p.ctx, pool, migrations.Files)
	if err != nil {
		return err
	}
	if len(waiting) > 0 {
		return fmt.Errorf("the database lacks %d migrations, from %s on: run `engine migrate up` as its owner",
			len(waiting), waiting[0].Name)
	}
	trusted := errors.Join(postgres.CheckRole(p.ctx, pool), jobs.Check(p.ctx, pool))
	if p.secrets.directURL != "" { // Another way, which may be another user's, or lead elsewhere.
		trusted = errors.Join(trusted, postgres.CheckRole(p.ctx, direct), jobs.Check(p.ctx, direct))
	}
	if trusted != nil {
		return trusted
	}
	if err := s.wireEngine(pool, direct, p.secrets); err != nil {
		return err
	}
	if err := s.engine.Check(p.ctx, graph.States()); err != nil {
		return err
	}
	if s.settings.Workers {
		if err := s.wireWorkers(p, direct); err != nil {
			return err
		}
	}
	if s.settings.API {
		if err := s.wireAPI(p, postgres.New(pool)); err != nil {
			return err
		}
	}
	return s.serveMetrics(pool)
}

// check refuses settings that cannot work, all faults at once.
func (s *server) check(secret secrets) error {
	var faults []error
	if secret.databaseURL == "" {
		faults = append(faults, errors.New("DATABASE_URL is not set"))
	}
	if s.settings.Workers && secret.providerKey == "" && !s.settings.Sandbox {
		faults = append(faults, errors.New("there is no model provider: set OPENROUTER_API_KEY, or use --sandbox for "+
			"synthetic answers, or --workers=false to leave the steps to other servers"))
	}
	if !s.settings.API && !s.settings.Workers {
		faults = append(faults, errors.New("there is nothing to do with --api=false and --workers=false"))
	}
	for _, origin := range s.settings.Origins {
		faults = append(faults, web.CheckOrigin(origin))
	}
	faults = append(faults, s.settings.operationSettings.check(), s.settings.doorSettings.check(),
		s.settings.audienceSettings.check(), secret.checkKey())
	if s.settings.Heartbeat*2 > s.settings.Lease {
		faults = append(faults, errors.New("the lease must be at least two heartbeats long"))
	}
	return errors.Join(faults...)
}

// wireWorkers adds the River runner, the sweepers and, when asked for, the sandbox.
func (s *server) wireWorkers(p *program, pool *pgxpool.Pool) error {
	gateway, err := s.gateway(p.secrets)
	if err != nil {
		return err
	}
	sender := s.settings.sender(p.secrets.webhookKey)
	runner, err := jobs.NewRunner(jobs.Options{
		Pool: pool, Engine: s.engine, Workers: s.settings.WorkerCount, Name: jobs.NewName(), Logger: s.logger,
		Webhooks: sender,
		Executors: s.watch.runs(steps.New(steps.Options{
			Engine: s.engine, Gateway: gateway, Limit: s.settings.AttemptLimit, Now: time.Now, Logger: s.logger,
			Observe: s.watch.models(),
		})),
		Watch: s.settings.Watch, Heartbeat: s.settings.Heartbeat, Lease: s.settings.Lease,
	})
	if err != nil {
		return err
	}
	sweeper := &jobs.Sweeper{
		Engine: s.engine, Ask: gateway.Ask, Alerts: sender != nil, Runs: s.settings.Sweep, Logger: s.logger,
	}
	s.parts = append(s.parts, runner.Run, sweeper.Run)
	return nil
}

// gateway is the way to the models: the provider, or the sandbox on a port of its own.
func (s *server) gateway(secret secrets) (steps.Gateway, error) {
	url, key, name := s.settings.ProviderURL, secret.providerKey, "openrouter"
	if s.settings.Sandbox {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return steps.Gateway{}, fmt.Errorf("listen for the sandbox: %w", err)
		}
		synthetic := &http.Server{
			Handler:           sandbox.New(sandbox.Options{Prices: cost.StartPrices(), Logger: s.logger}),
			ReadHeaderTimeout: 5 * time.Second,
		}
		go func() { _ = synthetic.Serve(listener) }()
		s.closers = append(s.closers, func() { _ = synthetic.Close() })
		url, key, name = "http://"+listener.Addr().String(), "sandbox", sandbox.Provider
		s.logger.Warn("answers are synthetic: the sandbox stands in for the model provider", "url", url)
	}
	client, err := llm.New(llm.Options{BaseURL: url, Key: key, Title: "Infin8Content"})
	if err != nil {
		return steps.Gateway{}, fmt.Errorf("the model provider: %w", err)
	}
	s.closers = append(s.closers, client.Close)
	return steps.Gateway{Client: client, Name: name}, nil
}

// wireAPI adds the front door. It listens already, so that a taken port stops the start.
func (s *server) wireAPI(p *program, store *postgres.Store) error {
	entrance, err := s.entrance(p, store)
	if err != nil {
		return err
	}
	proxies, err := web.ParseProxies(s.settings.TrustedProxies)
	if err != nil {
		return fmt.Errorf("--trusted-proxies: %w", err)
	}
	documents, err := s.settings.documents()
	if err != nil {
		return err
	}
	s.handler = web.New(web.Options{
		GraphQL: graph.NewHandler(graph.Options{
			Schema:  graph.NewSchema(&graph.Resolver{Engine: s.engine, Live: s.live, Report: web.Annotate}),
			Stopped: s.live.Stopped(), Revoked: s.engine.KeyOver,
			Logger: s.logger, RequestID: web.RequestID, Report: web.Annotate,
			SignIn: s.watch.signIn(entrance.SignIn), Spend: s.spend(store),
			Observe: s.watch.answers(),
			Limits:  s.settings.limits(), Documents: documents, FinerStatus: s.settings.FinerStatus,
			Describe: s.settings.describe,
		}),
		Entrance: entrance, Proxies: proxies, Export: exporter{s.engine}.export,
		Observe: s.watch.requests(),
		Origins: s.settings.Origins, Logger: s.logger, MaxBodyBytes: s.settings.MaxBodyBytes,
		Playground: s.settings.page(s.settings.Sandbox),
		Ready: func(ctx context.Context) error {
			if s.draining.Load() {
				return errors.New("the server is stopping")
			}
			return store.Ping(ctx)
		},
	})
	return s.listen()
}

// run runs all parts until the context ends or one of them fails.
func (s *server) run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, part := range s.parts {
		group.Go(func() error { return part(ctx) })
	}
	err := group.Wait()
	s.logger.Info("stopped")
	return err
}

// close gives back what was opened, the last first.
func (s *server) close() {
	for i := len(s.closers) - 1; i >= 0; i-- {
		s.closers[i]()
	}
	s.closers = nil
}
