package web

import (
	"cmp"
	"container/list"
	"context"
	"math"
	"net"
	"net/http"
	"net/netip"
	"sync"

	"github.com/infin8content/engine/internal/fair"
)

// ConnectionLimits are the limits of a listener. A zero PerAddress or Unknown is no limit.
type ConnectionLimits struct {
	// Most is the number of open connections, and PerAddress of those from one address. An IPv6 network of 64 bits is one
	// address. Addresses of Proxies have no limit of their own.
	Most, PerAddress int
	// Unknown is the number of open connections without a caller.
	Unknown int
	Proxies Proxies
}

// Connections is a listener that limits the number of open connections, WebSockets included. A connection is unknown
// until a caller has signed in on it. Unknown connections are the first to go: beyond a limit a new client takes the
// place of the oldest one, from the address that has the most of them. Next is the connection that has been idle
// longest, between two requests or before the end of a next request's head. If there is none, the client waits until a
// connection closes or becomes idle. Later clients wait in the queue of the operating system. A client whose address
// has too many connections does not wait: it is closed.
type Connections struct {
	net.Listener
	limits ConnectionLimits
	places chan struct{}
	closed chan struct{}
	once   sync.Once

	mu sync.Mutex
	// idle has the connections between two requests, the longest idle one in front.
	idle *list.List
	// addresses has the open connections of each address.
	addresses map[netip.Addr]*addressConnections
	// open and unknown count the connections, and refused those that were closed for a limit.
	open, unknown int
	refused       int64
	last          int64 // the number of the newest connection
	// wanted is true while a client waits and no connection was closed for it.
	wanted bool
}

// addressConnections counts the connections of an address. unknown has those without a caller, the oldest in front.
type addressConnections struct {
	open    int
	unknown *list.List
}

// LimitConnections returns a listener with limits. The server must call its Watch and its Context.
func LimitConnections(listener net.Listener, limits ConnectionLimits) *Connections {
	limits.PerAddress = cmp.Or(limits.PerAddress, math.MaxInt)
	limits.Unknown = cmp.Or(limits.Unknown, math.MaxInt)
	return &Connections{
		Listener:  listener,
		limits:    limits,
		places:    make(chan struct{}, limits.Most),
		closed:    make(chan struct{}),
		idle:      list.New(),
		addresses: map[netip.Addr]*addressConnections{},
	}
}

// Accept waits for a client, and then until the limits permit it.
func (l *Connections) Accept() (net.Conn, error) {
	for {
		conn, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		address := addressOf(conn)
		proxy, known := parseAddress(conn.RemoteAddr().String())
		if !l.permit(address, known && l.limits.Proxies.trust(proxy)) {
			_ = conn.Close()
			continue
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
		return l.add(conn, address), nil
	}
}

// addressOf returns the address of a client; of an IPv6 address, the network of 64 bits.
func addressOf(conn net.Conn) netip.Addr {
	address, ok := parseAddress(conn.RemoteAddr().String())
	if ok && address.Is6() {
		network, _ := address.Prefix(64) // 64 bits fit.
		return network.Addr()
	}
	return address
}

// permit reports whether one more connection of an address may be open. It may close others for it. A trusted proxy has
// no limit of its own.
func (l *Connections) permit(address netip.Addr, isProxy bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	own := l.addresses[address]
	full := own != nil && own.open >= l.limits.PerAddress && !isProxy
	if full && !l.closeUnknown(own) && !l.closeIdle(func(c *countedConn) bool { return c.address == address }) {
		l.refused++
		return false
	}
	if l.unknown >= l.limits.Unknown {
		l.closeUnknown(l.largest())
	}
	return true
}

func (l *Connections) add(conn net.Conn, address netip.Addr) net.Conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	own := l.addresses[address]
	if own == nil {
		own = &addressConnections{unknown: list.New()}
		l.addresses[address] = own
	}
	l.last++
	c := &countedConn{
		Conn:    conn,
		list:    l,
		address: address,
		number:  l.last,
	}
	own.open++
	l.open++
	l.unknown++
	c.atUnknown = own.unknown.PushBack(c)
	return c
}

// Context is the ConnContext of an http.Server.
func (l *Connections) Context(ctx context.Context, conn net.Conn) context.Context {
	if c, ok := plain(conn).(*countedConn); ok {
		return context.WithValue(ctx, connectionKey{}, c)
	}
	return ctx
}

type connectionKey struct{}

