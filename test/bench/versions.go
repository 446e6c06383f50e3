package main

import "fmt"

// versions compares the server with another binary, turn by turn, to measure a change. Each has its own database with
// its own migrations, on the same PostgreSQL.
func (b *bench) versions() error {
	other := *b
	other.name, other.server, other.owner, other.counts = "other", b.options.against, nil, false
	defer func() {
		if other.owner != nil {
			other.owner.Close()
		}
	}()
	if err := other.prepareDatabase(); err != nil {
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
	var rate, moved, listed [2]series
	for range b.rounds {
		for i, one := range both {
			before := servers[i].processor()
			perSecond, took, err := one.throughHTTP(servers[i], 32, b.slice)
			if err != nil {
				return err
			}
			rate[i] = append(rate[i], perSecond)
			moved[i] = append(moved[i], float64((servers[i].processor()-before).Microseconds())/float64(len(took)))
			l, err := one.listTurn(servers[i])
			if err != nil {
				return err
			}
			listed[i] = append(listed[i], l.server)
		}
	}
	for _, f := range []struct {
		what   string
		series [2]series
	}{
		{"transitions per second of 32 callers", rate},
		{"processor time of the server for a transition, µs", moved},
		{"processor time of the server for a list, µs", listed},
	} {
		b.table.add(row{
			what:    f.what,
			found:   f.series[0].String(),
			against: "the other binary: " + f.series[1].String(),
			ratio:   ratios(f.series[0], f.series[1]).String(),
		})
	}
	return nil
}

// fillThrough is fill for a server with other tables: an organization exists from its first token on.
func (b *bench) fillThrough(p *process) error {
	for n := range organizations {
		token, err := tokenFor(adminOf(organizationIDs, n))
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
	return b.plantAll(0, b.workflows, ownerOf, journalRows)
}
