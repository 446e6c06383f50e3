package web

import (
	"container/list"
	"net"
	"net/http"
	"sync"
)

// Connections is a listener that has at most so many connections open at once, whatever becomes of them: websockets
// count as well. Who comes when there is no place is given that of the connection that has been idle longest, between
// two requests; when none is idle, they wait until somebody goes, is idle or is cut. So nobody keeps others out by
// doing nothing. What comes behind them waits in the system's queue.
type Connections struct {
	net.Listener
	places chan struct{}
	closed chan struct{}
	once   sync.Once

	mu sync.Mutex
	// idle are the connections between two requests, the one that has been longest in front; at is where each stands.
	idle *list.List
	at   map[net.Conn]*list.Element
	// wanted is true while somebody waits for a place that nobody has been asked to give up.
	wanted bool
}

// LimitConnections returns a listener that has at most so many connections open. The server must be given its Watch.
func LimitConnections(listener net.Listener, most int) *Connections {
	return &Connections{
		Listener: listener,
		places:   make(chan struct{}, most),
		closed:   make(chan struct{}),
		idle:     list.New(),
		at:       map[net.Conn]*list.Element{},
	}
}

// Accept waits for a client, and then for a place.
func (l *Connections) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	select {
	case l.places <- struct{}{}:
	default:
		l.want()
		select {
		case l.places <- struct{}{}:
		case <-l.closed:
			_ = conn.Close()
			return nil, net.ErrClosed
		}
	}
	return &placedConn{Conn: conn, leave: sync.OnceFunc(func() { <-l.places })}, nil
}

// Watch is an http.Server's ConnState: it learns which connections are idle. A request that arrives at the moment in
// which its connection gives up the place may be cut, as it may be at the end of the idle time.
func (l *Connections) Watch(conn net.Conn, state http.ConnState) {
	if secure, is := conn.(interface{ NetConn() net.Conn }); is {
		conn = secure.NetConn() // To say goodbye in TLS one has to wait for the other side.
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.forget(conn)
	if state == http.StateIdle {
		l.at[conn] = l.idle.PushBack(conn)
		l.give()
	}
}

// want asks for a place.
func (l *Connections) want() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wanted = true
	l.give()
}

// give ends the connection that has been idle longest, when somebody wants its place. The lock is held.
func (l *Connections) give() {
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

// Close ends the listener, and the wait for a place.
func (l *Connections) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

// placedConn gives its place back when it is closed.
type placedConn struct {
	net.Conn
	leave func()
}

func (c *placedConn) Close() error {
	defer c.leave()
	return c.Conn.Close()
}
