package main

import "time"

// used is a rate with the processor time of each side per operation, in microseconds, and the statements per operation.
type used struct {
	rate
	server, database, client float64
	statements               float64
	took                     []time.Duration
}

// used measures the processor time of the database, of this process, and of a server if there is one.
func (b *bench) used(p *process, load func() (float64, []time.Duration, error)) (u used, err error) {
	server := func() time.Duration {
		if p == nil {
			return 0
		}
		return p.processor()
	}
	statements, err := b.statements()
	if err != nil {
		return u, err
	}
	database, program, client := b.usedByDatabase(), server(), ours()
	perSecond, took, err := load()
	if err != nil {
		return u, err
	}
	each := func(d time.Duration) float64 { return float64(d.Microseconds()) / float64(len(took)) }
	u = used{
		server:   each(server() - program),
		database: each(b.usedByDatabase() - database),
		client:   each(ours() - client),
		took:     took,
	}
	u.rate = rate{perSecond, u.database + u.server + u.client}
	after, err := b.statements()
	u.statements = float64(after-statements) / float64(len(took))
	return u, err
}
