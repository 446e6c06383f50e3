package cost_test

import (
	"math"
	"math/big"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/fault"
)

func TestParseUSD_ReadsExactAmounts(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]cost.Pico{
		"0":                    0,
		"0.0":                  0,
		"0.000000000000":       0,
		"1":                    cost.Dollar,
		"1.00":                 cost.Dollar,
		"007":                  7 * cost.Dollar,
		"0.0017":               1_700_000_000,
		"0.000000000001":       1,
		"25.999999999999":      26*cost.Dollar - 1,
		"9223372.036854775806": math.MaxInt64 - 1,
	} {
		got, err := cost.ParseUSD(text)
		if err != nil || got != want {
			t.Errorf("%q: got %d and error %v, want %d", text, int64(got), err, int64(want))
		}
	}
}

func TestParseUSD_RefusesOtherTextsWithTheReason(t *testing.T) {
	t.Parallel()
	for text, reason := range map[string]string{
		"":                          "decimal number",
		".":                         "decimal number",
		".5":                        "decimal number",
		"5.":                        "decimal number",
		"+1":                        "decimal number",
		" 1":                        "decimal number",
		"1 ":                        "decimal number",
		"1,5":                       "decimal number",
		"1.2.3":                     "decimal number",
		"1e3":                       "decimal number",
		"0x10":                      "decimal number",
		"1_000":                     "decimal number",
		"$1":                        "decimal number",
		"NaN":                       "decimal number",
		"Inf":                       "decimal number",
		"١":                         "decimal number", // a digit, but not an ASCII one
		"1\x00":                     "decimal number",
		"-1":                        "negative",
		"-0":                        "negative",
		"-0.000000000001":           "negative",
		"0.0000000000001":           "12 decimals",
		"1.0000000000000":           "12 decimals",
		"9223372.036854775807":      "too large", // As a limit this number is Unlimited
		"9223372.036854775808":      "too large",
		"18446744073709.551616":     "too large",
		"99999999999999999999":      "too large",
		strings.Repeat("0", 33):     "32 characters",
		strings.Repeat("9", 10_000): "32 characters",
	} {
		got, err := cost.ParseUSD(text)
		if fault.KindOf(err) != fault.InvalidInput || got != 0 {
			t.Errorf("%q: got %d and error %v, want 0 and INVALID_INPUT", text, int64(got), err)
			continue
		}
		if !strings.Contains(err.Error(), reason) {
			t.Errorf("%q: got the sentence %q, want one about %q", text, err, reason)
		}
	}
}

func TestParseUSD_ReadsWhatStringWrites(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		want := cost.Pico(rapid.Int64Range(0, int64(cost.Unlimited)-1).Draw(t, "amount"))
		if got, err := cost.ParseUSD(want.String()); err != nil || got != want {
			t.Fatalf("ParseUSD(%q): got %d and error %v, want %d", want, int64(got), err, int64(want))
		}
		if got, err := cost.ParseBilled(want.String()); err != nil || got != want {
			t.Fatalf("ParseBilled(%q): got %d and error %v, want %d", want, int64(got), err, int64(want))
		}
	})
}

func TestParseBilled_RoundsHalfToEven(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]cost.Pico{
		"0":                                      0,
		"0.0":                                    0,
		"0e99999999999999999999":                 0,
		"1":                                      cost.Dollar,
		"8.7e-06":                                8_700_000,
		"8.7E-6":                                 8_700_000,
		"0.00014":                                140_000_000,
		"1e+3":                                   1000 * cost.Dollar,
		"12e-13":                                 1,
		"0.0000000000005":                        0, // half, to even
		"0.00000000000050000000000001":           1,
		"0.0000000000015":                        2,
		"0.0000000000025":                        2,
		"0.00000000000250":                       2,
		"0.0000000000025000000000001":            3,
		"0.00000000000349999999999":              3,
		"5e-13":                                  0,
		"6e-13":                                  1,
		"9.99e-14":                               0,
		"1e-999999":                              0,
		"1e-99999999999999999999":                0,
		"9223372.036854775806":                   math.MaxInt64 - 1,
		"9223372.0368547758064":                  math.MaxInt64 - 1,
		"0.00000922337203685477e12":              9_223_372_036_854_770_000,
		strings.Repeat("0", 400) + "1":           cost.Dollar,
		"1" + strings.Repeat("0", 400) + "e-400": cost.Dollar,
	} {
		got, err := cost.ParseBilled(text)
		if err != nil || got != want {
			t.Errorf("%.60q: got %d and error %v, want %d", text, int64(got), err, int64(want))
		}
	}
}

