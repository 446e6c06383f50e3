package cost

import (
	"math/big"
	"time"
)

// Sums are the figures of some calls, added up.
type Sums struct {
	Calls, PromptTokens, CompletionTokens int64
	Settled                               Pico // what was billed
	Held                                  Pico // what calls in flight may still cost
	Assumed                               Pico // holds that were booked as the cost, since nobody knew it
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

// Booked returns what the ledger has booked as spent: settled + assumed + adjusted. It is the settled balance of an
// account when all of its calls are summed.
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

// Forecast returns what a period will have cost at its end if spending goes on as it did from its start to an instant
// within it: spent · length / elapsed, in whole microseconds, rounded up to a whole picodollar. At the very start that
// is spent.
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

// ExhaustedAt returns when spending that goes on as it did from the period's start to an instant within it reaches a
// limit: start + elapsed · limit / spent, rounded down to a microsecond; in the past when it has. It is nil when that
// is not before the period's end, or there is no limit or nothing was spent.
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
