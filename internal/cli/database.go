package cli

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/jobs"
	"github.com/infin8content/engine/internal/live"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/steps"
)

// queueConnections are River's own.
const queueConnections = 6

// connect opens the pool of the requests, and the one of those who must speak to the server itself: River, and who
// listens. A pooler that lends its connections by transaction would lose their notifications.
func (s *server) connect(p *program) (pool, direct *pgxpool.Pool, err error) {
	requests := postgres.Connection{URL: p.secrets.databaseURL, Connections: s.settings.Connections}
	queue := postgres.Connection{URL: p.secrets.databaseURL, Connections: queueConnections}
	if p.secrets.directURL != "" {
		queue.URL, requests.Pooled = p.secrets.directURL, true
	}
	if pool, err = s.open(p.ctx, "engine", requests); err != nil {
		return nil, nil, err
	}
	if direct, err = s.open(p.ctx, "jobs", queue); err != nil {
		return nil, nil, err
	}
	return pool, direct, nil
}

// wireEngine adds the engine, and the hub that its store tells of every commit: for the subscribers of this server, and
// for the hubs of others.
func (s *server) wireEngine(pool, direct *pgxpool.Pool, secret secrets) (err error) {
	store := postgres.New(pool)
	s.live, err = live.New(live.Options{Store: store, Connection: direct.Config().ConnConfig, Logger: s.logger})
	if err != nil {
		return err
	}
	s.closers = append(s.closers, s.live.Close)
	if s.settings.API { // Nobody subscribes to a server that only works: it tells, and need not listen.
		s.parts = append(s.parts, s.live.Run)
	}
	s.engine, err = newEngine(s.settings, store.Telling(s.watch.told(s.live.Announce)), s.logger, engineParts{
		observe: s.watch.verbs(), webhook: s.settings.webhook(secret.webhookKey),
	})
	return err
}

// engineParts are what only a server gives its engine.
type engineParts struct {
	observe engineObserver
	webhook engine.Webhook
}

// newEngine wires the engine to a store.
func newEngine(
	o settings, store *postgres.Store, logger *slog.Logger, parts engineParts,
) (*engine.Engine, error) {
	workflowLimit, err := cost.ParseUSD(o.WorkflowLimit)
	if err != nil {
		return nil, fmt.Errorf("--workflow-limit: %w", err)
	}
	monthLimit, err := cost.ParseUSD(o.MonthLimit)
	if err != nil {
		return nil, fmt.Errorf("--month-limit: %w", err)
	}
	enqueuer, err := jobs.NewEnqueuer(logger, time.Now)
	if err != nil {
		return nil, err
	}
	return engine.New(engine.Options{
		Store: store, Jobs: enqueuer, Drives: steps.Keys(), WorkflowLimit: workflowLimit, MonthLimit: monthLimit,
		Lease: o.Lease, Observe: parts.observe, Webhook: parts.webhook,
	})
}
