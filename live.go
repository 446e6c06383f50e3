package main

import (
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/infin8content/engine/internal/live"
	"github.com/infin8content/engine/internal/postgres"
)

// wireEngine adds the engine, and the hub that its store tells of every commit: for the subscribers of this server, and
// for the hubs of others.
func (s *server) wireEngine(pool *pgxpool.Pool) (err error) {
	store := postgres.New(pool)
	s.live, err = live.New(live.Options{Store: store, Connection: pool.Config().ConnConfig, Logger: s.logger})
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
