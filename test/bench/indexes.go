package main

import (
	"fmt"
	"strings"

	"github.com/infin8content/engine/internal/engine"
)

// The spender of the part indexes has fewer calls than that of the part overview, and other workflows.
const (
	indexedFlows, indexedCalls = 1_000, 50_000
	indexedFirst               = overviewFirst + 10_000_000
)

// listIndexes are the indexes of the lists of calls and money events of an organization. Every reservation and
// settlement writes into most of them.
var listIndexes = []string{
	"ai_calls_by_time", "ai_calls_by_unsettled_state", "ai_calls_by_failure", "ai_calls_by_model", "ai_calls_by_provider",
	"ai_usage_ledger_by_time", "ai_usage_ledger_by_rare_kind",
}

// index is an index with the statement that makes it, and its size.
type index struct {
	name, definition string
	bytes            int64
}

// indexes measures reservations and settlements with and without the indexes of the lists, in turns, and their sizes.
func (b *bench) indexes() error {
	if err := b.fillPayers(); err != nil {
		return err
	}
	s := spender{number: payers + 2, first: indexedFirst, flows: indexedFlows, calls: indexedCalls}
	if err := b.plantSpender(s); err != nil {
		return err
	}
	if _, err := b.owner.Exec(b.ctx, "VACUUM ANALYZE"); err != nil {
		return err
	}
	all, err := b.findIndexes()
	if err != nil {
		return err
	}
	e, closeEngine, err := b.newEngine()
	if err != nil {
		return err
	}
	defer closeEngine()
	with, without, err := b.pairsWithAndWithout(e, all)
	if err != nil {
		return err
	}
	b.table.add(row{
		what: fmt.Sprintf("reserve + settle pairs/s, engine, on %d organizations, with %d indexes of lists", payers,
			len(all)),
		found:   with.perSecond.String(),
		against: "without " + without.perSecond.String(),
		ratio:   with.against(without),
	})
	for _, i := range all {
		b.table.add(row{
			what:  fmt.Sprintf("size of the index %s at %d calls, MiB", i.name, s.calls),
			found: figure(float64(i.bytes) / (1 << 20)),
		})
	}
	return nil
}

func (b *bench) pairsWithAndWithout(e *engine.Engine, all []index) (with, without rates, err error) {
	for range b.rounds {
		found, err := b.enginePairs(e, payers)
		if err != nil {
			return with, without, err
		}
		with.add(found)
		for _, i := range all {
			if _, err := b.owner.Exec(b.ctx, "DROP INDEX "+i.name); err != nil {
				return with, without, err
			}
		}
		if found, err = b.enginePairs(e, payers); err != nil {
			return with, without, err
		}
		without.add(found)
		for _, i := range all {
			if _, err := b.owner.Exec(b.ctx, i.definition); err != nil {
				return with, without, err
			}
		}
	}
	return with, without, nil
}

// findIndexes returns the indexes of the lists.
func (b *bench) findIndexes() ([]index, error) {
	const find = `SELECT indexname, indexdef, pg_relation_size(indexname::regclass) FROM pg_indexes
		WHERE schemaname = 'public' AND indexname = ANY($1) ORDER BY tablename, indexname`
	rows, err := b.owner.Query(b.ctx, find, listIndexes)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []index
	for rows.Next() {
		var i index
		if err := rows.Scan(&i.name, &i.definition, &i.bytes); err != nil {
			return nil, err
		}
		all = append(all, i)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	if len(all) != len(listIndexes) {
		return nil, fmt.Errorf("got %d of the indexes %s", len(all), strings.Join(listIndexes, ", "))
	}
	return all, nil
}
