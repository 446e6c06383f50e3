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
	listener := LimitConnections(inner, most)
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

// crowd is a server that permits two connections. Each of its clients keeps its connection.
type crowd struct {
	*httptest.Server
	limited *Connections
	// entered receives each request for /slow; a value in leave ends one of them.
	entered, leave chan struct{}
}

func newCrowd(t *testing.T, start func(*httptest.Server)) crowd {
	t.Helper()
	c := crowd{entered: make(chan struct{}), leave: make(chan struct{})}
	c.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/slow" {
			c.entered <- struct{}{}
			<-c.leave
		}
	}))
	c.limited = LimitConnections(c.Listener, 2)
	c.Listener, c.Config.ConnState = c.limited, c.limited.Watch
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
	for range 3 {
		ask, _ := c.client(t)
		all.Go(func() { ask("/slow") })
	}
	<-c.entered
	<-c.entered
	c.leave <- struct{}{} // That connection is idle now, so the third client gets in.
	<-c.entered
	c.leave <- struct{}{}
	c.leave <- struct{}{}
	all.Wait()
}
