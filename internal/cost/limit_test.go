package cost_test

import (
	"math"
	"testing"

	"github.com/infin8content/engine/internal/cost"
)

func TestLimit_IsAnAmountOrUnlimited(t *testing.T) {
	t.Parallel()
	for limit, want := range map[cost.Limit]struct {
		amount  cost.Pico
		limited bool
		text    string
	}{
		0:                 {0, true, "0"},
		1:                 {1, true, "0.000000000001"},
		math.MaxInt64 - 1: {math.MaxInt64 - 1, true, "9223372.036854775806"},
		cost.Unlimited:    {0, false, "unlimited"},
	} {
		amount, limited := limit.Amount()
		if amount != want.amount || limited != want.limited || limit.String() != want.text {
			t.Errorf("%d: got %d, %t, %s, want %+v", int64(limit), int64(amount), limited, limit, want)
		}
	}
}

func TestLimit_AllowsAmountsUpToItself(t *testing.T) {
	t.Parallel()
	for i, c := range []struct {
		limit  cost.Limit
		amount cost.Pico
		want   bool
	}{
		{0, 0, true},
		{0, 1, false},
		{5, 5, true},
		{5, 6, false},
		{math.MaxInt64 - 1, math.MaxInt64, false},
		{cost.Unlimited, math.MaxInt64, true},
	} {
		if got := c.limit.Allows(c.amount); got != c.want {
			t.Errorf("%d: got %t, want %t", i, got, c.want)
		}
	}
}

func TestEntry_LimitDelta(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		before, after cost.Limit
		want          cost.Pico
		isAmount      bool
	}{
		"Raised":        {2, 5, 3, true},
		"Lowered":       {5, 2, -3, true},
		"FromUnlimited": {cost.Unlimited, 5, 0, false},
		"ToUnlimited":   {5, cost.Unlimited, 0, false},
		"StaysNone":     {cost.Unlimited, cost.Unlimited, 0, false},
	} {
		e := cost.Entry{Before: cost.Balance{Limit: c.before}, After: cost.Balance{Limit: c.after}}
		delta, isAmount := e.LimitDelta()
		if isAmount != c.isAmount || isAmount && delta != c.want {
			t.Errorf("%s: got %d, %t, want %d, %t", name, int64(delta), isAmount, int64(c.want), c.isAmount)
		}
	}
}
