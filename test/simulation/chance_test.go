package simulation_test

import "fmt"

// oneIn returns true once in n times on average.
func (w *world) oneIn(n int) bool { return w.chance.IntN(n) == 0 }

func pick[T any](w *world, from []T) T { return from[w.chance.IntN(len(from))] }

// saw counts an event, so that a simulation that exercises nothing fails.
func (w *world) saw(what string) { w.coverage[what]++ }

func (w *world) tracef(format string, args ...any) {
	w.trace = append(w.trace, fmt.Sprintf("%4d  ", len(w.trace))+fmt.Sprintf(format, args...))
}

// failf records the first broken invariant.
func (w *world) failf(format string, args ...any) {
	if w.failure == "" {
		w.failure = fmt.Sprintf(format, args...)
		w.tracef("FAILED: %s", w.failure)
	}
}
