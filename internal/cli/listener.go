package cli

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/infin8content/engine/internal/web"
)

// doorSettings are the knobs for connections to the API.
type doorSettings struct {
	TLSCert        string        `name:"tls-cert" help:"File with the server's certificate and its chain, in PEM."`
	TLSKey         string        `name:"tls-key" help:"File with the key of the certificate."`
	MaxConnections int           `default:"4000" help:"Connections that may be open at once."`
	ReadHeaderTime time.Duration `default:"5s" help:"How long a client may take to send the head of a request."`
	ReadTime       time.Duration `default:"15s" help:"How long a client may take to send a whole request."`
	WriteTime      time.Duration `default:"30s" help:"How long it may take until a request is answered and read."`
	IdleTime       time.Duration `default:"2m" help:"How long a connection may wait for the next request."`
}

// memoryGoal is where the heap is collected more often rather than grow: what attackers make of all connections that
// there may be stays below 300 MB.
const memoryGoal = 220 << 20

// boundMemory sets the goal, unless GOMEMLIMIT does.
func boundMemory() {
	if debug.SetMemoryLimit(-1) == math.MaxInt64 {
		debug.SetMemoryLimit(memoryGoal)
	}
}

// check returns nil when the settings can be worked with.
func (o doorSettings) check() error {
	var faults []error
	if (o.TLSCert == "") != (o.TLSKey == "") {
		faults = append(faults, errors.New("--tls-cert and --tls-key need each other"))
	}
	if o.MaxConnections < 1 {
		faults = append(faults, errors.New("--max-connections must be at least 1"))
	}
	if min(o.ReadHeaderTime, o.ReadTime, o.WriteTime, o.IdleTime) <= 0 {
		faults = append(faults, errors.New("clients must have some time, and not for ever"))
	}
	return errors.Join(faults...)
}

// listen opens the door, so that a taken port or a certificate that cannot be read stops the start.
func (s *server) listen() error {
	o := s.settings.doorSettings
	s.api = &http.Server{
		Handler: s.handler, ReadHeaderTimeout: o.ReadHeaderTime, ReadTimeout: o.ReadTime, WriteTimeout: o.WriteTime,
		IdleTimeout: o.IdleTime, MaxHeaderBytes: 32 << 10,
		ErrorLog: slog.NewLogLogger(s.logger.Handler(), slog.LevelDebug),
		HTTP2:    &http.HTTP2Config{MaxConcurrentStreams: 100},
	}
	if o.TLSCert != "" {
		certificate, err := web.LoadCertificate(o.TLSCert, o.TLSKey, s.logger)
		if err != nil {
			return fmt.Errorf("--tls-cert, --tls-key: %w", err)
		}
		s.api.TLSConfig = certificate.Config()
	}
	listener, err := net.Listen("tcp", s.settings.Listen)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", s.settings.Listen, err)
	}
	limited := web.LimitConnections(listener, o.MaxConnections)
	s.listener, s.api.ConnState = limited, limited.Watch
	s.parts = append(s.parts, s.serveAPI)
	return nil
}

// serveAPI answers until the context ends, and then finishes what it has begun.
func (s *server) serveAPI(ctx context.Context) error {
	ended := make(chan error, 1)
	go func() {
		if s.api.TLSConfig != nil {
			ended <- s.api.ServeTLS(s.listener, "", "")
		} else {
			ended <- s.api.Serve(s.listener)
		}
	}()
	s.logger.Info("listening", "url", s.url())
	select {
	case err := <-ended:
		return fmt.Errorf("serve the API: %w", err)
	case <-ctx.Done():
	}
	s.draining.Store(true)
	select {
	case err := <-ended:
		return fmt.Errorf("serve the API: %w", err)
	case <-time.After(s.settings.Drain):
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.settings.Shutdown)
	defer cancel()
	if err := s.api.Shutdown(grace); err != nil {
		return fmt.Errorf("finish the last requests: %w", err)
	}
	return nil
}

func (s *server) url() string {
	if s.settings.TLSCert != "" {
		return "https://" + s.listener.Addr().String()
	}
	return "http://" + s.listener.Addr().String()
}
