package main

import (
	"errors"
	"fmt"
)

const (
	// overviewFlows and overviewCalls are the size of the organization of the overview: a million ledger entries.
	overviewFlows, overviewCalls = 100_000, 250_000
	// overviewFirst is the number of its first workflow, beyond those of the part ledger.
	overviewFirst = spenderFlows + 10_000_000
	// overviewTurns is the number of requests of each query.
	overviewTurns = 50
)

// overviewQueries are what a dashboard asks for: the workflows by state, the month, and both at once.
var overviewQueries = []struct{ name, text string }{
	{"workflowCounts", `{ organization { workflowCounts { total states { state count } statuses { status count } } } }`},
	{"the month's overview", `{ organization { spend { limit settled held remaining }
		months(first: 3) { nodes { period { start end } opening { limit } closing { settled held limit } } } } }`},
	{"both", `{ organization { workflowCounts { total statuses { status count } } spend { limit settled held remaining }
		months(first: 3) { nodes { period { start end } closing { settled held limit } } } } }`},
}

// overview measures the queries of a dashboard for a large organization.
func (b *bench) overview() error {
	if !b.counts {
		return errors.New("this part needs pg_stat_statements")
	}
	s := spender{number: payers + 1, first: overviewFirst, flows: overviewFlows, calls: overviewCalls}
	if err := b.plantSpender(s); err != nil {
		return err
	}
	if _, err := b.owner.Exec(b.ctx, "VACUUM ANALYZE"); err != nil {
		return err
	}
	p, err := b.serve("--workers=false")
	if err != nil {
		return err
	}
	defer p.stop()
	token, err := tokenFor(s.who())
	if err != nil {
		return err
	}
	c, err := dial(p.address, token)
	if err != nil {
		return err
	}
	defer c.close()
	for _, query := range overviewQueries {
		text := operation(query.text)
		if _, err := c.ask(text, "{}"); err != nil { // The first request reads from the disk.
			return err
		}
		processor := b.usedByDatabase()
		statements, took, err := b.databaseTime(func() error {
			for range overviewTurns {
				if _, err := c.ask(text, "{}"); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		processor = b.usedByDatabase() - processor
		size := fmt.Sprintf("%s at %d workflows and %d ledger entries", query.name, s.flows, 4*s.calls)
		b.table.add(row{what: "statements for " + size, found: figure(statements / overviewTurns), goal: "≤ 3"})
		b.table.add(row{
			what:  "database time of " + size + ", ms",
			found: figure(took/overviewTurns) + "; processor: " + figure(milliseconds(processor)/overviewTurns),
			goal:  "< 50",
		})
	}
	return nil
}

// databaseTime returns the statements that PostgreSQL executes during do, and their time in milliseconds.
func (b *bench) databaseTime(do func() error) (statements, took float64, err error) {
	const time = `SELECT coalesce(sum(total_exec_time + total_plan_time), 0) FROM pg_stat_statements AS s
JOIN pg_database AS d ON d.oid = s.dbid
WHERE d.datname = current_database() AND s.query NOT LIKE '%pg_stat_statements%'`
	var before, after float64
	if err := b.owner.QueryRow(b.ctx, time).Scan(&before); err != nil {
		return 0, 0, err
	}
	first, err := b.statements()
	if err != nil {
		return 0, 0, err
	}
	if err := do(); err != nil {
		return 0, 0, err
	}
	last, err := b.statements()
	if err != nil {
		return 0, 0, err
	}
	err = b.owner.QueryRow(b.ctx, time).Scan(&after)
	return float64(last - first), after - before, err
}