// markSignedIn marks the connection of a request: a caller has signed in on it.
func markSignedIn(ctx context.Context) {
	if c, ok := ctx.Value(connectionKey{}).(*countedConn); ok {
		c.list.mu.Lock()
		defer c.list.mu.Unlock()
		c.list.markSignedIn(c)
	}
}

// plain returns the connection below TLS, since closing a TLS connection waits for the client.
func plain(conn net.Conn) net.Conn {
	if secure, is := conn.(interface{ NetConn() net.Conn }); is {
		return secure.NetConn()
	}
	return conn
}

// Watch is the ConnState of an http.Server. It tracks which connections are idle. A request that arrives while its
// connection is being closed may be lost, as at the end of the server's idle timeout.
func (l *Connections) Watch(conn net.Conn, state http.ConnState) {
	c, ok := plain(conn).(*countedConn)
	if !ok {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.busy(c)
	if state == http.StateIdle && !c.gone {
		c.atIdle = l.idle.PushBack(c)
		if l.wanted {
			l.wanted = !l.closeIdle(nil)
		}
	}
}

// makeRoom closes a connection for a client that waits, now or as soon as one becomes idle.
func (l *Connections) makeRoom() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wanted = !l.closeUnknown(l.largest()) && !l.closeIdle(nil)
}

// largest returns the address with the most unknown connections, or nil.
func (l *Connections) largest() *addressConnections {
	var most *addressConnections
	for _, a := range l.addresses {
		if a.unknown.Len() > 0 && (most == nil || a.compare(most) > 0) {
			most = a
		}
	}
	return most
}

// compare orders addresses by their number of unknown connections, and equal ones by the age of the oldest.
func (a *addressConnections) compare(b *addressConnections) int {
	oldest := func(a *addressConnections) int64 { return a.unknown.Front().Value.(*countedConn).number }
	return cmp.Or(cmp.Compare(a.unknown.Len(), b.unknown.Len()), cmp.Compare(oldest(b), oldest(a)))
}

// closeUnknown closes the oldest unknown connection of an address. The caller holds the lock, as for all that follow.
func (l *Connections) closeUnknown(of *addressConnections) bool {
	if of == nil || of.unknown.Len() == 0 {
		return false
	}
	l.refused++
	l.drop(of.unknown.Front().Value.(*countedConn))
	return true
}

// closeIdle closes the longest idle connection that fits.
func (l *Connections) closeIdle(fits func(*countedConn) bool) bool {
	for at := l.idle.Front(); at != nil; at = at.Next() {
		if c := at.Value.(*countedConn); fits == nil || fits(c) {
			l.drop(c)
			return true
		}
	}
	return false
}

// drop forgets a connection and closes it.
func (l *Connections) drop(c *countedConn) {
	l.forget(c)
	_ = c.Conn.Close()
}

// forget gives the places of a connection back, once.
func (l *Connections) forget(c *countedConn) {
	if c.gone {
		return
	}
	c.gone = true
	l.busy(c)
	l.markSignedIn(c)
	l.open--
	own := l.addresses[c.address]
	if own.open--; own.open == 0 {
		delete(l.addresses, c.address)
	}
	<-l.places
}

func (l *Connections) busy(c *countedConn) {
	if c.atIdle != nil {
		l.idle.Remove(c.atIdle)
		c.atIdle = nil
	}
}

func (l *Connections) markSignedIn(c *countedConn) {
	if c.atUnknown != nil {
		l.addresses[c.address].unknown.Remove(c.atUnknown)
		c.atUnknown = nil
		l.unknown--
	}
}

// Figures returns how many connections are open, and how many were closed for a limit. Unknown is for connections
// without a caller.
func (l *Connections) Figures() (all, unknown fair.Figures) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return fair.Figures{Running: l.open, Refused: l.refused}, fair.Figures{Running: l.unknown}
}

// Close closes the listener and ends the wait in Accept.
func (l *Connections) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

// countedConn lowers the number of open connections when it is closed. The listener's lock guards the rest.
type countedConn struct {
	net.Conn
	list    *Connections
	address netip.Addr
	number  int64
	// atUnknown and atIdle are its places in the lists; nil when it is in none.
	atUnknown, atIdle *list.Element
	gone              bool
}

func (c *countedConn) Close() error {
	c.list.mu.Lock()
	c.list.forget(c)
	c.list.mu.Unlock()
	return c.Conn.Close()
}
