package server

import (
	"math"
	"runtime/debug"
)

// memoryGoal keeps the memory of a server below 300 MB while attackers hold all connections: from here on Go collects
// more often.
const memoryGoal = 220 << 20

// LimitMemory sets the growth of the heap, in percent, that starts a collection, and the memory goal unless GOMEMLIMIT
// sets one. Go's default growth of 100 spends a tenth of the processor on a heap of a few megabytes.
func LimitMemory(percent int) {
	debug.SetGCPercent(percent)
	if debug.SetMemoryLimit(-1) == math.MaxInt64 {
		debug.SetMemoryLimit(memoryGoal)
	}
}
