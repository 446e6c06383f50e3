//go:build unix

package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"sync"
	"syscall"
	"time"
)

const (
	superuser = "postgres"

	// port only names the socket file. Each server has a socket folder of its own, so the number never clashes.
	port = "5432"

	// startPatience bounds the wait for a server that replays its log after a crash.
	startPatience = time.Minute
)

// Server is a running PostgreSQL that belongs to this process.
type Server struct {
	home       *home
	postmaster *postmaster
	logger     *slog.Logger

	once sync.Once
	err  error
}

// Start finds PostgreSQL, prepares the data folder when it is new, starts the server and returns when it accepts
// connections. The context bounds the start, not the life of the server.
//
// The server ends with Stop, and also when this process ends without it: killed, crashed or out of os.Exit. Start first
// cleans up after an earlier process in the folder. While another living process owns the folder, Start
// fails and names that process.
//
// Started as root, the server runs as the owner of the data, or for new data as the user `postgres`, else `nobody`. A
// folder which that user cannot reach is replaced by one in the system's temporary folder, and the log says so.
func Start(ctx context.Context, o Options) (*Server, error) {
	s := usualSearch()
	if o.Programs != "" {
		s = search{path: o.Programs, download: download{cache: func(account) (string, error) {
			return "", errors.New("the folder of the programs is given")
		}}}
	}
	return start(ctx, o, s)
}

func start(ctx context.Context, o Options, s search) (*Server, error) {
	h, err := openHome(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("embedded PostgreSQL: %w", err)
	}
	p, err := h.start(ctx, o, s)
	if err != nil {
		h.close()
		return nil, fmt.Errorf("embedded PostgreSQL in %s: %w", h.folder, err)
	}
	server := &Server{home: h, postmaster: p, logger: o.logger()}
	go server.watch()
	return server, nil
}

func (h *home) start(ctx context.Context, o Options, s search) (*postmaster, error) {
	if err := h.clearLeftOver(); err != nil {
		return nil, err
	}
	major, err := h.major()
	if err != nil {
		return nil, err
	}
	i, err := s.find(ctx, wanted{runner: h.runner, major: major, logger: o.logger()})
	if err != nil {
		return nil, err
	}
	if major == 0 {
		if err := h.begin(ctx, i, o.ReplicaOf); err != nil {
			return nil, err
		}
	}
	if err := h.makeSocketFolder(); err != nil {
		return nil, err
	}
	return h.launch(ctx, i, o.Settings)
}

// URL is the address of a database of this server for its superuser, in the form that pgx, psql and libpq read. It
// leads through a Unix socket in a folder that only the server's user and the owner of this process may enter.
func (s *Server) URL(database string) string {
	address := url.URL{
		Scheme:   "postgres",
		User:     url.User(superuser),
		Path:     "/" + database,
		RawQuery: url.Values{"host": {s.home.socket}, "port": {port}}.Encode(),
	}
	return address.String()
}

// Stop ends the server and returns when it has ended: open sessions are closed, and what was committed is kept unless
// the server is ephemeral, which leaves nothing. Calling it again returns the first answer.
func (s *Server) Stop() error {
	s.once.Do(func() {
		s.err = s.postmaster.stop(s.home.firstSignal())
		s.home.close()
	})
	return s.err
}

// Kill ends the server as a crash does: at once and with nothing written down that was not. It is for tests of
// what happens then; Stop need not be called any more.
func (s *Server) Kill() error {
	s.once.Do(func() {
		s.err = s.postmaster.stop(syscall.SIGKILL)
		s.home.close()
	})
	return s.err
}

// watch logs when the server ends without a call of Stop.
func (s *Server) watch() {
	<-s.postmaster.done
	if s.postmaster.unexpected {
		s.logger.Error("PostgreSQL has ended by itself", "state", s.postmaster.state, "log", s.home.log())
	}
}
