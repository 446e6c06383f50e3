//go:build unix

package main

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSchedule_SeedPlansTheSameInjections(t *testing.T) {
	t.Parallel()
	kind := moves
	plan := func(seed uint64) (lines []string) {
		d := deck{kinds: injectionKinds[kind]}
		for round := 1; round <= 3; round++ {
			for _, f := range schedule(seed, round, 10*time.Second, &d) {
				lines = append(lines, f.String())
			}
		}
		return lines
	}
	if diff := cmp.Diff(plan(7), plan(7)); diff != "" {
		t.Errorf("the same seed (-first +second):\n%s", diff)
	}
	if slices.Equal(plan(7), plan(8)) {
		t.Error("another seed plans the same injections")
	}
	for _, kind = range []roundKind{moves, posts} {
		all := strings.Join(plan(7), "\n")
		for _, injection := range injectionKinds[kind] {
			if !strings.Contains(all, string(injection)) {
				t.Errorf("three rounds of %s are without %s", kind, injection)
			}
		}
	}
}

func TestGuards_EachGuardIsInTheStatement(t *testing.T) {
	t.Parallel()
	for name, g := range guards {
		for _, c := range g.allCuts() {
			text, err := os.ReadFile("../../" + c.file)
			if err != nil {
				t.Fatal(err)
			}
			weak, err := c.from(string(text))
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if weak == string(text) || len(text)-len(weak) > len(c.condition) {
				t.Errorf("%s: the cut removed more than the guard, or nothing", name)
			}
			if _, err := c.from(weak); err == nil {
				t.Errorf("%s: a text without the guard is cut again", name)
			}
		}
	}
}
