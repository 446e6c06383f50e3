package cost

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/infin8content/engine/internal/fault"
)

// The longest texts that are read. 32 bytes hold every exact amount with leading zeros. 512 bytes hold every double
// that a provider may write in full, except extremely small ones.
const (
	maxAmountBytes = 32
	maxBilledBytes = 512

	// maxDigits is how many digits an int64 has.
	maxDigits = 19
)

// ParseUSD reads an amount in dollars from exact decimal text: digits, and after a point 1 to 12 more. A sign, an
// exponent, a space, a thirteenth decimal (even a zero), and an amount that an int64 cannot count are refused with an
// INVALID_INPUT error whose sentence says which of these it was. The result is never negative and never Unlimited.
// For every amount p from zero to below Unlimited, ParseUSD(p.String()) is p.
func ParseUSD(text string) (Pico, error) {
	switch {
	case len(text) > maxAmountBytes:
		return 0, fault.New(fault.InvalidInput, "An amount has at most %d characters.", maxAmountBytes)
	case strings.HasPrefix(text, "-"):
		return 0, fault.New(fault.InvalidInput, "An amount must not be negative.")
	}
	whole, fraction, pointed := strings.Cut(text, ".")
	if !isDigits(whole) || (pointed && !isDigits(fraction)) {
		return 0, fault.New(fault.InvalidInput,
			"An amount is a decimal number of dollars such as \"0.0017\": digits and at most one point between them.")
	}
	if len(fraction) > decimals {
		return 0, fault.New(fault.InvalidInput, "An amount has at most %d decimals.", decimals)
	}
	p, ok := fromDigits(whole + fraction + strings.Repeat("0", decimals-len(fraction)))
	if !ok {
		return 0, tooLarge()
	}
	return p, nil
}

// errNotBilled is the error of a provider's figure that is no cost. It is internal: no client wrote the figure.
var errNotBilled = errors.New("not a non-negative decimal number")

// errTooLarge is the error of a provider's figure that a Pico cannot represent.
var errTooLarge = errors.New("too large to count")

// ParseBilled reads the cost that a provider reports for a call, the text of a JSON number in dollars, such as
// "0.00014" or "8.7e-06". It is rounded half to even to whole picodollars. Negative figures, NaN, infinities, figures
// beyond the range and text that is no number are refused. The error is internal, because no client can correct it.
func ParseBilled(text string) (Pico, error) {
	p, err := parseBilled(text)
	if err != nil {
		// The text is foreign and may be long. A number needs no more than this.
		return 0, fmt.Errorf("read a billed cost from %.40q: %w", text, err)
	}
	return p, nil
}

func parseBilled(text string) (Pico, error) {
	digits, before, err := parseDecimal(text)
	if err != nil {
		return 0, err
	}
	p, ok := roundHalfEven(digits, before)
	if !ok {
		return 0, errTooLarge
	}
	return p, nil
}

// parseUnit reads a price of one token, request or search from a provider's list, as ParseBilled reads a cost. It
// rounds up to whole picodollars, so that a hold stays an upper bound. below says that the price is above zero and
// below one picodollar.
func parseUnit(text string) (unit Pico, below bool, err error) {
	digits, before, err := parseDecimal(text)
	if err != nil {
		return 0, false, err
	}
	switch {
	case digits == "":
		return 0, false, nil
	case before <= 0:
		return 1, true, nil
	case before > maxDigits:
		return 0, false, errTooLarge
	}
	whole := digits + strings.Repeat("0", max(0, before-len(digits)))
	unit, ok := fromDigits(whole[:before])
	if ok && strings.Trim(whole[before:], "0") != "" {
		unit, ok = unit+1, unit < maxAmount
	}
	if !ok {
		return 0, false, errTooLarge
	}
	return unit, false, nil
}

// parseDecimal reads a decimal number of dollars as 0.digits · 10^before picodollars. The digits do not begin with a
// zero; those of zero are none.
func parseDecimal(text string) (significant string, before int, err error) {
	if len(text) > maxBilledBytes {
		return "", 0, errNotBilled
	}
	mantissa, exponentText, scientific := cutExponent(text)
	whole, fraction, pointed := strings.Cut(mantissa, ".")
	if !isDigits(whole) || (pointed && !isDigits(fraction)) {
		return "", 0, errNotBilled
	}
	exponent := 0
	if scientific {
		var ok bool
		if exponent, ok = parseExponent(exponentText); !ok {
			return "", 0, errNotBilled
		}
	}
	// The figure is 0.digits · 10^(len(whole) + exponent) dollars, so this many digits stand before the point when it
	// is written in picodollars.
	digits := whole + fraction
	before = len(whole) + exponent + decimals
	significant = strings.TrimLeft(digits, "0")
	return significant, before - (len(digits) - len(significant)), nil
}

// roundHalfEven returns 0.digits · 10^before as a whole number, half to even, and false when it is above maxAmount.
// The digits do not begin with a zero.
func roundHalfEven(digits string, before int) (Pico, bool) {
	switch {
	case digits == "" || before < 0: // zero, or below a tenth of a picodollar
		return 0, true
	case before > maxDigits:
		return 0, false
	case before >= len(digits):
		return fromDigits(digits + strings.Repeat("0", before-len(digits)))
	}
	p, ok := fromDigits(digits[:before])
	if !ok {
		return 0, false
	}
	rest := digits[before:]
	half := rest[0] == '5' && strings.Trim(rest[1:], "0") == ""
	if rest[0] < '5' || (half && p%2 == 0) {
		return p, true
	}
	return p + 1, p < maxAmount
}

// fromDigits returns the number that decimal digits write, and false when it is above maxAmount.
func fromDigits(digits string) (Pico, bool) {
	var p Pico
	for i := range len(digits) {
		digit := Pico(digits[i] - '0')
		if p > (maxAmount-digit)/10 {
			return 0, false
		}
		p = p*10 + digit
	}
	return p, true
}

func cutExponent(text string) (mantissa, exponent string, found bool) {
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		return text[:i], text[i+1:], true
	}
	return text, "", false
}

// parseExponent reads an exponent. One too long for an int becomes a number beyond any mantissa of maxBilledBytes.
func parseExponent(text string) (int, bool) {
	digits := strings.TrimLeft(text, "+-")
	if len(text)-len(digits) > 1 || !isDigits(digits) {
		return 0, false
	}
	const beyond = 1_000_000
	exponent, err := strconv.Atoi(digits)
	if err != nil || exponent > beyond {
		exponent = beyond
	}
	if text[0] == '-' {
		exponent = -exponent
	}
	return exponent, true
}

// isDigits reports whether text is one or more ASCII digits.
func isDigits(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return text != ""
}
