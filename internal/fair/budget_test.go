package fair_test

import (
	"errors"
	"testing"
	"time"

	"github.com/infin8content/engine/internal/fair"
)

func TestBudget_IsChargedAfterTheFact(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	b := fair.NewBudget[string](2*time.Second, 10*time.Second, func() time.Time { return now })
	wait := func(key string) int {
		var spent *fair.SpentError
		if errors.As(b.Check(key), &spent) {
			return spent.Seconds()
		}
		return 0
	}
	for _, step := range []struct {
		charge, pass time.Duration
		wait         int
	}{
		{charge: 9 * time.Second, wait: 0},
		{charge: 5 * time.Second, wait: 2}, // 4 s too much, and 2 s come back in a second
		{pass: time.Second, wait: 1},
		{pass: time.Second, wait: 1}, // exactly the burst is used
		{pass: time.Millisecond, wait: 0},
		{charge: time.Hour, wait: 5}, // a key owes at most twice the burst
		{pass: time.Hour, wait: 0},
	} {
		now = now.Add(step.pass)
		b.Charge("a", step.charge)
		if got := wait("a"); got != step.wait {
			t.Errorf("after %+v: got a wait of %d s", step, got)
		}
	}
	if got := wait("b"); got != 0 {
		t.Errorf("another key waits %d s", got)
	}
	if got := b.Figures(); got.Refused != 4 || got.TotalWait != time.Hour+14*time.Second {
		t.Errorf("got %+v, want 4 refused and all charges", got)
	}
}

func TestBudget_WithoutARefillLimitsNothing(t *testing.T) {
	t.Parallel()
	b := fair.NewBudget[string](0, 0, time.Now)
	b.Charge("a", time.Hour)
	if err := b.Check("a"); err != nil {
		t.Error(err)
	}
}
