package cost

import (
	"math/big"
	"time"
)

// Sums are the totals of some calls.
type Sums struct {
	Calls, PromptTokens, CompletionTokens int64
	Settled                               Pico // billed
	Held                                  Pico // held by calls in flight
	Assumed                               Pico // holds that were booked as the cost, since the cost stayed unknown
	Adjusted                              Pico // corrections, in both directions
	Overage                               Pico // the part of Settled beyond the holds
}

// Plus returns the sums of both, or an INVALID_INPUT error when an amount cannot be represented.
func (s Sums) Plus(t Sums) (Sums, error) {
	sum := Sums{
		Calls: s.Calls + t.Calls, PromptTokens: s.PromptTokens + t.PromptTokens,
		CompletionTokens: s.CompletionTokens + t.CompletionTokens,
	}
	for _, part := range []struct {
		to   *Pico
		p, q Pico
	}{
		{&sum.Settled, s.Settled, t.Settled},
		{&sum.Held, s.Held, t.Held},
		{&sum.Assumed, s.Assumed, t.Assumed},
		{&sum.Adjusted, s.Adjusted, t.Adjusted},
		{&sum.Overage, s.Overage, t.Overage},
	} {
		var err error
		if *part.to, err = part.p.Add(part.q); err != nil {
			return Sums{}, err
		}
	}
	return sum, nil
}

// Booked returns the money that the ledger has booked as spent: settled + assumed + adjusted. For all calls of an
// account it equals the settled balance.
func (s Sums) Booked() (Pico, error) {
	booked, err := s.Settled.Add(s.Assumed)
	if err != nil {
		return 0, err
	}
	return booked.Add(s.Adjusted)
}

// Each returns total / n, rounded up to a whole picodollar; n is positive.
func Each(total Pico, n int64) Pico {
	each := int64(total) / n // rounds up when total is negative
	if int64(total)%n > 0 {
		each++
	}
	return Pico(each)
}

// Forecast returns the cost of a whole period at the rate from its start to an instant within it: spent · length /
// elapsed, in whole microseconds, rounded up to a whole picodollar. At the start it is spent.
func Forecast(spent Pico, p Period, at time.Time) Figure {
	elapsed := at.Sub(p.Start).Microseconds()
	if elapsed <= 0 {
		return FigureOf(spent)
	}
	product := new(big.Int).Mul(big.NewInt(int64(spent)), big.NewInt(p.End.Sub(p.Start).Microseconds()))
	forecast, rest := new(big.Int).QuoRem(product, big.NewInt(elapsed), new(big.Int))
	if rest.Sign() > 0 {
		forecast.Add(forecast, big.NewInt(1))
	}
	return Figure{forecast}
}

// ExhaustedAt returns when spending reaches the limit, at the rate from the period's start to an instant within it:
// start + elapsed · limit / spent, rounded down to a microsecond. It is in the past when the limit is reached. It is
// nil when that is not before the period's end, when there is no limit, and when nothing was spent.
func ExhaustedAt(b Balance, p Period, at time.Time) *time.Time {
	elapsed := at.Sub(p.Start).Microseconds()
	limit, limited := b.Limit.Amount()
	if !limited || b.Settled <= 0 || elapsed <= 0 {
		return nil
	}
	micros := new(big.Int).Mul(big.NewInt(elapsed), big.NewInt(int64(limit)))
	micros.Quo(micros, big.NewInt(int64(b.Settled)))
	if micros.Cmp(big.NewInt(p.End.Sub(p.Start).Microseconds())) >= 0 {
		return nil
	}
	reached := p.Start.Add(time.Duration(micros.Int64()) * time.Microsecond)
	return &reached
}
