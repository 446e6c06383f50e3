package cost

import (
	"fmt"
	"math/big"
	"strings"
)

// Figure is an exact amount that is computed from stored amounts and is never stored itself. It has no range: what does
// not fit into a Pico is still the right figure. The zero value is zero.
type Figure struct{ pico *big.Int }

// FigureOf returns an amount as a figure.
func FigureOf(p Pico) Figure { return Figure{big.NewInt(int64(p))} }

// Cmp returns −1, 0 or 1 as f is less than, equal to or greater than g.
func (f Figure) Cmp(g Figure) int { return f.int().Cmp(g.int()) }

// Equal reports whether two figures are the same amount.
func (f Figure) Equal(g Figure) bool { return f.Cmp(g) == 0 }

// String returns f in dollars as the shortest exact decimal, as Pico.String does.
func (f Figure) String() string {
	sign := ""
	if f.int().Sign() < 0 {
		sign = "-"
	}
	magnitude := new(big.Int).Abs(f.int())
	whole, fraction := magnitude.QuoRem(magnitude, big.NewInt(int64(Dollar)), new(big.Int))
	text := sign + whole.String()
	if fraction.Sign() == 0 {
		return text
	}
	return text + "." + strings.TrimRight(fmt.Sprintf("%0*d", decimals, fraction.Int64()), "0")
}

func (f Figure) int() *big.Int {
	if f.pico == nil {
		return new(big.Int)
	}
	return f.pico
}
