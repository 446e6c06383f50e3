package cost_test

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/infin8content/engine/internal/cost"
)

func TestCrossed_ReturnsThresholdsReachedByTheChange(t *testing.T) {
	t.Parallel()
	type change struct{ settled, limit, thenSettled, thenLimit cost.Pico }
	const most, unlimited = math.MaxInt64 - 1, cost.Pico(cost.Unlimited)
	none, all := []int(nil), cost.Thresholds()
	for name, c := range map[string]struct {
		change change
		want   []int
	}{
		"OneBelowTheHalf":           {change{0, 100, 49, 100}, none},
		"TheHalf":                   {change{49, 100, 50, 100}, []int{50}},
		"BehindTheHalf":             {change{50, 100, 74, 100}, none},
		"ThreeQuarters":             {change{74, 100, 75, 100}, []int{75}},
		"NineTenths":                {change{89, 100, 90, 100}, []int{90}},
		"OneBelowAll":               {change{90, 100, 99, 100}, none},
		"All":                       {change{99, 100, 100, 100}, []int{100}},
		"BeyondAll":                 {change{100, 100, 1000, 100}, none},
		"AllAtOnce":                 {change{0, 100, 100, 100}, all},
		"ASharesPartsAreRoundedUp":  {change{1, 3, 2, 3}, []int{50}}, // 50 % of 3 is 1.5
		"NotYetThreeQuartersOf5":    {change{2, 5, 3, 5}, []int{50}},
		"ThreeQuartersOf5Are4":      {change{3, 5, 4, 5}, []int{75}},
		"TheGreatestLimit":          {change{0, most, most, most}, all},
		"OneBelowTheGreatestLimit":  {change{0, most, most - 1, most}, all[:3]},
		"HalfOfTheGreatestLimit":    {change{0, most, most / 2, most}, all[:1]},
		"NotHalfOfTheGreatestLimit": {change{0, most, most/2 - 1, most}, none},
		"WithoutALimit":             {change{0, unlimited, unlimited, unlimited}, none},
		"ALimitIsLowered":           {change{80, 1000, 80, 100}, []int{50, 75}},
		"ALimitIsLoweredBelow":      {change{80, 1000, 80, 10}, all},
		"ALimitIsRaised":            {change{80, 100, 80, 1000}, none},
		"ALimitIsSetWhereThereWas0": {change{80, unlimited, 80, 80}, all},
		"ALimitOfNothing":           {change{0, 0, 1, 0}, all},
		"NothingOfALimitOfNothing":  {change{0, 100, 0, 0}, none},
		"ACorrectionDown":           {change{100, 100, 10, 100}, none},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// What is held does not count.
			before := cost.Balance{Settled: c.change.settled, Held: 1 << 62, Limit: cost.Limit(c.change.limit)}
			after := cost.Balance{
				Settled: c.change.thenSettled,
				Held:    1 << 62,
				Limit:   cost.Limit(c.change.thenLimit),
				Stopped: true,
			}
			if diff := cmp.Diff(c.want, cost.Crossed(before, after)); diff != "" {
				t.Errorf("%+v (-want +got):\n%s", c.change, diff)
			}
		})
	}
}
