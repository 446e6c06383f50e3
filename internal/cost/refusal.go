package cost

import (
	"fmt"
	"strings"

	"github.com/infin8content/engine/internal/fault"
)

// Refusal describes why an account admitted no hold.
type Refusal struct {
	Account AccountKind
	Balance Balance
	Needed  Pico // the requested hold, or the most that the approved work can cost
	// Affordable is how many of the approved articles the account has room for; 0 for a single call.
	Affordable int
	// Retryable says that the hold would fit if the calls in flight cost less than they hold.
	Retryable bool
}

// RefusedError is the error of a hold that was not admitted.
type RefusedError struct{ Refusal }

// Refuse returns the refusal of a hold by an account with this balance. It is BUDGET_HELD, to be retried, when the hold
// would fit without the other holds, and else BUDGET_EXHAUSTED. A stopped account is BUDGET_EXHAUSTED. Refuse does not
// decide about admission: a balance that was read after the refusal may have room again, and is BUDGET_HELD.
func Refuse(account AccountKind, b Balance, needed Pico) *RefusedError {
	alone, err := b.Settled.Add(needed)
	return &RefusedError{Refusal{
		Account:   account,
		Balance:   b,
		Needed:    needed,
		Retryable: err == nil && b.Limit.Allows(alone) && !b.Stopped,
	}}
}

// Error is the sentence for the client.
func (e *RefusedError) Error() string {
	whose, b := strings.ToLower(string(e.Account)), e.Balance
	limit, limited := b.Limit.Amount()
	switch {
	case b.Stopped:
		return fmt.Sprintf("The %s's account is stopped, because a call cost more than was held for it. "+
			"Set the limit again to go on.", whose)
	case !limited:
		return fmt.Sprintf("The %s has no limit, but $%s cannot be counted beside the $%s that is spent or held.",
			whose, e.Needed, b.used())
	case e.Retryable:
		return fmt.Sprintf("The %s's limit of $%s has no room for $%s now: $%s is spent and calls in flight hold $%s. "+
			"Try again when they have ended.", whose, limit, e.Needed, b.Settled, b.Held)
	}
	return fmt.Sprintf("The %s's limit of $%s has no room for $%s: $%s is spent.", whose, limit, e.Needed, b.Settled)
}

// Kind is the code for the client: BUDGET_HELD when a retry can succeed, else BUDGET_EXHAUSTED.
func (e *RefusedError) Kind() fault.Kind {
	if e.Retryable {
		return fault.BudgetHeld
	}
	return fault.BudgetExhausted
}
