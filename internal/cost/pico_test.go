package cost_test

import (
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/fault"
)

func TestPicoString_IsTheShortestExactDecimal(t *testing.T) {
	t.Parallel()
	for want, amount := range map[string]cost.Pico{
		"0":                     0,
		"1":                     cost.Dollar,
		"10":                    10 * cost.Dollar,
		"0.0017":                1_700_000_000,
		"-0.5":                  -cost.Dollar / 2,
		"-12":                   -12 * cost.Dollar,
		"0.000000000001":        1,
		"-0.000000000001":       -1,
		"1.000000000001":        cost.Dollar + 1,
		"9223372.036854775807":  math.MaxInt64,
		"-9223372.036854775808": math.MinInt64,
	} {
		if got := amount.String(); got != want {
			t.Errorf("text of %d picodollars: got %q, want %q", int64(amount), got, want)
		}
	}
}

func TestPico_ArithmeticRefusesOverflow(t *testing.T) {
	t.Parallel()
	const least, greatest = cost.Pico(math.MinInt64), cost.Pico(math.MaxInt64)
	for name, result := range map[string]func() (cost.Pico, error){
		"GreatestPlusOne":          func() (cost.Pico, error) { return greatest.Add(1) },
		"LeastPlusMinusOne":        func() (cost.Pico, error) { return least.Add(-1) },
		"LeastMinusOne":            func() (cost.Pico, error) { return least.Sub(1) },
		"GreatestMinusMinusOne":    func() (cost.Pico, error) { return greatest.Sub(-1) },
		"ZeroMinusLeast":           func() (cost.Pico, error) { return cost.Pico(0).Sub(least) },
		"LeastTimesMinusOne":       func() (cost.Pico, error) { return least.Times(-1) },
		"MinusOneTimesLeast":       func() (cost.Pico, error) { return cost.Pico(-1).Times(math.MinInt64) },
		"HalfOfGreatestTimesThree": func() (cost.Pico, error) { return (greatest / 2).Times(3) },
		"AWholeTurn":               func() (cost.Pico, error) { return cost.Pico(1 << 32).Times(1 << 32) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := result()
			if fault.KindOf(err) != fault.InvalidInput || got != 0 {
				t.Errorf("got %d and error %v, want 0 and INVALID_INPUT", int64(got), err)
			}
		})
	}
}

func TestPico_ArithmeticIsExactOrAnError(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.Int64().Draw(t, "p")
		q := rapid.Int64().Draw(t, "q")
		a, b := big.NewInt(p), big.NewInt(q)
		for name, c := range map[string]struct {
			want   *big.Int
			result func() (cost.Pico, error)
		}{
			"Add":   {new(big.Int).Add(a, b), func() (cost.Pico, error) { return cost.Pico(p).Add(cost.Pico(q)) }},
			"Sub":   {new(big.Int).Sub(a, b), func() (cost.Pico, error) { return cost.Pico(p).Sub(cost.Pico(q)) }},
			"Times": {new(big.Int).Mul(a, b), func() (cost.Pico, error) { return cost.Pico(p).Times(q) }},
		} {
			got, err := c.result()
			switch {
			case c.want.IsInt64() && (err != nil || int64(got) != c.want.Int64()):
				t.Fatalf("%s(%d, %d): got %d and error %v, want %d", name, p, q, int64(got), err, c.want)
			case !c.want.IsInt64() && err == nil:
				t.Fatalf("%s(%d, %d): got %d, want an error: the result is %d", name, p, q, int64(got), c.want)
			}
		}
	})
}
