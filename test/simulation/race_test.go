//go:build race

package simulation_test

// The race detector makes each seed more than twice as slow.
func init() { usualSeeds = 90 }
