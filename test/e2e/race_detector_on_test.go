//go:build race

package e2e

// detectsRaces is true when the program and its tests look for data races, which takes memory of its own.
const detectsRaces = true
