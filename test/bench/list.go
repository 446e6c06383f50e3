package main

import (
	"fmt"
	"time"
)

const listQuery = `{ workflows(first: 20) { nodes { id name state version status step { number key label }
	spend { limit settled held remaining } transitions(first: 2) { nodes { version kind from to actor occurredAt } } } } }`

// listTurn lets eight callers request the list, each of another organization.
func (b *bench) listTurn(p *process) (used, error) {
	const n = 8
	clients := make([]*client, n)
	for i := range clients {
		token, err := tokenFor(adminOf(organizationIDs, i))
		if err != nil {
			return used{}, err
		}
		if clients[i], err = dial(p.address, token); err != nil {
			return used{}, err
		}
		defer clients[i].close()
	}
	text := operation(listQuery)
	if _, err := clients[0].ask(text, "{}"); err != nil {
		return used{}, err
	}
	return b.used(p, func() (float64, []time.Duration, error) {
		return callers(n, b.slice, func(i, _ int) error {
			_, err := clients[i].ask(text, "{}")
			return err
		})
	})
}

func (b *bench) list() error {
	p, err := b.serve("--workers=false")
	if err != nil {
		return err
	}
	defer p.stop()
	var perSecond, server, statements series
	for range b.rounds {
		l, err := b.listTurn(p)
		if err != nil {
			return err
		}
		perSecond, server = append(perSecond, l.perSecond), append(server, l.server)
		statements = append(statements, l.statements)
	}
	b.table.add(row{
		what:  "lists of 20 workflows/s (step, status, spend, 2 transitions each), 8 callers",
		found: fmt.Sprintf("%s; processor: server %s µs", perSecond, server),
	})
	if b.counts {
		b.table.add(row{what: "statements for such a list", found: figure(statements.median()), goal: "≤ 4"})
	}
	return nil
}

// start measures the start of the server, and its needs without requests.
func (b *bench) start() error {
	var ready, memory, idle, statements series
	const rest = 8 * time.Second
	for range b.rounds {
		p, err := b.serve("--sandbox")
		if err != nil {
			return err
		}
		ready = append(ready, p.readyAfter.Seconds())
		if len(ready) < b.rounds {
			p.stop()
			continue
		}
		defer p.stop()
		b.wait(rest / 2)
		processor := p.processor()
		before, err := b.statements()
		if err != nil {
			return err
		}
		b.wait(rest)
		after, err := b.statements()
		if err != nil {
			return err
		}
		memory = append(memory, float64(p.memory())/(1<<20))
		idle = append(idle, 100*(p.processor()-processor).Seconds()/rest.Seconds())
		statements = append(statements, float64(after-before)/rest.Seconds())
	}
	b.table.add(row{what: "start of serve to ready, s", found: ready.String(), goal: "< 1"})
	b.table.add(row{what: "memory of an idle server, MiB", found: memory.String(), goal: "< 60"})
	b.table.add(row{what: "idle server, % of a processor", found: idle.String(), goal: "< 1"})
	if b.counts {
		b.table.add(row{what: "idle server, statements/s", found: statements.String(), goal: "< 5"})
	}
	return nil
}

// wait sleeps. The measurement is of the idle server.
func (b *bench) wait(d time.Duration) {
	select {
	case <-b.ctx.Done():
	case <-time.After(d):
	}
}
