package fair_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/infin8content/engine/internal/fair"
)

func TestPace_SpreadsTheEntriesOfAKeyBesideOthers(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	p := fair.NewPace[string](10, func() time.Time { return now })
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for i, step := range []struct {
		key  string
		pass time.Duration
		wait time.Duration
	}{
		{key: "a"},
		{key: "a"},
		{key: "a"},
		{key: "a"}, // alone
		{key: "b"},
		{key: "a"}, // 0.2 s at once
		{key: "a"},
		{key: "a"},
		{key: "a", wait: 100 * time.Millisecond},
		{key: "a", wait: 200 * time.Millisecond},
		{key: "b"},
		{key: "a", pass: 150 * time.Millisecond, wait: 150 * time.Millisecond},
		{key: "a", pass: time.Second}, // alone again
		{key: "a"},
		{key: "a"},
		{key: "a"},
	} {
		now = now.Add(step.pass)
		before := p.Figures()
		err := p.Wait(over, step.key)
		after := p.Figures()
		if got := after.TotalWait - before.TotalWait; got != step.wait || after.Waiting != 0 {
			t.Errorf("entry %d: got a wait of %s, and %d wait, want %s and 0", i, got, after.Waiting, step.wait)
		}
		if errors.Is(err, context.Canceled) != (step.wait > 0) {
			t.Errorf("entry %d: got %v, want an error when it waits", i, err)
		}
	}
}

func TestPace_LetsAnEntryGoOnInTime(t *testing.T) {
	t.Parallel()
	p := fair.NewPace[string](20, time.Now)
	if err := p.Wait(t.Context(), "b"); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	for range 8 { // 0.2 s of them at once, and three later
		if err := p.Wait(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
	}
	if took := time.Since(began); took < 100*time.Millisecond {
		t.Errorf("got %s for eight entries, want a pace of 20 in a second", took)
	}
}

func TestPace_OfNothingLimitsNothing(t *testing.T) {
	t.Parallel()
	p := fair.NewPace[string](0, time.Now)
	over, cancel := context.WithCancel(t.Context())
	cancel()
	for i := range 1000 {
		if err := p.Wait(over, []string{"a", "b"}[i%2]); err != nil {
			t.Fatal(err)
		}
	}
}
