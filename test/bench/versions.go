package main

import (
	"fmt"
	"time"
)

// versions compares the server with another binary, turn by turn, to measure a change. Each has its own database with
// its own migrations, on the same PostgreSQL.
func (b *bench) versions() error {
	other := *b
	other.name, other.server, other.owner = "other", b.options.against, nil
	defer func() {
		if other.owner != nil {
			other.owner.Close()
		}
	}()
	if err := other.prepareDatabase(); err != nil {
		return err
	}
	if err := b.fillPayers(); err != nil {
		return err
	}
	both := [2]*bench{b, &other}
	var servers [2]*process
	for i, one := range both {
		p, err := one.serve("--workers=false")
		if err != nil {
			return err
		}
		defer p.stop()
		servers[i] = p
	}
	if err := other.fillThrough(servers[1]); err != nil {
		return fmt.Errorf("fill the other database: %w", err)
	}
	compared := b.comparedLoads()
	for range b.rounds {
		for c := range compared {
			for i, one := range both {
				u, err := compared[c].load(one, servers[i])
				if err != nil {
					return fmt.Errorf("%s: %w", compared[c].what, err)
				}
				compared[c].found[i] = append(compared[c].found[i], u)
			}
		}
	}
	for _, c := range compared {
		c.print(&b.table)
	}
	return nil
}

// compared is a load on both servers, and what was measured.
type compared struct {
	what  string // what an operation is
	load  func(*bench, *process) (used, error)
	found [2][]used
}

// comparedLoads returns the loads that the options ask for.
func (b *bench) comparedLoads() []compared {
	moves := func(callers int) func(*bench, *process) (used, error) {
		return func(b *bench, p *process) (used, error) {
			return b.used(p, func() (float64, []time.Duration, error) { return b.throughHTTP(p, callers, b.slice) })
		}
	}
	all := []compared{
		{what: "transitions, 32 callers", load: moves(32)},
		{what: "transitions, 20 callers", load: moves(20)},
		{what: "lists, 8 callers", load: (*bench).listTurn},
	}
	for _, pairs := range [][2]int{{1, 1}, {1, 8}, {1, 32}, {payers, 8}, {payers, 32}} {
		all = append(all, compared{
			what: fmt.Sprintf("pairs, %d callers, %d organizations", pairs[1], pairs[0]),
			load: func(b *bench, p *process) (used, error) { return b.pairsThroughHTTP(p, pairs[0], pairs[1]) },
		})
	}
	return all
}

// print adds the rows of a load: the ratio of a rate is better above 1, all other ratios below 1.
func (c compared) print(t *table) {
	for _, f := range []struct {
		what string
		of   func(used) float64
	}{
		{"per second", func(u used) float64 { return u.perSecond }},
		{"processor time of the server for each, µs", func(u used) float64 { return u.server }},
		{"processor time of the database for each, µs", func(u used) float64 { return u.database }},
		{"statements for each", func(u used) float64 { return u.statements }},
		{"p50, ms", func(u used) float64 { return quantile(u.took, 50) }},
		{"p99, ms", func(u used) float64 { return quantile(u.took, 99) }},
	} {
		var both [2]series
		for i := range both {
			for _, u := range c.found[i] {
				both[i] = append(both[i], f.of(u))
			}
		}
		t.add(row{
			what:    c.what + ": " + f.what,
			found:   both[0].String(),
			against: "the other binary: " + both[1].String(),
			ratio:   ratios(both[0], both[1]).String(),
		})
	}
}

// fillThrough is fill for a server with other tables: an organization exists from its first token on.
func (b *bench) fillThrough(p *process) error {
	for kind, count := range map[string]int{organizationIDs: organizations, payerIDs: payers} {
		for n := range count {
			token, err := tokenFor(adminOf(kind, n))
			if err != nil {
				return err
			}
			c, err := dial(p.address, token)
			if err != nil {
				return err
			}
			_, err = c.ask(operation(`{ viewer { actor } }`), "{}")
			c.close()
			if err != nil {
				return err
			}
		}
	}
	if err := b.plantAll(0, b.workflows, ownerOf, journalRows); err != nil {
		return err
	}
	return b.plantPayingFlows()
}
