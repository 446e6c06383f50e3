package cost_test

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/fault"
)

func TestSums_AddUpAndRefuseOverflow(t *testing.T) {
	t.Parallel()
	one := cost.Sums{
		Calls:            1,
		PromptTokens:     2,
		CompletionTokens: 3,
		Settled:          4,
		Held:             5,
		Assumed:          6,
		Adjusted:         -7,
		Overage:          1,
	}
	got, err := one.Plus(one)
	want := cost.Sums{
		Calls:            2,
		PromptTokens:     4,
		CompletionTokens: 6,
		Settled:          8,
		Held:             10,
		Assumed:          12,
		Adjusted:         -14,
		Overage:          2,
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(err, diff)
	}
	if booked, err := one.Booked(); booked != 3 || err != nil {
		t.Errorf("booked: got %d, %v, want 3", booked, err)
	}
	full := cost.Sums{Held: math.MaxInt64}
	if _, err := full.Plus(one); fault.KindOf(err) != fault.InvalidInput {
		t.Errorf("too much: got %v, want INVALID_INPUT", err)
	}
	if _, err := (cost.Sums{Settled: math.MaxInt64, Assumed: 1}).Booked(); fault.KindOf(err) != fault.InvalidInput {
		t.Errorf("too much booked: got %v, want INVALID_INPUT", err)
	}
}

func TestEach_RoundsUp(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		total cost.Pico
		n     int64
		want  cost.Pico
	}{{0, 3, 0}, {9, 3, 3}, {10, 3, 4}, {1, 3, 1}, {-10, 3, -3}, {math.MaxInt64, 1, math.MaxInt64}} {
		if got := cost.Each(c.total, c.n); got != c.want {
			t.Errorf("%d / %d: got %d, want %d", c.total, c.n, got, c.want)
		}
	}
}

func TestForecast_ContinuesTheRateAndRoundsUp(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	march := cost.Period{Start: start, End: start.AddDate(0, 1, 0)}
	for _, c := range []struct {
		spent cost.Pico
		after time.Duration
		want  string
	}{
		{5, 0, "0.000000000005"},
		{0, time.Hour, "0"},
		{10 * cost.Dollar, 31 * 12 * time.Hour, "20"},
		{1, 30 * 24 * time.Hour, "0.000000000002"}, // 31/30
		{7 * cost.Dollar, 31 * 24 * time.Hour, "7"},
		{math.MaxInt64, 31 * 24 * time.Hour, "9223372.036854775807"},
		{math.MaxInt64, time.Hour, "6862188795.419953200408"},
		{120 * cost.Dollar, 33 * time.Second, "9739636.363636363637"},
	} {
		if got := cost.Forecast(c.spent, march, start.Add(c.after)); got.String() != c.want {
			t.Errorf("%d after %s: got %s, want %s", c.spent, c.after, got, c.want)
		}
	}
}

func TestExhaustedAt_IsWhereTheRateReachesTheLimit(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	march := cost.Period{Start: start, End: start.AddDate(0, 1, 0)}
	at := start.AddDate(0, 0, 10)
	day := func(n float64) *time.Time {
		reached := start.Add(time.Duration(n * 24 * float64(time.Hour)))
		return &reached
	}
	for name, c := range map[string]struct {
		balance cost.Balance
		want    *time.Time
	}{
		"within the month":  {cost.Balance{Settled: 10, Limit: 20}, day(20)},
		"in the past":       {cost.Balance{Settled: 10, Limit: 5}, day(5)},
		"at the very end":   {cost.Balance{Settled: 10, Limit: 31}, nil},
		"never":             {cost.Balance{Settled: 10, Limit: cost.Unlimited}, nil},
		"nothing was spent": {cost.Balance{Limit: 1}, nil},
	} {
		got := cost.ExhaustedAt(c.balance, march, at)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
