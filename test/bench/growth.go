package main

import (
	"fmt"
	"time"
)

// growth compares the latencies of a caller before and after adding many workflows.
func (b *bench) growth() error {
	few, err := b.waits()
	if err != nil {
		return err
	}
	began := time.Now()
	if err := b.plantAll(b.workflows, b.grown, ownerOf, journalRows); err != nil {
		return err
	}
	small := b.workflows
	b.workflows = b.grown
	b.say("%d workflows, written in %.0f s", b.workflows, time.Since(began).Seconds())
	many, err := b.waits()
	if err != nil {
		return err
	}
	for i, what := range []string{"transition latency at 8 callers, p50, ms", "list latency at 8 callers, p50, ms"} {
		b.table.add(row{
			what:    fmt.Sprintf("%s, with %d workflows and %d journal rows", what, b.workflows, b.workflows*journalRows),
			found:   many[i].String(),
			against: fmt.Sprintf("with %d: %s", small, few[i]),
			ratio:   figure(many[i].median() / few[i].median()),
			goal:    "≤ 1.2",
		})
	}
	began = time.Now()
	if err := b.command("verify"); err != nil {
		return err
	}
	b.table.add(row{
		what:  fmt.Sprintf("verify of %d journal rows, s", b.workflows*journalRows),
		found: figure(time.Since(began).Seconds()),
	})
	return nil
}

// waits measures the median latency of transitions and of lists.
func (b *bench) waits() (found [2]series, err error) {
	p, err := b.serve("--workers=false")
	if err != nil {
		return found, err
	}
	defer p.stop()
	// The first requests read from the disk. Only the later ones count.
	if _, _, err := b.throughHTTP(p, 8, b.slice); err != nil {
		return found, err
	}
	for range max(b.rounds, 5) {
		_, took, err := b.throughHTTP(p, 8, b.slice)
		if err != nil {
			return found, err
		}
		l, err := b.listTurn(p)
		if err != nil {
			return found, err
		}
		found[0], found[1] = append(found[0], quantile(took, 50)), append(found[1], quantile(l.took, 50))
	}
	return found, nil
}
