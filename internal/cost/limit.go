package cost

import "math"

// Limit is the most that settled and held money may come to on one account: an amount in picodollars, or Unlimited. It
// has a type of its own, so that no limit can pass for an amount and no amount for Unlimited. The database stores the
// number and the hash of a ledger entry covers it.
type Limit int64

// Unlimited is the absence of a limit. No text is parsed into it: a client asks for it by name. Every amount is within
// it.
const Unlimited Limit = math.MaxInt64

// Amount returns the amount of the limit, and false when there is no limit.
func (l Limit) Amount() (Pico, bool) {
	if l == Unlimited {
		return 0, false
	}
	return Pico(l), true
}

// Allows reports whether an amount is within the limit.
func (l Limit) Allows(amount Pico) bool { return int64(amount) <= int64(l) }

// String returns the limit in dollars, or "unlimited".
func (l Limit) String() string {
	amount, limited := l.Amount()
	if !limited {
		return "unlimited"
	}
	return amount.String()
}

// Minus returns the difference of the stored numbers, or an INVALID_INPUT error when it cannot be represented.
func (l Limit) Minus(m Limit) (Limit, error) {
	difference, err := Pico(l).Sub(Pico(m))
	return Limit(difference), err
}

// plus returns the limit changed by a difference of stored numbers.
func (l Limit) plus(difference Limit) (Limit, error) {
	sum, err := Pico(l).Add(Pico(difference))
	return Limit(sum), err
}
