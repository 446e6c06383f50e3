package simulation_test

import (
	"slices"
	"strings"
)

// changes says which rows a transaction may have changed, so that the judge reads no others.
type changes uint8

const (
	ofMoney changes = 1 << iota // accounts, calls, the ledger, and the budgets of articles
	ofWork                      // everything else that the judge reads
	ofAll   = ofMoney | ofWork
)

// changesOf returns what a statement has changed by its answer. A failed one counts as if it had not failed.
func changesOf(statement, result string) changes {
	if !mayWrite(statement) || statement == "commit" || strings.HasSuffix(result, " 0") {
		return 0
	}
	for _, kind := range []string{"Account", "Call", "ArticleBudget", "UsageDay"} {
		if strings.HasPrefix(statement, kind) {
			return ofMoney
		}
	}
	if strings.HasPrefix(statement, "Idempotency") {
		return 0
	}
	return ofWork
}

// digest resumes each actor with an answer until its next statement, one after the other. It returns what they have
// committed.
func (w *world) digest() (committed changes) {
	for {
		i := slices.IndexFunc(w.actors, func(a *actor) bool { return a.state == answered })
		if i < 0 {
			return committed
		}
		a := w.actors[i]
		a.written |= changesOf(a.statement, a.result)
		if !a.within {
			if a.statement != "rollback" {
				committed |= a.written
			}
			a.written = 0
		}
		w.tracef("  %s: %s → %s", a.name, a.statement, a.result)
		if a.crashed {
			w.kill(a)
			continue
		}
		a.statement = ""
		w.let(a, unbroken)
	}
}

// mayWait reports whether another actor has an open transaction, which an actor could wait for.
func (w *world) mayWait(a *actor) bool {
	return slices.ContainsFunc(w.actors, func(other *actor) bool { return other != a && other.holds })
}
