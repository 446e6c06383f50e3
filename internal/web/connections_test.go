package web

import (
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

func TestNoMoreConnectionsAreOpenThanMayBe(t *testing.T) {
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
				_ = conn.Close() // A second time gives no second place.
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
	// One takes each place, and the listener that waits for one is closed nevertheless.
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
