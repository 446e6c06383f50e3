package simulation_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// errCut is the error of a broken connection.
var errCut = errors.New("the simulated connection has broken")

// breakage is the point at which a connection breaks, relative to the next statement.
type breakage int

const (
	unbroken breakage = iota
	// beforeStatement: the server never gets the statement.
	beforeStatement
	// afterStatement: the server has executed the statement, and the client never reads the answer. After a COMMIT the
	// client cannot see its own commit.
	afterStatement
)

// wire is a connection to PostgreSQL that breaks on request. The server's side ends before the client gets the error:
// the statement is executed completely or not at all, the transaction is rolled back, and its locks are released. A
// cancelled context would leave all of that to chance.
type wire struct {
	*session
	line *line

	gone    atomic.Bool
	reading sync.Mutex // held during a wait for the server; locked after mu
	mu      sync.Mutex
	at      breakage
	sent    bool         // true once the statement is sent after which the connection breaks
	unread  bytes.Buffer // greeting of a reused session
	greeted bool
}

// breakAt makes the connection break at a point.
func (w *wire) breakAt(at breakage) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = at
}

// breakAfterAnswer is breakAt for a statement in flight.
func (w *wire) breakAfterAnswer() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at, w.sent = afterStatement, true
}

func (w *wire) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.gone.Load():
		return 0, errCut
	case !w.greeted:
		return w.greet(b)
	case carriesStatement(b) && w.at == beforeStatement:
		w.end()
		return 0, errCut
	case carriesStatement(b) && w.at == afterStatement:
		w.sent = true
	}
	messages := b
	for _, k := range w.line.mutations {
		messages = k.apply(messages)
	}
	if _, err := w.session.Write(messages); err != nil {
		return 0, err
	}
	return len(b), nil
}

// cancelRequest is the code, in place of the protocol version, of a connection that cancels a statement of another
// connection.
const cancelRequest = 80877102

// greet sends the first message, which has no type. It drops a cancel request, because its connection has ended.
func (w *wire) greet(first []byte) (int, error) {
	if len(first) < 8 || binary.BigEndian.Uint32(first[4:]) == cancelRequest {
		w.gone.Store(true)
		return 0, errCut
	}
	var err error
	if w.session, err = w.line.spare(); err != nil {
		return 0, err
	}
	w.greeted = true
	if w.session.greeting != nil {
		w.unread.Write(w.session.greeting)
		return len(first), nil
	}
	return w.session.Write(first)
}

func (w *wire) Read(b []byte) (int, error) {
	if n := w.readGreeting(b); n > 0 {
		return n, nil
	}
	if w.swallowed(nil) {
		return 0, errCut
	}
	n, err := w.wait(b)
	if w.gone.Load() || w.swallowed(b[:n]) {
		return 0, errCut
	}
	return n, err
}

// wait reads the server's next bytes. pgx may also wait between two statements, after a slow send.
func (w *wire) wait(b []byte) (int, error) {
	w.reading.Lock()
	defer w.reading.Unlock()
	if w.gone.Load() {
		return 0, errCut
	}
	return w.session.Read(b)
}

func (w *wire) readGreeting(b []byte) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n, _ := w.unread.Read(b)
	return n
}

// swallowed reports whether the client must not get the answer. It then reads the answer to its end and ends the
// connection. first is the part that is already read.
func (w *wire) swallowed(first []byte) bool {
	w.mu.Lock()
	sent := w.sent
	w.mu.Unlock()
	if !sent || w.gone.Load() {
		return w.gone.Load()
	}
	// A statement that waits for a lock answers late, so the wire is unlocked meanwhile.
	_ = untilReady(io.MultiReader(bytes.NewReader(first), w.session))
	w.hangUp()
	return true
}

// hangUp ends the connection between two statements.
func (w *wire) hangUp() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.gone.Load() {
		w.end()
	}
}

// end rolls the server's side back and makes the session ready for another connection.
func (w *wire) end() {
	w.gone.Store(true)
	if w.session == nil {
		return
	}
	_ = w.session.SetReadDeadline(time.Now()) // A concurrent reader must not get the answers of end.
	w.reading.Lock()
	defer w.reading.Unlock()
	if err := w.session.reset(); err != nil {
		_ = w.session.Close()
		return
	}
	w.line.giveBack(w.session)
}

// Close ends the session too, unless the connection has broken: then another connection uses the session.
func (w *wire) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.gone.Load() || w.session == nil {
		return nil
	}
	w.gone.Store(true)
	return w.session.Close()
}

// SetDeadline does nothing when another connection uses the session.
func (w *wire) SetDeadline(at time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.gone.Load() || w.session == nil {
		return nil
	}
	return w.session.SetDeadline(at)
}

