//go:build !unix

package embedded

import (
	"context"
	"errors"
)

// Server is a running PostgreSQL. There is none on this operating system.
type Server struct{}

// Start always fails here: running PostgreSQL as a child rests on Unix sockets, users and locks.
func Start(context.Context, Options) (*Server, error) {
	return nil, errors.New("an embedded PostgreSQL needs a Unix system: set DATABASE_URL to a running server instead")
}

// URL is empty: there is no server.
func (s *Server) URL(string) string { return "" }

// Stop does nothing: there is no server.
func (s *Server) Stop() error { return nil }

// Kill ends the server as a crash does.
func (s *Server) Kill() error { return nil }
