package server

import (
	"context"
	"errors"
	"time"

	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/web"
)

// databasePause is the time between two attempts to reach a database that is down.
const databasePause = 500 * time.Millisecond

// errNoDatabase is why a server that waits for its database is not ready.
var errNoDatabase = errors.New("the database is not there yet")

// await waits until PostgreSQL accepts connections, for at most --database-wait. It serves the probes meanwhile:
// /healthz answers, and /readyz is 503. An error that waiting cannot cure ends it.
func (s *Server) await(ctx context.Context, p pools) error {
	err := postgres.Reach(ctx, p.requests)
	if err == nil || s.settings.DatabaseWait <= 0 || !postgres.MayComeBack(err) {
		return err
	}
	s.logger.Warn("PostgreSQL does not accept connections; waiting", "longest", s.settings.DatabaseWait.String(),
		"error", err.Error())
	stop, failed := s.serveWaiting()
	defer stop()
	if failed != nil {
		return failed
	}
	ctx, cancel := context.WithTimeout(ctx, s.settings.DatabaseWait)
	defer cancel()
	ticker := time.NewTicker(databasePause)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return err
		case <-ticker.C:
		}
		tried := postgres.Reach(ctx, p.requests)
		if tried == nil {
			s.logger.Info("PostgreSQL accepts connections")
			return nil
		}
		if ctx.Err() == nil {
			err = tried
		}
		if !postgres.MayComeBack(err) {
			return err
		}
	}
}

// serveWaiting serves the probes on the addresses on which the server serves them later. With TLS the API's address
// stays closed.
func (s *Server) serveWaiting() (stop func(), err error) {
	var addresses []string
	if s.settings.API && s.settings.TLSCert == "" {
		addresses = append(addresses, s.settings.Listen)
	}
	if s.settings.AdminListen != "" {
		addresses = append(addresses, s.settings.AdminListen)
	}
	before := len(s.closers)
	stop = func() {
		for _, closer := range s.closers[before:] {
			closer()
		}
		s.closers = s.closers[:before]
	}
	probes := web.Probes(func(context.Context) error { return errNoDatabase })
	for _, on := range addresses {
		address, err := s.serveAside(on, probes)
		if err != nil {
			return stop, err
		}
		s.logger.Info("serving probes while waiting", "url", "http://"+address)
	}
	return stop, nil
}