// RemoteAddr returns the address for cancel requests.
func (w *wire) RemoteAddr() net.Addr { return &net.UnixAddr{} }

// session is the server's side of a connection. Connections reuse it, because a new backend of PostgreSQL costs more
// than a hundred statements.
type session struct {
	net.Conn
	read     []byte // the first answer, until it is complete
	greeting []byte // the server's messages at the start of a session; nil until they are known
}

func (s *session) Read(b []byte) (int, error) {
	n, err := s.Conn.Read(b)
	if s.greeting == nil {
		s.read = append(s.read, b[:n]...)
		s.learn()
	}
	return n, err
}

// learn takes the greeting from the first answer: settings and key, without the authentication.
func (s *session) learn() {
	greeting, complete := []byte{'R', 0, 0, 0, 8, 0, 0, 0, 0}, false
	each(s.read, func(kind byte, content []byte) {
		if kind == 'S' || kind == 'K' || kind == 'Z' {
			greeting = append(frame(greeting, kind, content), content...)
			complete = kind == 'Z' && len(content) == 1
		}
	})
	if complete {
		s.greeting, s.read = greeting, nil
	}
}

// reset rolls back and deallocates the prepared statements.
func (s *session) reset() error {
	if err := s.SetDeadline(time.Now().Add(timeout)); err != nil {
		return err
	}
	for _, statement := range []string{"ROLLBACK", "DEALLOCATE ALL"} {
		text := append([]byte(statement), 0)
		if _, err := s.Write(append(frame(nil, 'Q', text), text...)); err != nil {
			return err
		}
		if err := untilReady(s); err != nil {
			return err
		}
	}
	return s.SetDeadline(time.Time{})
}

// untilReady reads answers until the server is ready for the next statement.
func untilReady(from io.Reader) error {
	for head := make([]byte, 5); head[0] != 'Z'; {
		if _, err := io.ReadFull(from, head); err != nil {
			return err
		}
		if _, err := io.CopyN(io.Discard, from, int64(binary.BigEndian.Uint32(head[1:]))-4); err != nil {
			return err
		}
	}
	return nil
}

// line creates wires to the database, and keeps the sessions of ended wires.
type line struct {
	dial      func() (net.Conn, error)
	mutations []*mutation
	mu        sync.Mutex
	idle      []*session
}

// wire returns a dialer whose connections are wires. A wire connects at its first write.
func (l *line) wire(dial pgconn.DialFunc) pgconn.DialFunc {
	return func(_ context.Context, network, address string) (net.Conn, error) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.dial = func() (net.Conn, error) { return dial(context.Background(), network, address) }
		return &wire{line: l}, nil
	}
}

func (l *line) spare() (*session, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := len(l.idle); n > 0 {
		s := l.idle[n-1]
		l.idle = l.idle[:n-1]
		return s, nil
	}
	conn, err := l.dial()
	if err != nil {
		return nil, err
	}
	return &session{Conn: conn}, nil
}

func (l *line) giveBack(s *session) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.idle = append(l.idle, s)
}

func (l *line) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.idle {
		_ = s.Close()
	}
}

// frame appends a message with its type and its length.
func frame(to []byte, kind byte, content []byte) []byte {
	return binary.BigEndian.AppendUint32(append(to, kind), uint32(len(content)+4))
}

// carriesStatement reports whether a client's messages execute a statement.
func carriesStatement(messages []byte) (carries bool) {
	each(messages, func(kind byte, _ []byte) {
		carries = carries || kind == 'Q' || kind == 'E'
	})
	return carries
}

// each calls visit with the type and the content of each message.
func each(messages []byte, visit func(kind byte, content []byte)) {
	for len(messages) >= 5 {
		end := min(len(messages), 1+int(binary.BigEndian.Uint32(messages[1:5])))
		visit(messages[0], messages[5:end])
		messages = messages[end:]
	}
}

// mutation removes a guard from the program's statements on their way to the server, so that a test needs no copy of
// the statement. A guard that was never found proves nothing.
type mutation struct {
	query          string // name of the statement
	guard, instead string
	found          atomic.Int64
}

// apply returns the messages with the guard replaced in every statement of that name.
func (k *mutation) apply(messages []byte) []byte {
	name := []byte("-- name: " + k.query + " ")
	if !bytes.Contains(messages, name) {
		return messages
	}
	var weak []byte
	each(messages, func(kind byte, content []byte) {
		if kind == 'P' && bytes.Contains(content, name) && bytes.Contains(content, []byte(k.guard)) {
			k.found.Add(1)
			content = []byte(strings.Replace(string(content), k.guard, k.instead, 1))
		}
		weak = append(frame(weak, kind, content), content...)
	})
	return weak
}
