// Package sandbox serves synthetic websites under *.example inside the process, for the demo and for tests. No request
// leaves the process. A site is written from the words of its own domain, the same for each request, and every page
// says that it is synthetic. Some hosts are traps: they behave as hostile or broken websites do.
//
// It never passes for a real website: no domain under .example can be registered (RFC 2606).
package sandbox

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Domain is the top-level domain of the sites.
const Domain = ".example"

// Sites serves the websites. Close ends it.
type Sites struct {
	server   *http.Server
	listener *pipeListener
	requests atomic.Int64
	healed   sync.Map // hosts of traps that are ordinary websites from now on
}

// New starts the sites.
func New() *Sites {
	s := &Sites{listener: &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}}
	s.server = &http.Server{Handler: s, ReadHeaderTimeout: time.Minute}
	go func() { _ = s.server.Serve(s.listener) }()
	return s
}

// Close ends the sites and their connections.
func (s *Sites) Close() error { return s.server.Close() }

// Requests is the number of requests so far.
func (s *Sites) Requests() int64 { return s.requests.Load() }

// Heal makes an ordinary website of a trap.
func (s *Sites) Heal(host string) { s.healed.Store(host, true) }

// Connect is an outbound.Override: it connects to a site in memory. It serves the hosts under .example alone.
func (s *Sites) Connect(ctx context.Context, _, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil || !strings.HasSuffix(host, Domain) {
		return nil, nil
	}
	if strings.TrimPrefix(host, "www.") == Absent {
		return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
	}
	return s.listener.dial(ctx)
}

// ServeHTTP serves a site by its host.
func (s *Sites) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.requests.Add(1)
	host := strings.TrimPrefix(strings.ToLower(r.Host), "www.")
	_, healed := s.healed.Load(host)
	if trap, found := traps[host]; found && !healed {
		trap(w, r)
		return
	}
	newSite(host).serve(w, r)
}

// pipeListener accepts connections in memory.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *pipeListener) dial(ctx context.Context) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case l.conns <- server:
		return client, nil
	case <-l.closed:
		return nil, errors.New("the sandbox is closed")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Accept implements net.Listener.
func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener.
func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr implements net.Listener.
func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "sandbox", Net: "pipe"} }