func TestParseBilled_RefusesOtherTexts(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "-1", "-0.1", "-1e-20", "NaN", "nan", "Infinity", "inf", "null", "\"1\"", "{}", "0x1p-2",
		"1e", "e5", "1e+-5", "1e5.0", "1e5e5", "1.", ".5", "+1", " 1", "1 ", "1\n", "1_0", "1,0",
		"9223372.036854775807", "9223372.03685477580651", "1e7", "9.3e6", "1e400", "1e99999999999999999999",
		strings.Repeat("0", 513),
	} {
		got, err := cost.ParseBilled(text)
		if err == nil || got != 0 {
			t.Errorf("%.60q: got %d and error %v, want 0 and an error", text, int64(got), err)
		}
		// The client did not write it, so it cannot be told to correct it.
		if kind := fault.KindOf(err); kind != fault.Internal {
			t.Errorf("%.60q: got kind %s, want INTERNAL", text, kind)
		}
	}
}

func TestParseBilled_AgreesWithExactArithmetic(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[0-9]{1,8}(\.[0-9]{1,25})?([eE][+-]?[0-9]{1,2})?`).Draw(t, "text")
		checkBilled(t, text)
	})
}

func TestParseBilled_ReadsDoublesInEveryNotation(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		figure := rapid.Float64Range(0, 1000).Draw(t, "figure")
		for _, format := range []byte{'e', 'f', 'g', 'G'} {
			checkBilled(t, strconv.FormatFloat(figure, format, -1, 64))
		}
	})
}

// checkBilled compares ParseBilled with rational arithmetic for a well-formed text.
func checkBilled(t interface{ Fatalf(string, ...any) }, text string) {
	exact, ok := new(big.Rat).SetString(text)
	if !ok {
		t.Fatalf("%q is not a number", text)
	}
	want := halfEven(exact.Mul(exact, big.NewRat(int64(cost.Dollar), 1)))
	got, err := cost.ParseBilled(text)
	tooLarge := !want.IsInt64() || want.Int64() >= int64(cost.Unlimited)
	switch {
	case tooLarge && err == nil:
		t.Fatalf("%q: got %d, want an error", text, int64(got))
	case !tooLarge && (err != nil || int64(got) != want.Int64()):
		t.Fatalf("%q: got %d and error %v, want %d", text, int64(got), err, want)
	}
}

// halfEven rounds a non-negative rational number.
func halfEven(exact *big.Rat) *big.Int {
	whole, rest := new(big.Int).QuoRem(exact.Num(), exact.Denom(), new(big.Int))
	order := rest.Lsh(rest, 1).Cmp(exact.Denom())
	if order > 0 || (order == 0 && whole.Bit(0) == 1) {
		whole.Add(whole, big.NewInt(1))
	}
	return whole
}

func FuzzParseUSD(f *testing.F) {
	for _, seed := range []string{
		"0", "1", "0.0017", "-1", "1e3", "0.0000000000001", "9223372.036854775807", "00.5", ".", "١",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := cost.ParseUSD(text)
		if err != nil {
			if fault.KindOf(err) != fault.InvalidInput || got != 0 {
				t.Fatalf("%q: got %d and error %v, want 0 and INVALID_INPUT", text, int64(got), err)
			}
			return
		}
		exact, ok := new(big.Rat).SetString(text)
		if !ok {
			t.Fatalf("%q: got %s, want an error: it is not a number", text, got)
		}
		if exact.Cmp(big.NewRat(int64(got), int64(cost.Dollar))) != 0 || got < 0 || got == math.MaxInt64 {
			t.Fatalf("%q: got %s", text, got)
		}
		if again, err := cost.ParseUSD(got.String()); err != nil || again != got {
			t.Fatalf("%q read back from %q: got %s and error %v", text, got, again, err)
		}
	})
}

func FuzzParseBilled(f *testing.F) {
	for _, seed := range []string{
		"0", "8.7e-06", "0.00014", "1E+2", "5e-13", "0.0000000000015", "1e400", "-1", "NaN", "1e", "0x1p-2",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := cost.ParseBilled(text)
		if err != nil {
			if got != 0 {
				t.Fatalf("%q: got %d and error %v, want 0", text, int64(got), err)
			}
			return
		}
		if got < 0 || got == math.MaxInt64 {
			t.Fatalf("%q: got %s", text, got)
		}
		// A long exponent would make the exact number too long to compute, and is covered by examples.
		if i := strings.IndexAny(text, "eE"); i < 0 || len(text)-i <= 4 {
			checkBilled(t, text)
		}
	})
}
