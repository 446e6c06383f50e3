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
	plan := func(seed uint64) (lines []string) {
		var deck []injectionKind
		for round := 1; round <= 3; round++ {
			for _, f := range schedule(seed, round, 10*time.Second, &deck) {
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
	all := strings.Join(plan(7), "\n")
	for _, kind := range injectionKinds {
		if !strings.Contains(all, string(kind)) {
			t.Errorf("three rounds are without %s", kind)
		}
	}
}

func TestGuards_EachGuardIsInTheStatement(t *testing.T) {
	t.Parallel()
	for name, g := range guards {
		text, err := os.ReadFile("../../" + g.file)
		if err != nil {
			t.Fatal(err)
		}
		weak, err := g.cutFrom(string(text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if weak == string(text) || len(text)-len(weak) > len(g.condition) {
			t.Errorf("%s: the cut removed more than the guard, or nothing", name)
		}
		if _, err := g.cutFrom(weak); err == nil {
			t.Errorf("%s: a text without the guard is cut again", name)
		}
	}
}
