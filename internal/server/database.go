package server

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/infin8content/engine/internal/audit"
	"github.com/infin8content/engine/internal/jobs"
	"github.com/infin8content/engine/internal/metrics"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/migrations"
)

// queueConnections are the connections of River's own pool.
const queueConnections = 6

// pools are the database pools of a server. River and LISTEN need direct connections to PostgreSQL: a pooler that lends
// its connections by transaction loses their notifications.
type pools struct{ requests, direct *pgxpool.Pool }

func (s *Server) connect(ctx context.Context) (p pools, err error) {
	requests := postgres.Connection{URL: s.secrets.DatabaseURL, Connections: s.settings.Connections}
	queue := postgres.Connection{URL: s.secrets.DatabaseURL, Connections: queueConnections}
	if s.secrets.DirectURL != "" {
		queue.URL, requests.Pooled = s.secrets.DirectURL, true
	}
	if p.requests, err = s.open(ctx, "engine", requests); err != nil {
		return pools{}, err
	}
	if p.direct, err = s.open(ctx, "jobs", queue); err != nil {
		return pools{}, err
	}
	return p, nil
}

// open opens a pool with the rights of the server's role. The name is a label of the metrics.
func (s *Server) open(ctx context.Context, name string, c postgres.Connection) (*pgxpool.Pool, error) {
	c.Role = postgres.AppRole
	if s.observers.tracer != nil {
		c.Tracer = s.observers.tracer.Queries()
	}
	pool, err := postgres.Open(ctx, c)
	if err != nil {
		return nil, err
	}
	s.closers = append(s.closers, pool.Close)
	s.observers.pools = append(s.observers.pools, metrics.Pool{Name: name, Stat: pool.Stat})
	return pool, nil
}

// checkDatabase refuses a database that lacks migrations or guards, and a role that may do more than a server's role.
func (s *Server) checkDatabase(ctx context.Context, p pools) error {
	for _, pool := range []*pgxpool.Pool{p.requests, p.direct} {
		if err := postgres.Reach(ctx, pool); err != nil {
			return err
		}
	}
	waiting, err := postgres.Waiting(ctx, p.requests, migrations.Files)
	if err != nil {
		return err
	}
	if len(waiting) > 0 {
		return fmt.Errorf("the database lacks %d migrations, from %s on: run `engine migrate up` as its owner",
			len(waiting), waiting[0].Name)
	}
	trusted := errors.Join(postgres.CheckRole(ctx, p.requests), jobs.Check(ctx, p.requests))
	if s.secrets.DirectURL != "" { // It may have another user, or lead to another database.
		trusted = errors.Join(trusted, postgres.CheckRole(ctx, p.direct), jobs.Check(ctx, p.direct))
	}
	if trusted != nil {
		return trusted
	}
	if err := audit.CheckGuards(ctx, postgres.New(p.requests)); err != nil || s.secrets.DirectURL == "" {
		return err
	}
	return audit.CheckGuards(ctx, postgres.New(p.direct))
}
