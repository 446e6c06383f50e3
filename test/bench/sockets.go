package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/coder/websocket"
	"golang.org/x/sync/errgroup"
)

const (
	// followed is the number of transitions that subscribers receive, and pause the time between two of them.
	followed = 50
	pause    = 100 * time.Millisecond
)

const subscribe = `{"id":"1","type":"subscribe","payload":{"query":` +
	`"subscription ($id: ID!) { workflowTransitioned(workflowId: $id) { transition { version } workflow { state } } }",` +
	`"variables":{"id":"%s"}}}`

// arrivals are the arrival times of versions, indexed from the first version.
type arrivals [followed]time.Time

// sockets measures the time from a commit to the message at each of many subscribers of a workflow.
func (b *bench) sockets() error {
	p, err := b.serve("--workers=false")
	if err != nil {
		return err
	}
	defer p.stop()
	token, err := tokenFor(adminOf(organizationIDs, 0))
	if err != nil {
		return err
	}
	flow := numbered(flowIDs, 0)
	var from int
	if err := b.owner.QueryRow(b.ctx, "SELECT version FROM intent_workflows WHERE id = $1", flow).Scan(&from); err != nil {
		return err
	}
	before := p.memory()
	connected := make(chan struct{}, b.options.sockets)
	seen := make([]arrivals, b.options.sockets)
	ctx, cancel := context.WithTimeout(b.ctx, time.Minute)
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	for i := range seen {
		group.Go(func() error { return follow(ctx, p.address, token, id(flow), from, connected, &seen[i]) })
	}
	for range seen {
		select {
		case <-connected:
		case <-ctx.Done():
			return errors.Join(errors.New("not all subscribers have connected"), group.Wait())
		}
	}
	memory, processor := p.memory(), p.processor()
	if err := b.moveSlowly(p.address, token, id(flow)); err != nil {
		return err
	}
	if err := group.Wait(); err != nil {
		return err
	}
	took, err := b.delays(seen, from)
	if err != nil {
		return err
	}
	each := float64((p.processor() - processor).Microseconds()) / float64(len(took))
	b.table.add(row{
		what: fmt.Sprintf("commit to message at %d sockets, p50 and p99, ms", b.options.sockets),
		found: fmt.Sprintf("%s and %s; processor: server %s µs a message, memory %s MiB more", figure(quantile(took, 50)),
			figure(quantile(took, 99)), figure(each), figure(float64(memory-before)/(1<<20))),
	})
	return nil
}

// follow runs one subscriber. It signals the first event, and ends after the last transition.
func follow(
	ctx context.Context, address, token, flow string, from int, connected chan<- struct{}, seen *arrivals,
) error {
	conn, _, err := websocket.Dial(ctx, "ws://"+address+"/graphql", &websocket.DialOptions{
		Subprotocols: []string{"graphql-transport-ws"}, HTTPHeader: http.Header{"Authorization": {"Bearer " + token}},
	})
	if err != nil {
		return err
	}
	defer func() { _ = conn.CloseNow() }()
	for _, message := range []string{`{"type":"connection_init"}`, fmt.Sprintf(subscribe, flow)} {
		if err := conn.Write(ctx, websocket.MessageText, []byte(message)); err != nil {
			return err
		}
		if message[2] == 't' { // The first message is connection_init: wait for its acknowledgement.
			if _, _, err := conn.Read(ctx); err != nil {
				return err
			}
		}
	}
	for {
		_, message, err := conn.Read(ctx)
		if err != nil {
			return err
		}
		now, version := time.Now(), versionIn(message)
		switch beyond := version - from; {
		case version < 0:
			return fmt.Errorf("a subscriber received %s", message)
		case beyond == 0:
			connected <- struct{}{}
		case beyond <= followed:
			if seen[beyond-1] = now; beyond == followed {
				return nil
			}
		}
	}
}

// versionIn returns the version in a message, or −1.
func versionIn(message []byte) int {
	_, rest, found := bytes.Cut(message, []byte(`"version":`))
	if !found {
		return -1
	}
	end := bytes.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
	version, err := strconv.Atoi(string(rest[:max(end, 0)]))
	if err != nil {
		return -1
	}
	return version
}

// moveSlowly moves the followed workflow back and forth.
func (b *bench) moveSlowly(address, token, flow string) error {
	c, err := dial(address, token)
	if err != nil {
		return err
	}
	defer c.close()
	for turn := range followed {
		edge := edges[turn%2]
		_, err := c.ask(operation(transitionQuery),
			`{"input":{"workflowId":"`+flow+`","from":"`+string(edge.from)+`","to":"`+string(edge.to)+`"}}`)
		if err != nil {
			return err
		}
		b.wait(pause)
	}
	return nil
}

// delays returns the time of each message since its commit, by PostgreSQL's time.
func (b *bench) delays(seen []arrivals, from int) ([]time.Duration, error) {
	rows, err := b.owner.Query(b.ctx, `SELECT version, pg_xact_commit_timestamp(xmin) FROM workflow_transitions
		WHERE organization_id = $1 AND workflow_id = $2 AND version > $3 ORDER BY version`,
		numbered(organizationIDs, 0), numbered(flowIDs, 0), from)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var took []time.Duration
	for rows.Next() {
		var version int
		var committed time.Time
		if err := rows.Scan(&version, &committed); err != nil {
			return nil, err
		}
		for _, s := range seen {
			took = append(took, s[version-from-1].Sub(committed))
		}
	}
	return took, rows.Err()
}
