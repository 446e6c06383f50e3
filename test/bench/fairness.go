package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"
	"github.com/google/uuid"
)

const (
	// attacker is the number of the organization that attacks, with crowdFlows workflows. victim is a payer.
	attacker   = organizations
	crowdFlows = 60_000
	crowdFirst = 200_000_000
	victim     = 0
	// The attacks: sockets of one token, half-sent bodies without a token, and parallel requests with expensive aliases.
	attackSockets = 4000
	attackBodies  = 200
	attackQueries = 60
	// attackFlood is the number of connections of a fourth attack, which ask for anything as often as they can.
	attackFlood = 400
	aliases     = 20
	// attackTime is the time for which the victim is measured, undisturbed and under the attacks.
	attackTime = 15 * time.Second
	// attackAddress and socketAddress are the client addresses of the attacks. The victim has another one.
	attackAddress = "127.0.0.2"
	socketAddress = "127.0.0.3"
)

// fairness compares what another organization waits for a reservation, and a probe for /readyz, with and without three
// attacks of one organization, and a flood of its requests. The attackers are a process of the lowest priority, because
// elsewhere they run on other machines: the victim shall wait for the server and the database, and not for the
// attackers' own processor time.
func (b *bench) fairness() error {
	who := adminOf(organizationIDs, attacker)
	if err := b.createOrganization(who); err != nil {
		return err
	}
	if err := b.fillPayers(); err != nil {
		return err
	}
	owner := func(int) uuid.UUID { return who.OrganizationID }
	if err := b.plantAll(crowdFirst, crowdFirst+crowdFlows, owner, 2); err != nil {
		return err
	}
	if _, err := b.owner.Exec(b.ctx, "CHECKPOINT"); err != nil { // Writing the pages of the filling would delay commits.
		return err
	}
	p, err := b.serve("--workers=false")
	if err != nil {
		return err
	}
	defer p.stop()
	alone, err := b.measureVictim(p)
	if err != nil {
		return fmt.Errorf("undisturbed: %w", err)
	}
	for _, what := range []string{"three attacks", "a flood"} {
		attackers, err := b.startAttackers(p, what == "a flood")
		if err != nil {
			return err
		}
		b.wait(2 * time.Second) // All attacks have begun.
		attacked, err := b.measureVictim(p)
		achieved, failed := attackers.stop()
		if err := errors.Join(err, failed); err != nil {
			return fmt.Errorf("under %s: %w", what, err)
		}
		b.addFairness(what, alone, attacked)
		b.table.add(row{
			what:  what + ": sockets opened, refused; bodies cut; requests answered, RATE_LIMITED, too costly, late",
			found: achieved,
		})
	}
	return nil
}

// waits are what the victim waited.
type waits struct{ reserve, ready []time.Duration }

func (b *bench) addFairness(attack string, alone, attacked waits) {
	for _, r := range []struct {
		what            string
		alone, attacked []time.Duration
	}{
		{"reserveUsage of another organization", alone.reserve, attacked.reserve},
		{"/readyz", alone.ready, attacked.ready},
	} {
		before, under := quantile(r.alone, 99), quantile(r.attacked, 99)
		b.table.add(row{
			what:    r.what + " under " + attack + ", p99 (p50), ms",
			found:   fmt.Sprintf("%s (%s)", figure(under), figure(quantile(r.attacked, 50))),
			against: fmt.Sprintf("undisturbed %s (%s)", figure(before), figure(quantile(r.alone, 50))),
			ratio:   figure(under / before),
			goal:    "≤ 3",
		})
	}
}

const victimQuery = `mutation ($input: ReserveUsageInput!) { reserveUsage(input: $input) { call { id }
	userErrors { code message } } }`

// measureVictim lets the victim reserve, and a probe ask for /readyz, one after the other, each on its own connection.
func (b *bench) measureVictim(p *process) (w waits, err error) {
	token, err := tokenFor(adminOf(payerIDs, victim))
	if err != nil {
		return w, err
	}
	c, err := dial(p.address, token)
	if err != nil {
		return w, err
	}
	defer c.close()
	probe := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	text, flow := operation(victimQuery), id(numbered(flowIDs, payingFlows))
	for end := time.Now().Add(attackTime); time.Now().Before(end) && b.ctx.Err() == nil; {
		began := time.Now()
		key := uuid.NewString()
		variables := `{"input":{"workflowId":"` + flow + `","amount":"0.000001","idempotencyKey":"` + key + `"}}`
		if _, err := c.ask(text, variables); err != nil {
			return w, err
		}
		w.reserve = append(w.reserve, time.Since(began))
		began = time.Now()
		response, err := probe.Get("http://" + p.address + "/readyz")
		if err != nil {
			return w, err
		}
		_, _ = io.Copy(io.Discard, response.Body)
		_ = response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return w, fmt.Errorf("/readyz answers %d", response.StatusCode)
		}
		w.ready = append(w.ready, time.Since(began))
		b.wait(10 * time.Millisecond)
	}
	return w, b.ctx.Err()
}

