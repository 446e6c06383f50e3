package gqlhttp

import (
	"context"
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

// subprotocol is the only one that sockets speak: https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md.
const subprotocol = "graphql-transport-ws"

// The close codes. Those from 4400 on are the protocol's.
const (
	closeGoingAway    = websocket.StatusGoingAway // the server stops: connect to another one
	closeInternal     = websocket.StatusInternalError
	closeTryLater     = websocket.StatusTryAgainLater
	closeBadMessage   = websocket.StatusCode(4400)
	closeUnauthorized = websocket.StatusCode(4401) // subscribe came before connection_ack
	closeForbidden    = websocket.StatusCode(4403) // the token is not valid, or has ended: connect with a new one
	closeSubprotocol  = websocket.StatusCode(4406)
	closeInitTimeout  = websocket.StatusCode(4408)
	closeIDRuns       = websocket.StatusCode(4409)
	closeSecondInit   = websocket.StatusCode(4429)
)

// firstBytes is the greatest message before connection_ack: a connection_init with a long token. It keeps the memory of
// clients without a token small.
const firstBytes = 12 << 10

// closeTime is the time for a client to answer a close frame.
const closeTime = 5 * time.Second

// socket is one client's WebSocket. One goroutine reads its messages; each operation has a goroutine of its own.
type socket struct {
	transports
	conn *websocket.Conn
	// control reaches the connection below the WebSocket.
	control *http.ResponseController
	// ctx ends with the socket. It derives from the request's context, which has the caller of the header, if any.
	ctx        context.Context
	cancel     context.CancelFunc
	goroutines sync.WaitGroup
	// acknowledged has the caller; nil before connection_ack. Only the reader uses it.
	acknowledged context.Context
	begun        chan struct{} // closed by the first connection_init
	// ended stops counting the socket of the caller. Only the reader changes it.
	ended func()

	// mu orders the messages, so that none follows the outcome of its operation.
	mu         sync.Mutex
	closed     bool
	operations map[string]*operation
}

// operation is an operation that runs on a socket.
type operation struct {
	id     string
	cancel context.CancelFunc
}

// serveSocket upgrades the request to a WebSocket and serves it until it ends.
func (t transports) serveSocket(w http.ResponseWriter, r *http.Request) {
	closed := func() {}
	if caller.From(r.Context()).Known() { // Else its first message names the caller.
		var err error
		if closed, err = t.open(r.Context()); err != nil {
			t.refuseOpen(w, r, err)
			return
		}
	}
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		Subprotocols: []string{subprotocol}, InsecureSkipVerify: true, // Package web has checked the origin.
	})
	if err != nil {
		closed()
		return // Accept has answered the client.
	}
	conn.SetReadLimit(min(firstBytes, t.limits.MessageBytes))
	s := &socket{
		transports: t,
		conn:       conn,
		control:    http.NewResponseController(w),
		begun:      make(chan struct{}),
		operations: map[string]*operation{},
		ended:      closed,
	}
	s.ctx, s.cancel = context.WithCancel(r.Context())
	defer func() { s.ended() }()
	defer func() { _ = conn.CloseNow() }()
	defer s.goroutines.Wait()
	defer s.cancel()
	if conn.Subprotocol() != subprotocol {
		s.close(closeSubprotocol, "Subprotocol not acceptable")
		return
	}
	s.goroutines.Go(s.awaitInit)
	s.goroutines.Go(s.watch)
	for {
		kind, text, err := conn.Read(s.ctx)
		if errors.Is(err, websocket.ErrMessageTooBig) {
			s.close(websocket.StatusMessageTooBig, "Message too big")
		}
		if err != nil {
			return // The client is gone, or the socket is closed.
		}
		if code, reason := s.receive(kind, text); code != 0 {
			s.close(code, reason)
			return
		}
	}
}

// close ends the socket with a code. Only the first call sends its code.
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

// awaitInit closes a socket without a connection_init in time.
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

// watch closes the socket when the server stops, and cuts it when the client does not answer a ping.
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
			ctx, cancel := context.WithTimeout(s.ctx, s.limits.Silence)
			err := s.conn.Ping(ctx)
			cancel()
			if err != nil {
				s.cut()
				return
			}
		}
	}
}

// cut ends the socket without a close frame, which the client would not read.
func (s *socket) cut() {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	_ = s.conn.CloseNow()
	s.cancel()
}

