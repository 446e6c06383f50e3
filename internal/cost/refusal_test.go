package cost_test

import (
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/fault"
)

func TestARefusalSaysWhetherWaitingHelps(t *testing.T) {
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
			cost.Balance{Settled: 50 * cent, Held: 48 * cent, Limit: cost.Dollar},
			3 * cent,
			fault.BudgetHeld,
			"The workflow's limit of $1 has no room for $0.03 now: $0.5 is spent and calls in flight hold $0.48. " +
				"Try again when they have ended.",
		},
		"FitsToTheLastPicodollar": {
			cost.AccountMonth,
			cost.Balance{Settled: 97 * cent, Held: 1, Limit: cost.Dollar},
			3 * cent,
			fault.BudgetHeld,
			"The month's limit of $1 has no room for $0.03 now: $0.97 is spent and calls in flight hold $0.000000000001. " +
				"Try again when they have ended.",
		},
		"OnePicodollarShort": {
			cost.AccountMonth,
			cost.Balance{Settled: 97*cent + 1, Limit: cost.Dollar},
			3 * cent,
			fault.BudgetExhausted,
			"The month's limit of $1 has no room for $0.03: $0.970000000001 is spent.",
		},
		"Stopped": {
			cost.AccountWorkflow,
			cost.Balance{Settled: 1, Limit: cost.Dollar, Stopped: true},
			3 * cent,
			fault.BudgetExhausted,
			"The workflow's account is stopped, because a call cost more than was held for it. " +
				"Set the limit again to go on.",
		},
		"TooLargeToCount": {
			cost.AccountWorkflow,
			cost.Balance{Settled: 1, Limit: cost.Unlimited},
			cost.Unlimited,
			fault.BudgetExhausted,
			"The workflow's limit of $9223372.036854775807 has no room for $9223372.036854775807: " +
				"$0.000000000001 is spent.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			refused := cost.Refuse(c.account, c.balance, c.needed)
			want := cost.Refusal{
				Account: c.account, Balance: c.balance, Needed: c.needed, Retryable: c.want == fault.BudgetHeld,
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

func TestABalanceAdmitsUpToItsLimitAndNoFurther(t *testing.T) {
	t.Parallel()
	balance := cost.Balance{Settled: 50, Held: 30, Limit: 100}
	for hold, want := range map[cost.Pico]bool{0: true, 19: true, 20: true, 21: false, -1: false, cost.Unlimited: false} {
		if got := balance.Admits(hold); got != want {
			t.Errorf("hold of %d: got %t, want %t", int64(hold), got, want)
		}
	}
	balance.Stopped = true
	if balance.Admits(0) {
		t.Error("a stopped account admitted a hold")
	}
}

func TestTheRemainderMayBeNegative(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		balance cost.Balance
		want    cost.Pico
	}{
		"Fresh":          {cost.Balance{Limit: 100}, 100},
		"Used":           {cost.Balance{Settled: 50, Held: 30, Limit: 100}, 20},
		"UsedUp":         {cost.Balance{Settled: 70, Held: 30, Limit: 100}, 0},
		"Overspent":      {cost.Balance{Settled: 120, Held: 30, Limit: 100}, -50},
		"Unlimited":      {cost.Balance{Settled: 50, Held: 30, Limit: cost.Unlimited}, cost.Unlimited},
		"BeyondCounting": {cost.Balance{Settled: math.MaxInt64, Held: 5, Limit: 100}, 100 - math.MaxInt64},
		"BelowCounting":  {cost.Balance{Settled: math.MaxInt64, Limit: math.MinInt64}, math.MinInt64},
	} {
		if got := c.balance.Remaining(); got != c.want {
			t.Errorf("%s: got %d, want %d", name, int64(got), int64(c.want))
		}
	}
}

func TestABalanceAdmitsExactlyWhatRemains(t *testing.T) {
	t.Parallel()
	amount := rapid.Int64Range(0, 1000)
	rapid.Check(t, func(t *rapid.T) {
		balance := cost.Balance{
			Settled: cost.Pico(amount.Draw(t, "settled")),
			Held:    cost.Pico(amount.Draw(t, "held")),
			Limit:   cost.Pico(amount.Draw(t, "limit")),
		}
		hold := cost.Pico(amount.Draw(t, "hold"))
		if got, want := balance.Admits(hold), hold <= balance.Remaining(); got != want {
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
