//go:build !race

package e2e

// detectsRaces reports whether the race detector is on. The race detector uses much memory.
const detectsRaces = false
