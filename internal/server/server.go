// Package server wires a running engine together from its settings: database pools, engine, workers, API, metrics and
// traces. It refuses to start with settings, migrations or database roles that it cannot trust.
package server

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/infin8content/engine/graph"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/live"
	"github.com/infin8content/engine/internal/web"
)

// Options are what a server needs.
type Options struct {
	Settings Settings
	Secrets  Secrets
	Logger   *slog.Logger
	// Version is the version of a release; "" for any other build.
	Version string
}

// Server is a running engine with everything that it uses.
type Server struct {
	settings Settings
	secrets  Secrets
	logger   *slog.Logger
	version  string
	engine   *engine.Engine
	live     *live.Hub
	closers  []func()
	handler  http.Handler
	api      *http.Server // nil without the API, like the listener
	listener net.Listener
	clients  *web.Connections
	// parts run side by side until the context ends. One that fails ends all.
	parts     []func(context.Context) error
	draining  atomic.Bool
	auth      *web.Authenticator
	observers observers
	fairness  fairness
	// sandboxSite is the address of the sandbox's WordPress site.
	sandboxSite string
	books       sandboxes
}

// New wires a server together and checks that it may start. Its port is taken, but nothing runs yet except the sandbox.
// The caller must close it.
func New(ctx context.Context, o Options) (*Server, error) {
	o.Settings.AccessSettings.fill(accessMembers)
	s := &Server{settings: o.Settings, secrets: o.Secrets, logger: o.Logger, version: o.Version}
	if err := s.wire(ctx); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Server) wire(ctx context.Context) error {
	if err := s.settings.check(s.secrets); err != nil {
		return err
	}
	s.logger.Info("starting", slog.Group("settings", s.settings.attributes()...))
	if err := s.observe(ctx); err != nil {
		return err
	}
	s.fairness = s.settings.fairness()
	pools, err := s.connect(ctx)
	if err != nil {
		return err
	}
	if err := s.await(ctx, pools); err != nil {
		return err
	}
	if err := s.checkDatabase(ctx, pools); err != nil {
		return err
	}
	if err := s.wireEngine(pools); err != nil {
		return err
	}
	if err := s.engine.Check(ctx, graph.States()); err != nil {
		return err
	}
	if s.settings.Workers {
		if err := s.wireWorkers(pools); err != nil {
			return err
		}
	}
	if s.settings.API {
		if err := s.wireAPI(ctx, s.store(pools.requests)); err != nil {
			return err
		}
	}
	return s.serveMetrics(pools.requests)
}

// Run runs all parts until the context ends or one of them fails.
func (s *Server) Run(ctx context.Context) error {
	group, ctx := errgroup.WithContext(ctx)
	for _, part := range s.parts {
		group.Go(func() error { return part(ctx) })
	}
	err := group.Wait()
	s.logger.Info("stopped")
	return err
}

// Close releases everything that New has opened, the last first.
func (s *Server) Close() {
	for i := len(s.closers) - 1; i >= 0; i-- {
		s.closers[i]()
	}
	s.closers = nil
}
