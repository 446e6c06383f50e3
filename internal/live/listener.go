package live

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// pingInterval is how long the LISTEN connection may be silent before it is pinged.
	pingInterval = 20 * time.Second
	// maxListenPause bounds the wait before the next attempt to connect.
	maxListenPause = 5 * time.Second
)

// listen receives the notifications of other servers until the context ends. Each new connection begins with a poll,
// since notifications from before it are lost.
func (h *Hub) listen(ctx context.Context) {
	wait := 50 * time.Millisecond
	for ctx.Err() == nil {
		err := h.listenOnce(ctx, func() { wait = 50 * time.Millisecond })
		if ctx.Err() != nil {
			return
		}
		h.logger.Warn("LISTEN connection lost; polling until it is back", "error", err.Error())
		pause(ctx, jittered(wait))
		wait = min(2*wait, maxListenPause)
	}
}

// listenOnce listens on one connection until it fails.
func (h *Hub) listenOnce(ctx context.Context, began func()) error {
	dialing, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	conn, err := h.dial(dialing)
	if err != nil {
		return err
	}
	defer closeConn(conn)
	if _, err := conn.Exec(dialing, `LISTEN `+channel); err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	cancel()
	began()
	h.requestPoll()
	for {
		waiting, cancel := context.WithTimeout(ctx, pingInterval)
		n, err := conn.WaitForNotification(waiting)
		cancel()
		switch {
		case err == nil:
			h.receive(n)
		case ctx.Err() != nil || !pgconn.Timeout(err):
			return fmt.Errorf("wait for a notification: %w", err)
		default:
			pinging, cancel := context.WithTimeout(ctx, dialTimeout)
			err := conn.Ping(pinging)
			cancel()
			if err != nil {
				return fmt.Errorf("ping the silent connection: %w", err)
			}
		}
	}
}

// receive handles a notification of another server, and ignores those of this one.
func (h *Hub) receive(n *pgconn.Notification) {
	server, notifications, incomplete, err := decode(n.Payload)
	if server == h.name {
		return
	}
	for _, one := range notifications {
		h.notify(one)
	}
	if incomplete || err != nil {
		h.requestPoll()
	}
}