// attack counts what the attacks achieved.
type attack struct {
	all                                       sync.WaitGroup
	opened, refused, cut                      atomic.Int64
	answered, limited, costly, late, unopened atomic.Int64
}

// start starts the attacks. They end with the context.
func (a *attack) start(ctx context.Context, t target) {
	if t.Flood {
		for range attackFlood {
			a.all.Go(func() { a.queries(ctx, t, floodTexts()) })
		}
		return
	}
	for range 32 {
		a.all.Go(func() { a.sockets(ctx, t.Address, t.Viewer) })
	}
	for range attackBodies {
		a.all.Go(func() { a.halfBodies(ctx, t.Address) })
	}
	for range attackQueries {
		a.all.Go(func() { a.queries(ctx, t, costlyTexts()) })
	}
}

// from returns a dialer of a client address.
func from(address string) *net.Dialer {
	return &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}, Timeout: 10 * time.Second}
}

// sockets opens its share of the websockets and keeps them.
func (a *attack) sockets(ctx context.Context, address, token string) {
	client := &http.Client{Transport: &http.Transport{DialContext: from(socketAddress).DialContext}}
	for range attackSockets / 32 {
		conn, _, err := websocket.Dial(ctx, "ws://"+address+"/graphql", &websocket.DialOptions{
			HTTPClient:   client,
			Subprotocols: []string{"graphql-transport-ws"},
			HTTPHeader:   http.Header{"Authorization": {"Bearer " + token}},
		})
		if err != nil {
			a.refused.Add(1)
			continue
		}
		defer func() { _ = conn.CloseNow() }()
		_ = conn.Write(ctx, websocket.MessageText, []byte(`{"type":"connection_init"}`))
		a.opened.Add(1)
	}
	<-ctx.Done()
}

// halfBodies sends half of a body without a token, again and again.
func (a *attack) halfBodies(ctx context.Context, address string) {
	head := "POST /graphql HTTP/1.1\r\nHost: here\r\nContent-Type: application/json\r\nContent-Length: 200000\r\n\r\n"
	for ctx.Err() == nil {
		conn, err := from(attackAddress).DialContext(ctx, "tcp", address)
		if err != nil {
			return
		}
		stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
		_, _ = io.WriteString(conn, head+strings.Repeat("x", 100_000))
		_, _ = io.Copy(io.Discard, conn)
		stop()
		_ = conn.Close()
		a.cut.Add(1)
	}
}

// costlyQuery has aliases of an expensive filter, as many as an operation may have.
func costlyQuery(n int) string {
	var text strings.Builder
	text.WriteString("{")
	for i := range n {
		fmt.Fprintf(&text, ` a%d: workflows(first: 1, filter: {nameContains: "zz"}, orderBy: {field: NAME, direction: ASC})
			{ nodes { id } }`, i)
	}
	return text.String() + " }"
}

// costlyTexts have the expensive filter: with all aliases, and with as many as are not refused.
func costlyTexts() []string {
	return []string{operation(costlyQuery(aliases)), operation(costlyQuery(9))}
}

// floodTexts are answered from memory, refused as invalid or as too costly, or read one row or very many.
func floodTexts() []string {
	return append(costlyTexts(),
		operation("{ __typename }"),
		operation("{ nonsense"),
		operation("{ workflows(first: 1) { nodes { id } } }"))
}

// queries asks for the texts in turn, again and again.
func (a *attack) queries(ctx context.Context, t target, texts []string) {
	client := &http.Client{Transport: &http.Transport{DialContext: from(attackAddress).DialContext}}
	defer client.CloseIdleConnections()
	for turn := 0; ctx.Err() == nil; turn++ {
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+t.Address+"/graphql",
			strings.NewReader(texts[turn%len(texts)]+"{}}"))
		if err != nil {
			return
		}
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("Authorization", "Bearer "+t.Admin)
		response, err := client.Do(request)
		if err != nil {
			if !errors.Is(err, context.Canceled) {
				a.unopened.Add(1)
			}
			continue
		}
		text, _ := io.ReadAll(response.Body)
		_ = response.Body.Close()
		a.count(string(text))
	}
}

func (a *attack) count(answer string) {
	switch {
	case strings.Contains(answer, "RATE_LIMITED"):
		a.limited.Add(1)
	case strings.Contains(answer, "TOO_COSTLY"):
		a.costly.Add(1)
	case strings.Contains(answer, "TIMED_OUT"):
		a.late.Add(1)
	default:
		a.answered.Add(1)
	}
}
