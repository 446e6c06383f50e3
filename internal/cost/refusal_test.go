package cost_test

import (
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/fault"
)

func TestRefuse_SaysWhetherARetryCanHelp(t *testing.T) {
	t.Parallel()
	const cent = cost.Dollar / 100
	for name, c := range map[string]struct {
		account  cost.AccountKind
		balance  cost.Balance
		needed   cost.Pico
		want     fault.Kind
		sentence string
	}{
		"HeldByCallsInFlight": {
			cost.AccountWorkflow,
			cost.Balance{Settled: 50 * cent, Held: 48 * cent, Limit: cost.Limit(cost.Dollar)},
			3 * cent,
			fault.BudgetHeld,
			"The workflow's limit of $1 has no room for $0.03 now: $0.5 is spent and calls in flight hold $0.48. " +
				"Try again when they have ended.",
		},
		"FitsToTheLastPicodollar": {
			cost.AccountMonth,
			cost.Balance{Settled: 97 * cent, Held: 1, Limit: cost.Limit(cost.Dollar)},
			3 * cent,
			fault.BudgetHeld,
			"The month's limit of $1 has no room for $0.03 now: $0.97 is spent and calls in flight hold $0.000000000001. " +
				"Try again when they have ended.",
		},
		"OnePicodollarShort": {
			cost.AccountMonth,
			cost.Balance{Settled: 97*cent + 1, Limit: cost.Limit(cost.Dollar)},
			3 * cent,
			fault.BudgetExhausted,
			"The month's limit of $1 has no room for $0.03: $0.970000000001 is spent.",
		},
		"Stopped": {
			cost.AccountWorkflow,
			cost.Balance{Settled: 1, Limit: cost.Limit(cost.Dollar), Stopped: true},
			3 * cent,
			fault.BudgetExhausted,
			"The workflow's account is stopped, because a call cost more than was held for it. " +
				"Set the limit again to go on.",
		},
		"TooLargeToCount": {
			cost.AccountWorkflow,
			cost.Balance{Settled: 1, Limit: cost.Unlimited},
			math.MaxInt64,
			fault.BudgetExhausted,
			"The workflow has no limit, but $9223372.036854775807 cannot be counted beside the $0.000000000001 that is " +
				"spent or held.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused := cost.Refuse(c.account, c.balance, c.needed)
			want := cost.Refusal{
				Account:   c.account,
				Balance:   c.balance,
				Needed:    c.needed,
				Retryable: c.want == fault.BudgetHeld,
			}
			if refused.Refusal != want {
				t.Errorf("refusal: got %+v, want %+v", refused.Refusal, want)
			}
			if got := fault.KindOf(fmt.Errorf("reserve: %w", refused)); got != c.want {
				t.Errorf("kind: got %s, want %s", got, c.want)
			}
			if got := refused.Error(); got != c.sentence {
				t.Errorf("sentence: got %q, want %q", got, c.sentence)
			}
		})
	}
}

func TestAdmits_UpToTheLimit(t *testing.T) {
	t.Parallel()
	balance := cost.Balance{Settled: 50, Held: 30, Limit: 100}
	for hold, want := range map[cost.Pico]bool{0: true, 19: true, 20: true, 21: false, -1: false, math.MaxInt64: false} {
		if got := balance.Admits(hold); got != want {
			t.Errorf("hold of %d: got %t, want %t", int64(hold), got, want)
		}
	}
	balance.Stopped = true
	if balance.Admits(0) {
		t.Error("a stopped account admitted a hold")
	}
}

func TestRemaining_MayBeNegative(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		balance cost.Balance
		want    string
		limited bool
	}{
		"Fresh":          {cost.Balance{Limit: 100}, "0.0000000001", true},
		"Used":           {cost.Balance{Settled: 50, Held: 30, Limit: 100}, "0.00000000002", true},
		"UsedUp":         {cost.Balance{Settled: 70, Held: 30, Limit: 100}, "0", true},
		"Overspent":      {cost.Balance{Settled: 120, Held: 30, Limit: 100}, "-0.00000000005", true},
		"Unlimited":      {cost.Balance{Settled: 50, Held: 30, Limit: cost.Unlimited}, "0", false},
		"BeyondTheRange": {cost.Balance{Settled: math.MaxInt64, Held: math.MaxInt64}, "-18446744.073709551614", true},
	} {
		if got, limited := c.balance.Remaining(); got.String() != c.want || limited != c.limited {
			t.Errorf("%s: got %s, limited %t, want %s, %t", name, got, limited, c.want, c.limited)
		}
	}
}

func TestAdmits_ExactlyWhatRemains(t *testing.T) {
	t.Parallel()
	amount := rapid.Int64Range(0, 1000)
	rapid.Check(t, func(t *rapid.T) {
		balance := cost.Balance{
			Settled: cost.Pico(amount.Draw(t, "settled")),
			Held:    cost.Pico(amount.Draw(t, "held")),
			Limit:   cost.Limit(cost.Pico(amount.Draw(t, "limit"))),
		}
		hold := cost.Pico(amount.Draw(t, "hold"))
		remaining, _ := balance.Remaining()
		if got, want := balance.Admits(hold), cost.FigureOf(hold).Cmp(remaining) <= 0; got != want {
			t.Fatalf("%+v admits %d: got %t, want %t", balance, int64(hold), got, want)
		}
		// A refusal that says "later" is right: with nothing held the same account admits the hold.
		waited := balance
		waited.Held = 0
		if got, want := cost.Refuse(cost.AccountWorkflow, balance, hold).Retryable, waited.Admits(hold); got != want {
			t.Fatalf("%+v retryable for %d: got %t, want %t", balance, int64(hold), got, want)
		}
	})
}
