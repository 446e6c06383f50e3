package web

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestConnections_LimitsTheOpenOnes(t *testing.T) {
	t.Parallel()
	const most, clients = 4, 60
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener := LimitConnections(inner, ConnectionLimits{Most: most})
	var open, peak, served atomic.Int64
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				if !errors.Is(err, net.ErrClosed) {
					t.Errorf("accept: %v", err)
				}
				return
			}
			markSignedIn(listener.Context(context.Background(), conn)) // An unknown connection would be closed for a new one.
			for now := open.Add(1); ; {
				if before := peak.Load(); now <= before || peak.CompareAndSwap(before, now) {
					break
				}
			}
			all.Go(func() {
				_, _ = io.Copy(conn, conn)
				open.Add(-1)
				served.Add(1)
				_ = conn.Close()
				_ = conn.Close() // A second Close must not lower the count again.
			})
		}
	})
	var callers sync.WaitGroup
	for range clients {
		callers.Go(func() {
			conn, err := net.Dial("tcp", inner.Addr().String())
			if err != nil {
				t.Error(err)
				return
			}
			defer func() { _ = conn.Close() }()
			if _, err := io.WriteString(conn, "x"); err != nil {
				t.Error(err)
			}
			if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
				t.Error(err)
			}
		})
	}
	callers.Wait()
	// The limit is reached, and Accept waits. Close must end the wait.
	var held []net.Conn
	for range most {
		conn, err := net.Dial("tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		held = append(held, conn)
		if _, err := conn.Write([]byte("x")); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
	}
	if err := listener.Close(); err != nil {
		t.Error(err)
	}
	for _, conn := range held {
		_ = conn.Close()
	}
	all.Wait()
	if peak.Load() != most || served.Load() != clients+most {
		t.Errorf("got %d connections at once and %d in all, want %d and %d",
			peak.Load(), served.Load(), most, clients+most)
	}
}

// crowd is a server that permits two connections, or has other limits. Each of its clients keeps its connection.
type crowd struct {
	*httptest.Server
	limited *Connections
	// entered receives each request for /slow; a value in leave ends one of them.
	entered, leave chan struct{}
}

func newCrowd(t *testing.T, start func(*httptest.Server)) crowd {
	t.Helper()
	return newCrowdOf(t, ConnectionLimits{Most: 2}, start)
}

func newCrowdOf(t *testing.T, limits ConnectionLimits, start func(*httptest.Server)) crowd {
	t.Helper()
	c := crowd{entered: make(chan struct{}), leave: make(chan struct{})}
	c.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			markSignedIn(r.Context())
			c.entered <- struct{}{}
			<-c.leave
		}
	}))
	c.limited = LimitConnections(c.Listener, limits)
	c.Listener, c.Config.ConnState, c.Config.ConnContext = c.limited, c.limited.Watch, c.limited.Context
	start(c.Server)
	t.Cleanup(c.Close)
	return c
}

// client returns a function that requests over a connection of its own, and a count of the connections it has opened.
func (c crowd) client(t *testing.T) (ask func(path string), connections *atomic.Int64) {
	t.Helper()
	transport := c.Client().Transport.(*http.Transport).Clone()
	connections = &atomic.Int64{}
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		connections.Add(1)
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
	t.Cleanup(transport.CloseIdleConnections)
	client := &http.Client{Transport: transport, Timeout: time.Minute}
	return func(path string) {
		t.Helper()
		response, err := client.Get(c.URL + path)
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
	}, connections
}

// idle waits until n connections are between two requests.
func (c crowd) idle(t *testing.T, want int) {
	t.Helper()
	for range time.NewTicker(time.Millisecond).C {
		c.limited.mu.Lock()
		got := c.limited.idle.Len()
		c.limited.mu.Unlock()
		if got == want || t.Context().Err() != nil {
			return
		}
	}
}

func TestConnections_ClosesTheLongestIdleOneForANewClient(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(*httptest.Server){
		"HTTP": (*httptest.Server).Start, "TLS": (*httptest.Server).StartTLS,
		"HTTP/2": func(s *httptest.Server) { s.EnableHTTP2 = true; s.StartTLS() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCrowd(t, start)
			first, ofFirst := c.client(t)
			second, ofSecond := c.client(t)
			third, _ := c.client(t)
			first("/")
			c.idle(t, 1)
			second("/")
			c.idle(t, 2)
			third("/")
			c.idle(t, 2)
			second("/")
			first("/")
			if ofFirst.Load() != 2 || ofSecond.Load() != 1 {
				t.Errorf("got %d connections of the first and %d of the second client, want 2, since it was idle longest, and 1",
					ofFirst.Load(), ofSecond.Load())
			}
		})
	}
}

