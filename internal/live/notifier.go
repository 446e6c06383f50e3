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
	// maxPending is how many journals wait for the next NOTIFY. More do not fit into one payload in any case.
	maxPending = 400
	// closeTimeout bounds the last NOTIFY of a server that stops, and the closing of a connection.
	closeTimeout = time.Second
	// dialTimeout bounds connecting to the database, and one statement there.
	dialTimeout = 5 * time.Second
)

// notifier sends changes to other servers, many in one NOTIFY. NOTIFY takes a lock that all committing notifiers share.
// So only the notifier sends it, on its own connection, and never in the transaction of a change.
type notifier struct {
	server string
	delay  time.Duration
	dial   func(ctx context.Context) (*pgx.Conn, error)
	logger *slog.Logger
	start  sync.Once
	wake   chan struct{}
	conn   *pgx.Conn // used by run alone; nil until it is needed

	mu       sync.Mutex
	pending  map[journalKey]notification
	overflow bool // there are changes beside those of pending
}

func newNotifier(
	server string, delay time.Duration, dial func(context.Context) (*pgx.Conn, error), logger *slog.Logger,
) *notifier {
	return &notifier{
		server:  server,
		delay:   delay,
		dial:    dial,
		logger:  logger,
		wake:    make(chan struct{}, 1),
		pending: map[journalKey]notification{},
	}
}

// add keeps notifications for the next NOTIFY.
func (n *notifier) add(notifications []notification) {
	n.mu.Lock()
	for _, one := range notifications {
		if earlier, found := n.pending[one.key()]; found {
			one = earlier.merge(one)
		} else if len(n.pending) == maxPending {
			n.overflow = true
			continue
		}
		n.pending[one.key()] = one
	}
	n.mu.Unlock()
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

// take returns the payload of the next NOTIFY and forgets its notifications; "" when there is none.
func (n *notifier) take() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	notifications := make([]notification, 0, len(n.pending))
	for _, one := range n.pending {
		notifications = append(notifications, one)
	}
	overflow := n.overflow
	n.pending, n.overflow = map[journalKey]notification{}, false
	switch {
	case overflow:
		return payloadVersion + " " + n.server + " " + pollWord
	case len(notifications) == 0:
		return ""
	}
	return encode(n.server, notifications)
}

// run notifies until the context ends, and then sends the rest.
func (n *notifier) run(ctx context.Context) {
	defer func() {
		if n.conn != nil {
			closeConn(n.conn)
		}
	}()
	for {
		select {
		case <-n.wake:
			if pause(ctx, n.delay) {
				n.send(ctx)
				continue
			}
		case <-ctx.Done():
		}
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
		n.send(last)
		cancel()
		return
	}
}

// send sends the pending notifications. When that fails, it retries with the request to poll.
func (n *notifier) send(ctx context.Context) {
	payload := n.take()
	for wait := 50 * time.Millisecond; payload != ""; wait = min(2*wait, dialTimeout) {
		err := n.try(ctx, payload)
		if err == nil {
			return
		}
		n.logger.Warn("NOTIFY failed; other servers find the changes by polling", "error", err.Error())
		n.mu.Lock()
		n.overflow = true
		n.mu.Unlock()
		if !pause(ctx, jittered(wait)) {
			return
		}
		payload = n.take()
	}
}

func (n *notifier) try(ctx context.Context, payload string) error {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
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

// dial opens a connection outside the store's pool.
func (h *Hub) dial(ctx context.Context) (*pgx.Conn, error) {
	conn, err := pgx.ConnectConfig(ctx, h.connect)
	if err != nil {
		return nil, fmt.Errorf("connect: %w", err)
	}
	return conn, nil
}

// closeConn closes a connection and waits at most closeTimeout.
func closeConn(conn *pgx.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	_ = conn.Close(ctx) // It may be closed already.
}

// jittered shortens a wait by up to half, so that servers do not reconnect at the same time.
func jittered(d time.Duration) time.Duration { return d/2 + rand.N(d/2+1) }
