package web

import (
	"container/list"
	"net"
	"net/http"
	"sync"
)

// Connections is a listener that limits the number of open connections, WebSockets included. A new client beyond the
// limit takes the place of the connection that has been idle longest, between two requests. If none is idle, it waits
// until a connection closes or becomes idle, so idle clients cannot keep others out. Later clients wait in the queue
// of the operating system.
type Connections struct {
	net.Listener
	places chan struct{}
	closed chan struct{}
	once   sync.Once

	mu sync.Mutex
	// idle has the connections between two requests, the longest idle one in front. at has the element of each.
	idle *list.List
	at   map[net.Conn]*list.Element
	// wanted is true while a client waits and no connection was closed for it.
	wanted bool
}

// LimitConnections returns a listener with at most most open connections. The server must call its Watch.
func LimitConnections(listener net.Listener, most int) *Connections {
	return &Connections{
		Listener: listener,
		places:   make(chan struct{}, most),
		closed:   make(chan struct{}),
		idle:     list.New(),
		at:       map[net.Conn]*list.Element{},
	}
}

// Accept waits for a client, and then until the limit permits it.
func (l *Connections) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	select {
	case l.places <- struct{}{}:
	default:
		l.makeRoom()
		select {
		case l.places <- struct{}{}:
		case <-l.closed:
			_ = conn.Close()
			return nil, net.ErrClosed
		}
	}
	return &countedConn{Conn: conn, release: sync.OnceFunc(func() { <-l.places })}, nil
}

// Watch is the ConnState of an http.Server. It tracks which connections are idle. A request that arrives while its
// connection is being closed may be lost, as at the end of the server's idle timeout.
func (l *Connections) Watch(conn net.Conn, state http.ConnState) {
	if secure, is := conn.(interface{ NetConn() net.Conn }); is {
		conn = secure.NetConn() // Closing a TLS connection waits for the client.
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.forget(conn)
	if state == http.StateIdle {
		l.at[conn] = l.idle.PushBack(conn)
		l.closeOldest()
	}
}

// makeRoom closes the longest idle connection, now or as soon as there is one.
func (l *Connections) makeRoom() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wanted = true
	l.closeOldest()
}

// closeOldest closes the longest idle connection if a client waits. The caller holds the lock.
func (l *Connections) closeOldest() {
	if oldest := l.idle.Front(); l.wanted && oldest != nil {
		l.wanted = false
		conn := oldest.Value.(net.Conn)
		l.forget(conn)
		_ = conn.Close()
	}
}

func (l *Connections) forget(conn net.Conn) {
	if at := l.at[conn]; at != nil {
		l.idle.Remove(at)
		delete(l.at, conn)
	}
}

// Close closes the listener and ends the wait in Accept.
func (l *Connections) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

// countedConn lowers the number of open connections when it is closed.
type countedConn struct {
	net.Conn
	release func()
}

func (c *countedConn) Close() error {
	defer c.release()
	return c.Conn.Close()
}
