package server

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/infin8content/engine/internal/web"
)

// listen takes the port and reads the certificate now, so that a fault of either stops the start.
func (s *Server) listen(proxies web.Proxies) error {
	o := s.settings.ListenerSettings
	s.api = &http.Server{
		Handler:           s.handler,
		ReadHeaderTimeout: o.ReadHeaderTime,
		ReadTimeout:       o.ReadTime,
		WriteTimeout:      o.WriteTime,
		IdleTimeout:       o.IdleTime,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(s.logger.Handler(), slog.LevelDebug),
		HTTP2:             &http.HTTP2Config{MaxConcurrentStreams: 100},
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
	limited := web.LimitConnections(listener, web.ConnectionLimits{
		Most:       o.MaxConnections,
		PerAddress: o.MaxOfAddress,
		Unknown:    o.MaxUnknown,
		Proxies:    proxies,
	})
	s.listener, s.api.ConnState, s.api.ConnContext = limited, limited.Watch, limited.Context
	s.clients = limited
	s.parts = append(s.parts, s.serveAPI)
	return nil
}

// serveAPI answers requests until the context ends, and then finishes those that have begun.
func (s *Server) serveAPI(ctx context.Context) error {
	ended := make(chan error, 1)
	go func() {
		if s.api.TLSConfig != nil {
			ended <- s.api.ServeTLS(s.listener, "", "")
		} else {
			ended <- s.api.Serve(s.listener)
		}
	}()
	s.logger.Info("listening", "url", s.URL())
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

// URL returns the address of the API.
func (s *Server) URL() string {
	if s.settings.TLSCert != "" {
		return "https://" + s.listener.Addr().String()
	}
	return "http://" + s.listener.Addr().String()
}
