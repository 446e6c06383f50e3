package cost

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/infin8content/engine/internal/fault"
)

// Pico is an amount of money in picodollars, 10⁻¹² USD. An int64 of them reaches some nine million dollars. A price per
// token with twelve decimals is a whole number of them, so no bill is rounded.
type Pico int64

const (
	// Dollar is one US dollar.
	Dollar Pico = 1_000_000_000_000
	// MaxCallCost is the greatest cost that is booked for one call: far more than any call costs, and far less than the
	// range of Pico, so that one wrong figure does not exhaust it.
	MaxCallCost = 10_000 * Dollar

	// maxAmount is the greatest amount that a text can name: as a limit, the next number is Unlimited.
	maxAmount Pico = math.MaxInt64 - 1

	// decimals is the number of decimals of a dollar amount in a Pico.
	decimals = 12
)

// Add returns p + q, or an INVALID_INPUT error when the sum cannot be represented.
func (p Pico) Add(q Pico) (Pico, error) {
	sum := p + q
	if (sum < p) != (q < 0) {
		return 0, tooLarge()
	}
	return sum, nil
}

// Sub returns p − q, or an INVALID_INPUT error when the difference cannot be represented.
func (p Pico) Sub(q Pico) (Pico, error) {
	difference := p - q
	if (difference > p) != (q < 0) {
		return 0, tooLarge()
	}
	return difference, nil
}

// Times returns p · n, or an INVALID_INPUT error when the product cannot be represented.
func (p Pico) Times(n int64) (Pico, error) {
	if p == 0 || n == 0 {
		return 0, nil
	}
	product := p * Pico(n)
	// Dividing back finds every overflow but one: −1 · the least int64 wraps to itself, and so does the quotient.
	if product/p != Pico(n) || (p == -1 && n == math.MinInt64) {
		return 0, tooLarge()
	}
	return product, nil
}

// String returns p in dollars as the shortest exact decimal: "0.0017", "1", "-0.5".
func (p Pico) String() string {
	sign, magnitude := "", uint64(p)
	if p < 0 {
		// In two's complement this is right for the least int64 too, which has no positive counterpart.
		sign, magnitude = "-", -magnitude
	}
	whole, fraction := magnitude/uint64(Dollar), magnitude%uint64(Dollar)
	text := sign + strconv.FormatUint(whole, 10)
	if fraction == 0 {
		return text
	}
	return text + "." + strings.TrimRight(fmt.Sprintf("%0*d", decimals, fraction), "0")
}

// Rounded returns p in dollars for a sentence: rounded up to a cent, and below one cent to a hundredth of a cent. It
// has at least two decimals.
func (p Pico) Rounded() string {
	unit := Dollar / 100
	if p < unit {
		unit /= 100
	}
	if rest := p % unit; rest > 0 {
		p += min(unit-rest, math.MaxInt64-p)
	}
	text := p.String()
	point := strings.IndexByte(text, '.')
	if point < 0 {
		return text + ".00"
	}
	return text + strings.Repeat("0", max(0, 2-(len(text)-point-1)))
}

func tooLarge() error {
	return fault.New(fault.InvalidInput, "The amount is too large: at most $%s can be counted.", maxAmount)
}
