package fair_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/infin8content/engine/internal/fair"
)

// enterAll lets entries of some keys come one after the other at the same moment. It returns how many tenths of a
// second each waited, or −1 for one that was refused.
func enterAll(ctx context.Context, p *fair.Pace[string], keys ...string) []int {
	waits := make([]int, len(keys))
	began := time.Now()
	for i, key := range keys {
		go func() {
			err := p.Wait(ctx, key)
			waits[i] = int(time.Since(began) / (100 * time.Millisecond))
			if errors.As(err, new(*fair.CrowdedError)) {
				waits[i] = -1
			}
		}()
		synctest.Wait()
	}
	time.Sleep(time.Minute)
	synctest.Wait()
	return waits
}

func TestPace_SpreadsTheEntriesOfAKeyBesideOthers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		perSecond int
		keys      []string
		want      []int
	}{
		"Alone":            {10, []string{"a", "a", "a", "a", "a"}, []int{0, 0, 0, 0, 0}},
		"BesideAnother":    {10, []string{"b", "a", "a", "a", "a", "a", "b"}, []int{0, 0, 0, 0, 1, 2, 0}},
		"BothAreCrowds":    {5, []string{"a", "b", "a", "b", "a", "b"}, []int{0, 0, 0, 0, 0, 2}},
		"LongerThanItMay":  {1, []string{"b", "a", "a", "a", "a", "a"}, []int{0, 0, 8, 18, 28, -1}},
		"WithoutALimit":    {0, []string{"b", "a", "a", "a", "a", "a"}, []int{0, 0, 0, 0, 0, 0}},
		"AnotherComesLate": {10, []string{"a", "a", "a", "a", "b", "a", "a", "a", "a"}, []int{0, 0, 0, 0, 0, 0, 0, 0, 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				p := fair.NewPace[string](c.perSecond, 3*time.Second, time.Now)
				for round := range 2 { // A minute later nothing is left.
					if got := enterAll(t.Context(), p, c.keys...); !slices.Equal(got, c.want) {
						t.Errorf("round %d: got waits of %d tenths, want %d", round, got, c.want)
					}
				}
				if f := p.Figures(); f.Waiting != 0 {
					t.Errorf("got %+v, want that none waits", f)
				}
			})
		})
	}
}

// Entries that end before their turn make those after them wait no longer.
func TestPace_AnEntryThatEndsGivesItsTurnBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		p := fair.NewPace[string](10, 3*time.Second, time.Now)
		if err := p.Wait(t.Context(), "b"); err != nil {
			t.Fatal(err)
		}
		over, cancel := context.WithCancel(t.Context())
		cancel()
		ended := 0
		for range 1000 {
			if err := p.Wait(over, "a"); err != nil {
				ended++
			}
		}
		began := time.Now()
		if err := p.Wait(t.Context(), "a"); err != nil || time.Since(began) != 100*time.Millisecond {
			t.Errorf("got %v after %s, want a wait of 100 ms", err, time.Since(began))
		}
		if f := p.Figures(); ended != 997 || f.TotalWait != 100*time.Millisecond {
			t.Errorf("got %+v, and %d that ended, want 997 of 1000: three are the burst", f, ended)
		}
	})
}
