package cost_test

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/infin8content/engine/internal/cost"
)

func TestFigure_IsWrittenAsAStoredAmountIs(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := cost.Pico(rapid.Int64().Draw(t, "amount"))
		if got, want := cost.FigureOf(p).String(), p.String(); got != want {
			t.Fatalf("got %s, want %s", got, want)
		}
	})
	if got := (cost.Figure{}).String(); got != "0" {
		t.Errorf("the zero value: got %s, want 0", got)
	}
}

func TestFigure_Compares(t *testing.T) {
	t.Parallel()
	day := cost.Period{Start: time.Unix(0, 0), End: time.Unix(86_400, 0)}
	beyond := cost.Forecast(math.MaxInt64, day, time.Unix(1, 0))
	for i, c := range []struct {
		f, g cost.Figure
		want int
	}{
		{cost.Figure{}, cost.FigureOf(0), 0},
		{cost.FigureOf(math.MaxInt64), beyond, -1},
		{beyond, cost.FigureOf(math.MaxInt64), 1},
		{beyond, beyond, 0},
	} {
		if got := c.f.Cmp(c.g); got != c.want || c.f.Equal(c.g) != (c.want == 0) {
			t.Errorf("%d: got %d, want %d", i, got, c.want)
		}
	}
}
