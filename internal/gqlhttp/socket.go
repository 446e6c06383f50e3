package gqlhttp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/coder/websocket"
	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
)

// subprotocol is what our websockets speak, as https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md says.
const subprotocol = "graphql-transport-ws"

// The codes that a websocket is closed with. Those from 4400 on are the protocol's.
const (
	closeGoingAway       = websocket.StatusGoingAway // the server stops: connect to another one
	closeInternal        = websocket.StatusInternalError
	closeTryLater        = websocket.StatusTryAgainLater
	closeBadMessage      = websocket.StatusCode(4400)
	closeUnauthorized    = websocket.StatusCode(4401) // subscribe came before connection_ack
	closeForbidden       = websocket.StatusCode(4403) // the token is not good, or has ended: come back with a new one
	closeNoSubprotocol   = websocket.StatusCode(4406)
	closeInitTimeout     = websocket.StatusCode(4408)
	closeSubscriberKnown = websocket.StatusCode(4409)
	closeTooManyInits    = websocket.StatusCode(4429)
)

// firstBytes is the greatest message before connection_ack: a connection_init with a long token. What nobody has signed
// for takes little memory, however many they are.
const firstBytes = 12 << 10

// closeTime is how long a client may take to agree to the end.
const closeTime = 5 * time.Second

// socket is one client's websocket. Its messages are read by one goroutine; each operation has one of its own.
type socket struct {
	transports
	conn *websocket.Conn
	// control reaches the connection below the websocket.
	control *http.ResponseController
	// ctx ends with the socket. It is the request's, in which the header's caller is, if there is one.
	ctx    context.Context
	cancel context.CancelFunc
	all    sync.WaitGroup
	// acknowledged carries the caller; nil before connection_ack. Only the reader uses it.
	acknowledged context.Context
	begun        chan struct{} // closed by the first connection_init

	// mu orders what is sent, so that nothing follows the outcome of an operation.
	mu         sync.Mutex
	closed     bool
	operations map[string]*operation
}

// operation is one that runs on a socket.
type operation struct {
	id     string
	cancel context.CancelFunc
}

// serveSocket makes a websocket of the request and serves it until it ends.
func (t transports) serveSocket(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		Subprotocols: []string{subprotocol}, InsecureSkipVerify: true, // Where the page comes from was asked before.
	})
	if err != nil {
		return // The client has been told.
	}
	conn.SetReadLimit(min(firstBytes, t.limits.MessageBytes))
	s := &socket{
		transports: t, conn: conn, control: http.NewResponseController(w), begun: make(chan struct{}),
		operations: map[string]*operation{},
	}
	s.ctx, s.cancel = context.WithCancel(r.Context())
	defer func() { _ = conn.CloseNow() }()
	defer s.all.Wait()
	defer s.cancel()
	if conn.Subprotocol() != subprotocol {
		s.close(closeNoSubprotocol, "Subprotocol not acceptable")
		return
	}
	s.all.Go(s.awaitInit)
	s.all.Go(s.watch)
	for {
		kind, text, err := conn.Read(s.ctx)
		if errors.Is(err, websocket.ErrMessageTooBig) {
			s.close(websocket.StatusMessageTooBig, "Message too big")
		}
		if err != nil {
			return // The client has gone, or was closed.
		}
		if code, reason := s.receive(kind, text); code != 0 {
			s.close(code, reason)
			return
		}
	}
}

// close ends the socket with a code. Of several that want to, the first does.
func (s *socket) close(code websocket.StatusCode, reason string) {
	s.mu.Lock()
	first := !s.closed
	s.closed = true
	s.mu.Unlock()
	if first {
		// The library waits for the rest of a message without a limit.
		_ = s.control.SetReadDeadline(time.Now().Add(closeTime))
		_ = s.conn.Close(code, reason) // The client may be gone.
	}
	s.cancel()
}

// awaitInit closes a socket whose client does not introduce itself.
func (s *socket) awaitInit() {
	timer := time.NewTimer(s.limits.InitTime)
	defer timer.Stop()
	select {
	case <-timer.C:
		s.close(closeInitTimeout, "Connection initialisation timeout")
	case <-s.begun:
	case <-s.ctx.Done():
	}
}

// watch closes the socket when the server stops, and cuts one whose client does not answer any more.
func (s *socket) watch() {
	ticker := time.NewTicker(s.limits.Silence)
	defer ticker.Stop()
	for {
		select {
		case <-s.stopped:
			s.close(closeGoingAway, "The server stops")
			return
		case <-s.ctx.Done():
			return
		case <-ticker.C:
			asked, cancel := context.WithTimeout(s.ctx, s.limits.Silence)
			err := s.conn.Ping(asked)
			cancel()
			if err != nil {
				s.cut()
				return
			}
		}
	}
}

// cut ends the socket without a word: nobody hears it.
func (s *socket) cut() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	_ = s.conn.CloseNow()
	s.cancel()
}

// expire closes the socket when the caller's authority ends.
func (s *socket) expire(ctx context.Context) {
	var end <-chan time.Time
	if at, ends := caller.End(ctx); ends {
		timer := time.NewTimer(time.Until(at))
		defer timer.Stop()
		end = timer.C
	}
	select {
	case <-end:
		s.close(closeForbidden, "The token has ended")
	case <-s.over(s.ctx, caller.From(ctx)):
		s.close(closeForbidden, "The key was revoked")
	case <-s.ctx.Done():
	}
}