func TestConnections_ClosesABusyOneOnlyWhenItIsDone(t *testing.T) {
	t.Parallel()
	c := newCrowd(t, (*httptest.Server).Start)
	var all sync.WaitGroup
	for i := range 3 {
		ask, _ := c.client(t)
		all.Go(func() { ask("/slow") })
		if i < 2 {
			<-c.entered // A caller has signed in on this connection.
		}
	}
	c.leave <- struct{}{} // That connection is idle now, so the third client gets in.
	<-c.entered
	c.leave <- struct{}{}
	c.leave <- struct{}{}
	all.Wait()
}

// dial opens a connection from an address of this machine and sends the beginning of a request for a path.
func (c crowd) dial(t *testing.T, from, path string) net.Conn {
	t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: time.Minute}
	conn, err := dialer.Dial("tcp", c.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(time.Minute))
	_, _ = io.WriteString(conn, "GET "+path+" HTTP/1.1\r\nHost: here\r\n")
	return conn
}

// unknown waits until n connections have no caller.
func (c crowd) unknown(t *testing.T, want int) {
	t.Helper()
	for range time.NewTicker(time.Millisecond).C {
		if _, got := c.limited.Figures(); got.Running == want || t.Context().Err() != nil {
			return
		}
	}
}

// isClosed waits until the server has closed a connection.
func isClosed(t *testing.T, conn net.Conn) {
	t.Helper()
	var timeout net.Error
	if _, err := io.Copy(io.Discard, conn); errors.As(err, &timeout) && timeout.Timeout() {
		t.Error("the connection is still open")
	}
}

// answers finishes the request of a connection, which must be answered.
func answers(t *testing.T, conn net.Conn) {
	t.Helper()
	_, _ = io.WriteString(conn, "\r\n")
	if _, err := io.ReadFull(conn, make([]byte, len("HTTP/1.1 200"))); err != nil {
		t.Errorf("no answer: %v", err)
	}
}

func TestConnections_UnknownOnesGoFirst(t *testing.T) {
	t.Parallel()
	c := newCrowdOf(t, ConnectionLimits{Most: 100, Unknown: 3}, (*httptest.Server).Start)
	known := c.dial(t, "127.0.0.1", "/slow")
	_, _ = io.WriteString(known, "\r\n")
	<-c.entered
	quiet := c.dial(t, "127.0.0.2", "/")
	first, second := c.dial(t, "127.0.0.3", "/"), c.dial(t, "127.0.0.3", "/")
	c.unknown(t, 3)
	third := c.dial(t, "127.0.0.3", "/")
	isClosed(t, first) // The address with the most unknown connections loses its oldest.
	for _, conn := range []net.Conn{quiet, second, third} {
		answers(t, conn)
	}
	c.leave <- struct{}{}
	answers(t, known)
}

func TestConnections_TheBeginningOfANextRequestKeepsNoPlace(t *testing.T) {
	t.Parallel()
	c := newCrowdOf(t, ConnectionLimits{Most: 1}, (*httptest.Server).Start)
	conn := c.dial(t, "127.0.0.1", "/slow")
	_, _ = io.WriteString(conn, "\r\n")
	<-c.entered
	c.leave <- struct{}{}
	c.idle(t, 1)
	_, _ = io.WriteString(conn, "GET / HTTP/1.1\r\n")
	answers(t, c.dial(t, "127.0.0.2", "/"))
	isClosed(t, conn)
}

func TestConnections_LimitsEachAddress(t *testing.T) {
	t.Parallel()
	c := newCrowdOf(t, ConnectionLimits{Most: 100, PerAddress: 2}, (*httptest.Server).Start)
	for range 2 {
		conn := c.dial(t, "127.0.0.1", "/slow")
		_, _ = io.WriteString(conn, "\r\n")
		<-c.entered
	}
	isClosed(t, c.dial(t, "127.0.0.1", "/"))
	answers(t, c.dial(t, "127.0.0.2", "/"))
	c.leave <- struct{}{}
	c.idle(t, 2)
	answers(t, c.dial(t, "127.0.0.1", "/")) // It takes the place of the idle connection.
	c.leave <- struct{}{}
	if all, _ := c.limited.Figures(); all.Refused != 1 {
		t.Errorf("%d connections were refused, want 1", all.Refused)
	}
}

func TestConnections_TrustedProxiesHaveNoLimitOfTheirOwn(t *testing.T) {
	t.Parallel()
	proxies, err := ParseProxies([]string{"127.0.0.9"})
	if err != nil {
		t.Fatal(err)
	}
	c := newCrowdOf(t, ConnectionLimits{Most: 100, PerAddress: 1, Proxies: proxies}, (*httptest.Server).Start)
	conns := []net.Conn{c.dial(t, "127.0.0.9", "/"), c.dial(t, "127.0.0.9", "/")}
	for _, conn := range conns {
		answers(t, conn)
	}
}
