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
	url, through := p.secrets.databaseURL, postgres.Connect
	if p.secrets.directURL != "" {
		url, through = p.secrets.directURL, postgres.ConnectThrough
	}
	if pool, err = through(p.ctx, p.secrets.databaseURL, postgres.AppRole, s.settings.Connections); err != nil {
		return nil, nil, err
	}
	s.closers = append(s.closers, pool.Close)
	if direct, err = postgres.Connect(p.ctx, url, postgres.AppRole, queueConnections); err != nil {
		return nil, nil, err
	}
	s.closers = append(s.closers, direct.Close)
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
	s.engine, err = newEngine(s.settings, store.Telling(s.live.Announce), s.logger)
	return err
}