// closeAtExpiry closes the socket when the caller's token ends or its key is revoked.
func (s *socket) closeAtExpiry(ctx context.Context) {
	var end <-chan time.Time
	if at, ends := caller.End(ctx); ends {
		timer := time.NewTimer(time.Until(at))
		defer timer.Stop()
		end = timer.C
	}
	select {
	case <-end:
		s.close(closeForbidden, "The token has ended")
	case <-s.revoked(s.ctx, caller.From(ctx)):
		s.close(closeForbidden, "The key was revoked")
	case <-s.ctx.Done():
	}
}

// receive handles a message. A code that is not 0 closes the socket, with a reason.
func (s *socket) receive(kind websocket.MessageType, text []byte) (websocket.StatusCode, string) {
	if kind != websocket.MessageText {
		return closeBadMessage, "Messages are text"
	}
	m, err := decodeMessage(text)
	if err != nil {
		return closeBadMessage, err.Error()
	}
	if s.acknowledged != nil {
		if err := s.arrive(s.acknowledged); err != nil {
			return closeTryLater, shortReason(err.Error())
		}
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
		if o, runs := s.operations[m.ID]; runs { // Else it has just ended.
			delete(s.operations, m.ID)
			o.cancel()
		}
	}
	return 0, ""
}

// init authenticates the client by its first message, or else by the header of its request.
func (s *socket) init(m message) (websocket.StatusCode, string) {
	select {
	case <-s.begun:
		return closeSecondInit, "Too many initialisation requests"
	default:
		close(s.begun)
	}
	authorization, err := m.authorization()
	if err != nil {
		return closeBadMessage, err.Error()
	}
	ctx := s.ctx
	if authorization != "" && s.signIn != nil {
		signedIn, err := s.signIn(ctx, authorization)
		switch {
		case fault.KindOf(err) == fault.TokenExpired:
			return closeForbidden, "Token expired"
		case fault.KindOf(err) == fault.Unauthenticated:
			return closeForbidden, "Forbidden"
		case err != nil:
			return closeTryLater, "Try again later"
		}
		ctx = signedIn
	}
	if !caller.From(ctx).Known() {
		return closeForbidden, "Forbidden"
	}
	if !caller.From(s.ctx).Known() {
		closed, err := s.open(ctx)
		if err != nil {
			return closeTryLater, shortReason(err.Error())
		}
		s.ended = closed
	}
	s.goroutines.Go(func() { s.closeAtExpiry(ctx) })
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
	request, err := m.request()
	if err != nil {
		return closeBadMessage, err.Error()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, runs := s.operations[m.ID]; runs {
		return closeIDRuns, shortReason(fmt.Sprintf("Subscriber for %s already exists", m.ID))
	}
	if len(s.operations) >= s.limits.Operations {
		s.refuseLocked(m.ID)
		return 0, ""
	}
	ctx, cancel := untilExpiry(s.acknowledged)
	o := &operation{id: m.ID, cancel: cancel}
	s.operations[m.ID] = o
	s.goroutines.Go(func() {
		defer cancel()
		s.run(ctx, o, request)
	})
	return 0, ""
}

// refuseLocked answers an operation beyond the limit. The caller holds the lock.
func (s *socket) refuseLocked(id string) {
	err := fault.New(fault.RateLimited, "A websocket has at most %d operations at once.", s.limits.Operations)
	response := s.executor.DispatchError(s.acknowledged, gqlerror.List{gqlerror.Wrap(err)})
	s.write(message{ID: id, Type: messageError, Payload: encodeJSON(response.Errors)})
}

// run executes an operation. It sends any number of next and then one complete or error. It sends no more when the
// client has completed the operation or the socket ends.
func (s *socket) run(ctx context.Context, o *operation, r *request) {
	defer func() {
		if cause := recover(); cause != nil {
			s.logger.LogAttrs(ctx, slog.LevelError, "panic", slog.Any("panic", cause))
			s.close(closeInternal, "Internal error")
		}
	}()
	errs := s.execute(ctx, r, func(response *graphql.Response) bool {
		return s.sendFor(o, message{ID: o.id, Type: messageNext, Payload: encodeResponse(response)})
	})
	switch {
	case ctx.Err() != nil:
	case len(errs) > 0:
		s.end(o, message{ID: o.id, Type: messageError, Payload: encodeJSON(errs)})
	default:
		s.end(o, message{ID: o.id, Type: messageComplete})
	}
}

// sendFor sends a message of an operation, unless the client has completed it.
func (s *socket) sendFor(o *operation, m message) bool {
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

// write writes a message. It returns false when the socket has ended. It cuts off a client that does not take the
// message in time and would not take a close frame either. The caller holds the lock.
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