// receive does what a message asks for. A code says that the socket must be closed, and why.
func (s *socket) receive(kind websocket.MessageType, text []byte) (websocket.StatusCode, string) {
	if kind != websocket.MessageText {
		return closeBadMessage, "Messages are text"
	}
	m, err := decodeMessage(text)
	if err != nil {
		return closeBadMessage, err.Error()
	}
	switch m.Type {
	case messageInit:
		return s.init(m)
	case messagePing:
		s.send(message{Type: messagePong, Payload: m.Payload})
	case messageSubscribe:
		return s.subscribe(m)
	case messageComplete:
		s.mu.Lock()
		defer s.mu.Unlock()
		if o, runs := s.operations[m.ID]; runs { // Else it has just ended by itself.
			delete(s.operations, m.ID)
			o.cancel()
		}
	}
	return 0, ""
}

// init authenticates the client by its first message, or by the header that it came with.
func (s *socket) init(m message) (websocket.StatusCode, string) {
	select {
	case <-s.begun:
		return closeTooManyInits, "Too many initialisation requests"
	default:
		close(s.begun)
	}
	authorization, err := m.authorization()
	if err != nil {
		return closeBadMessage, err.Error()
	}
	ctx := s.ctx
	if authorization != "" && s.signIn != nil {
		signed, err := s.signIn(ctx, authorization)
		switch {
		case fault.KindOf(err) == fault.Unauthenticated:
			return closeForbidden, "Forbidden"
		case err != nil:
			return closeTryLater, "Try again later"
		}
		ctx = signed
	}
	if !caller.From(ctx).Known() {
		return closeForbidden, "Forbidden"
	}
	s.all.Go(func() { s.expire(ctx) })
	s.acknowledged = ctx
	s.conn.SetReadLimit(s.limits.MessageBytes)
	s.send(message{Type: messageAck})
	return 0, ""
}

// subscribe starts an operation.
func (s *socket) subscribe(m message) (websocket.StatusCode, string) {
	if s.acknowledged == nil {
		return closeUnauthorized, "Unauthorized"
	}
	asked, err := m.request()
	if err != nil {
		return closeBadMessage, err.Error()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, runs := s.operations[m.ID]; runs {
		return closeSubscriberKnown, cutReason(fmt.Sprintf("Subscriber for %s already exists", m.ID))
	}
	if len(s.operations) >= s.limits.Operations {
		s.refuseLocked(m.ID)
		return 0, ""
	}
	ctx, cancel := authorized(s.acknowledged)
	o := &operation{id: m.ID, cancel: cancel}
	s.operations[m.ID] = o
	s.all.Go(func() {
		defer cancel()
		s.run(ctx, o, asked)
	})
	return 0, ""
}

// refuseLocked answers an operation that is one too many. The lock is held.
func (s *socket) refuseLocked(id string) {
	err := fault.New(fault.RateLimited, "A websocket has at most %d operations at once.", s.limits.Operations)
	response := s.executor.DispatchError(s.acknowledged, gqlerror.List{gqlerror.Wrap(err)})
	s.write(message{ID: id, Type: messageError, Payload: encoded(response.Errors)})
}

// run executes an operation. What it answers are any number of next, and then one complete or error, unless the client
// has completed it or the socket ends: then nothing.
func (s *socket) run(ctx context.Context, o *operation, asked *request) {
	defer func() {
		if cause := recover(); cause != nil {
			s.logger.LogAttrs(ctx, slog.LevelError, "panic", slog.Any("panic", cause))
			s.close(closeInternal, "Internal error")
		}
	}()
	faults := s.answers(ctx, asked, func(response *graphql.Response) bool {
		return s.tell(o, message{ID: o.id, Type: messageNext, Payload: encode(response)})
	})
	switch {
	case ctx.Err() != nil:
	case len(faults) > 0:
		s.end(o, message{ID: o.id, Type: messageError, Payload: encoded(faults)})
	default:
		s.end(o, message{ID: o.id, Type: messageComplete})
	}
}

// tell sends a message of an operation, unless the client has completed it.
func (s *socket) tell(o *operation, m message) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.operations[o.id] == o && s.write(m)
}

// end sends the outcome of an operation, unless the client has completed it.
func (s *socket) end(o *operation, m message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.operations[o.id] == o {
		delete(s.operations, o.id)
		s.write(m)
	}
}

func (s *socket) send(m message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.write(m)
}

// write writes a message, and reports false when the socket is over. Who does not take it in time is cut off; it could
// not take a code either. The lock is held.
func (s *socket) write(m message) bool {
	if s.closed {
		return false
	}
	ctx, cancel := context.WithTimeout(s.ctx, s.limits.WriteTime)
	defer cancel()
	if err := s.conn.Write(ctx, websocket.MessageText, m.encode()); err != nil {
		s.closed = true
		_ = s.conn.CloseNow()
		s.cancel()
		return false
	}
	return true
}

// encoded is a value as JSON.
func encoded(value any) json.RawMessage {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err) // our own scalars wrote something that is not JSON
	}
	return text
}
