package live

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// mostHints is how many journals are remembered between two notifications; more do not fit into one in any case.
	mostHints = 400
	// lastWord is how long a server that stops may take to tell the others of its last changes.
	lastWord = time.Second
	// dialTime bounds the way to the database, and one statement there.
	dialTime = 5 * time.Second
)

// notifier tells other servers of changes, many at once: NOTIFY takes a lock that all committing notifiers share, so it
// is sent by nobody else, on a connection of its own, and never in the transaction of a change.
type notifier struct {
	server string
	pause  time.Duration
	dial   func(ctx context.Context) (*pgx.Conn, error)
	logger *slog.Logger
	start  sync.Once
	wake   chan struct{}
	conn   *pgx.Conn // the runner's own; nil until it is needed

	mu    sync.Mutex
	hints map[subject]hint
	all   bool // more has happened than hints says
}

func newNotifier(
	server string, pause time.Duration, dial func(context.Context) (*pgx.Conn, error), logger *slog.Logger,
) *notifier {
	return &notifier{
		server: server, pause: pause, dial: dial, logger: logger, wake: make(chan struct{}, 1),
		hints: map[subject]hint{},
	}
}

// add remembers hints for the next notification.
func (n *notifier) add(hints []hint) {
	n.mu.Lock()
	for _, h := range hints {
		if known, found := n.hints[h.subject()]; found {
			h = known.and(h)
		} else if len(n.hints) == mostHints {
			n.all = true
			continue
		}
		n.hints[h.subject()] = h
	}
	n.mu.Unlock()
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

// take returns the payload of the next notification, or "".
func (n *notifier) take() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	hints := make([]hint, 0, len(n.hints))
	for _, h := range n.hints {
		hints = append(hints, h)
	}
	all := n.all
	n.hints, n.all = map[subject]hint{}, false
	switch {
	case all:
		return form + " " + n.server + " " + scan
	case len(hints) == 0:
		return ""
	}
	return encode(n.server, hints)
}

// run notifies until the context ends, and then once more of what is left.
func (n *notifier) run(ctx context.Context) {
	defer func() {
		if n.conn != nil {
			closeConn(n.conn)
		}
	}()
	for {
		select {
		case <-n.wake:
			if pause(ctx, n.pause) {
				n.send(ctx)
				continue
			}
		case <-ctx.Done():
		}
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWord)
		n.send(last)
		cancel()
		return
	}
}

// send sends what has gathered. What cannot be sent becomes the hint that others must look for themselves, and is tried
// again.
func (n *notifier) send(ctx context.Context) {
	payload := n.take()
	for wait := 50 * time.Millisecond; payload != ""; wait = min(2*wait, dialTime) {
		err := n.try(ctx, payload)
		if err == nil {
			return
		}
		n.logger.Warn("other servers could not be told of changes; they will look for themselves", "error", err.Error())
		n.mu.Lock()
		n.all = true
		n.mu.Unlock()
		if !pause(ctx, jittered(wait)) {
			return
		}
		payload = n.take()
	}
}

func (n *notifier) try(ctx context.Context, payload string) error {
	ctx, cancel := context.WithTimeout(ctx, dialTime)
	defer cancel()
	if n.conn == nil || n.conn.IsClosed() {
		var err error
		if n.conn, err = n.dial(ctx); err != nil {
			n.conn = nil
			return err
		}
	}
	if _, err := n.conn.Exec(ctx, `SELECT pg_notify($1, $2)`, channel, payload); err != nil {
		closeConn(n.conn)
		n.conn = nil
		return fmt.Errorf("notify: %w", err)
	}
	return nil
}

// dial opens a connection of the hub's own.
func (h *Hub) dial(ctx context.Context) (*pgx.Conn, error) {
	conn, err := pgx.ConnectConfig(ctx, h.connect)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	return conn, nil
}

// closeConn says goodbye, but does not wait for it.
func closeConn(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), lastWord)
	defer cancel()
	_ = conn.Close(ctx) // It may be gone already.
}

// jittered shortens a wait by up to half, so that servers do not come back all at once.
func jittered(d time.Duration) time.Duration { return d/2 + rand.N(d/2+1) }
