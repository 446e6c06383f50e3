package live

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// silence is how long the listening connection may say nothing before it is asked whether it is alive.
	silence = 20 * time.Second
	// longestWait bounds the wait before it is tried again to listen.
	longestWait = 5 * time.Second
)

// listen hears other servers until the context ends. Whenever it begins to listen, everybody catches up: what was said
// before then was not heard.
func (h *Hub) listen(ctx context.Context) {
	wait := 50 * time.Millisecond
	for ctx.Err() == nil {
		err := h.listenOnce(ctx, func() { wait = 50 * time.Millisecond })
		if ctx.Err() != nil {
			return
		}
		h.logger.Warn("this server does not hear the others; it looks for itself until it does", "error", err.Error())
		pause(ctx, jittered(wait))
		wait = min(2*wait, longestWait)
	}
}

// listenOnce listens on one connection until it fails.
func (h *Hub) listenOnce(ctx context.Context, began func()) error {
	dialing, cancel := context.WithTimeout(ctx, dialTime)
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
	h.lookAgain()
	for {
		heard, cancel := context.WithTimeout(ctx, silence)
		n, err := conn.WaitForNotification(heard)
		cancel()
		switch {
		case err == nil:
			h.take(n)
		case ctx.Err() != nil || !pgconn.Timeout(err):
			return fmt.Errorf("wait for a notification: %w", err)
		default:
			asked, cancel := context.WithTimeout(ctx, dialTime)
			err := conn.Ping(asked)
			cancel()
			if err != nil {
				return fmt.Errorf("ask the silent connection: %w", err)
			}
		}
	}
}

// take takes in what another server has said. What this one has said itself it knows.
func (h *Hub) take(n *pgconn.Notification) {
	server, hints, all, err := decode(n.Payload)
	if server == h.name {
		return
	}
	for _, said := range hints {
		h.hear(said)
	}
	if all || err != nil {
		h.lookAgain()
	}
}
