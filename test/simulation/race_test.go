//go:build race

package simulation_test

// The race detector takes as long for fewer than half as many.
func init() { usualSeeds = 90 }
