package main

import (
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/infin8content/engine/internal/live"
	"github.com/infin8content/engine/internal/postgres"
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
func (s *server) wireEngine(pool, direct *pgxpool.Pool) (err error) {
	store := postgres.New(pool)
	s.live, err = live.New(live.Options{Store: store, Connection: direct.Config().ConnConfig, Logger: s.logger})
	if err != nil {
		return err
	}
	s.closers = append(s.closers, s.live.Close)
	if s.settings.API { // Nobody subscribes to a server that only works: it tells, and need not listen.
		s.parts = append(s.parts, s.live.Run)
	}
	s.engine, err = newEngine(s.settings, store.Telling(s.watch.told(s.live.Announce)), s.logger, s.watch.verbs())
	return err
}
