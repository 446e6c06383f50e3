package cost_test

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/fault"
)

// listed is a price of the model "m".
func listed(component cost.Component, unit cost.Pico) cost.ListedPrice {
	return cost.ListedPrice{Model: "m", Component: component, Unit: unit}
}

func compare(open []cost.Price, prices ...cost.ListedPrice) []cost.PriceChange {
	return cost.Comparison{Open: open, List: cost.PriceList{Prices: prices}, At: noon}.Compare()
}

func TestCompare_DoubtsPricesFarFromTheOldOrOutOfBounds(t *testing.T) {
	t.Parallel()
	const (
		prompt, search = cost.ComponentPrompt, cost.ComponentWebSearch
		far, bounds    = cost.DoubtTooFar, cost.DoubtOutOfBounds
	)
	none := cost.Pico(-1)
	for name, c := range map[string]struct {
		component cost.Component
		old, unit cost.Pico
		want      cost.Doubt
	}{
		"FiveTimesDearer":            {prompt, 100, 500, ""},
		"MoreThanFiveTimesDearer":    {prompt, 100, 501, far},
		"AFifth":                     {prompt, 500, 100, ""},
		"LessThanAFifth":             {prompt, 501, 100, far},
		"OfNothing":                  {prompt, 0, 1, far},
		"TheLeastForAToken":          {prompt, none, 1, ""},
		"NothingForAToken":           {prompt, none, 0, bounds},
		"TheMostForAToken":           {prompt, none, cost.Dollar / 100, ""},
		"TooMuchForAToken":           {prompt, none, cost.Dollar/100 + 1, bounds},
		"TheLeastForASearch":         {search, none, cost.Dollar / 1_000_000, ""},
		"TooLittleForASearch":        {search, none, cost.Dollar/1_000_000 - 1, bounds},
		"TheMostForASearch":          {search, none, cost.Dollar, ""},
		"TooMuchForASearch":          {search, none, cost.Dollar + 1, bounds},
		"ASearchBecomesFree":         {search, cost.Dollar / 100, 0, bounds},
		"TheGreatestAmountThereIs":   {prompt, math.MaxInt64 / 2, 1, far},
		"BoundsAreSaidBeforeFarness": {prompt, 1, cost.Dollar, bounds},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var open []cost.Price
			if c.old != none {
				open = rows("m", map[cost.Component]cost.Pico{c.component: c.old})
			}
			got := compare(open, listed(c.component, c.unit))
			if len(got) != 1 || got[0].Doubt != c.want || got[0].Taken() != (c.want == "") {
				t.Errorf("got %+v, want one change with the doubt %q", got, c.want)
			}
		})
	}
}

func TestCompare_WithThePricesInForce(t *testing.T) {
	t.Parallel()
	open := rows("m", map[cost.Component]cost.Pico{
		cost.ComponentPrompt: 100, cost.ComponentCompletion: 100, cost.ComponentCacheRead: 10,
	})
	hundred, ten := cost.Pico(100), cost.Pico(10)
	soon := noon.Add(cost.PriceNotice)
	tier := cost.ListedPrice{
		Model:           "m",
		Component:       cost.ComponentPrompt,
		Unit:            200,
		MinPromptTokens: 272_000,
	}
	other := cost.ListedPrice{Model: "n", Component: cost.ComponentPrompt, Unit: 7}
	free := listed(cost.ComponentRequest, 0)
	got := compare(open, listed(cost.ComponentPrompt, 100), listed(cost.ComponentCompletion, 250), tier, other, free)
	want := []cost.PriceChange{
		{
			ListedPrice: listed(cost.ComponentPrompt, 100),
			Kind:        cost.PriceUnchanged,
			Old:         &hundred,
			Begins:      soon,
		},
		{
			ListedPrice: listed(cost.ComponentCompletion, 250),
			Kind:        cost.PriceChanged,
			Old:         &hundred,
			Begins:      soon,
		},
		{ListedPrice: tier, Kind: cost.PriceAdded, Begins: soon},
		{ListedPrice: other, Kind: cost.PriceAdded, Begins: noon}, // nothing of this model was in force
		{ListedPrice: listed(cost.ComponentCacheRead, 10), Kind: cost.PriceGone, Old: &ten},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if f := got[1].Factor(); f != 2.5 {
		t.Errorf("factor: got %v, want 2.5", f)
	}

	t.Run("ASkippedModelIsNotGone", func(t *testing.T) {
		t.Parallel()
		list := cost.PriceList{Skipped: []cost.SkippedModel{{Model: "m"}}}
		if got := (cost.Comparison{Open: open, List: list, At: noon}).Compare(); len(got) > 0 {
			t.Errorf("got %+v, want nothing", got)
		}
	})
	t.Run("ASuccessorBeginsAfterAnAnnouncedPrice", func(t *testing.T) {
		t.Parallel()
		announced := rows("m", map[cost.Component]cost.Pico{cost.ComponentPrompt: 100})
		announced[0].ValidFrom = noon.Add(time.Hour)
		got := compare(announced, listed(cost.ComponentPrompt, 200))[0].Begins
		if want := announced[0].ValidFrom.Add(time.Microsecond); !got.Equal(want) {
			t.Errorf("got %s, want %s", got, want)
		}
	})
	t.Run("AnOrganizationsFirstPriceIsHeldAgainstTheOperators", func(t *testing.T) {
		t.Parallel()
		got := cost.Comparison{
			OrganizationID: uuid.New(),
			Open:           open,
			At:             noon,
			List:           cost.PriceList{Prices: []cost.ListedPrice{listed(cost.ComponentPrompt, 501)}},
		}.Compare()
		want := []cost.PriceChange{{
			ListedPrice: listed(cost.ComponentPrompt, 501),
			Kind:        cost.PriceAdded,
			Old:         &hundred,
			Doubt:       cost.DoubtTooFar,
			Begins:      soon,
		}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestCompare_FindsNoChangeAfterTakingAll(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) []cost.ListedPrice {
			return rapid.SliceOfNDistinct(rapid.Custom(func(t *rapid.T) cost.ListedPrice {
				return cost.ListedPrice{
					Model:           rapid.SampledFrom([]string{"a", "b"}).Draw(t, "model"),
					Component:       rapid.SampledFrom(cost.Components()).Draw(t, "component"),
					MinPromptTokens: rapid.SampledFrom([]int64{0, 272_000}).Draw(t, "size"),
					Unit:            cost.Pico(rapid.Int64Range(0, 2*int64(cost.Dollar)).Draw(t, "unit")),
				}
			}), 0, 20, func(p cost.ListedPrice) any {
				p.Unit = 0
				return p
			}).Draw(t, name)
		}
		var open []cost.Price
		for _, p := range draw("open") {
			open = append(open, cost.Price{
				Model:           p.Model,
				Component:       p.Component,
				MinPromptTokens: p.MinPromptTokens,
				Unit:            p.Unit,
				ValidFrom:       noon,
			})
		}
		list := draw("list")
		if err := cost.CheckListed(list); err != nil {
			t.Fatal(err)
		}
		byKey := map[cost.ListedPrice]cost.Price{}
		key := func(p cost.Price) cost.ListedPrice {
			return cost.ListedPrice{Model: p.Model, Component: p.Component, MinPromptTokens: p.MinPromptTokens}
		}
		for _, p := range open {
			byKey[key(p)] = p
		}
		for _, c := range compare(open, list...) {
			if c.Taken() {
				p := cost.Price{
					Model:           c.Model,
					Component:       c.Component,
					MinPromptTokens: c.MinPromptTokens,
					Unit:            c.Unit,
					ValidFrom:       c.Begins,
				}
				if before, found := byKey[key(p)]; found && !p.ValidFrom.After(before.ValidFrom) {
					t.Fatalf("%+v begins at %s, not after %s", p, p.ValidFrom, before.ValidFrom)
				}
				byKey[key(p)] = p
			}
		}
		open = nil
		for _, p := range byKey {
			open = append(open, p)
		}
		for _, c := range compare(open, list...) {
			if c.Taken() {
				t.Fatalf("%+v is taken a second time", c)
			}
		}
	})
}

func TestCheckListed_RefusesInvalidPrices(t *testing.T) {
	t.Parallel()
	good := listed(cost.ComponentPrompt, 1)
	for name, prices := range map[string][]cost.ListedPrice{
		"NoModel":          {{Component: cost.ComponentPrompt}},
		"UnknownComponent": {listed("IMAGE", 1)},
		"Negative":         {listed(cost.ComponentPrompt, -1)},
		"BeyondAllAmounts": {listed(cost.ComponentPrompt, math.MaxInt64)},
		"NegativeSize":     {{Model: "m", Component: cost.ComponentPrompt, MinPromptTokens: -1}},
		"TooLarge":         {{Model: "m", Component: cost.ComponentPrompt, MinPromptTokens: cost.MaxPromptBytes + 1}},
		"Overlapping":      {good, good},
		"TooMany":          make([]cost.ListedPrice, cost.MaxListPrices+1),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := cost.CheckListed(prices); fault.KindOf(err) != fault.InvalidInput {
				t.Errorf("got %v, want INVALID_INPUT", err)
			}
		})
	}
	if err := cost.CheckListed([]cost.ListedPrice{good}); err != nil {
		t.Error(err)
	}
}

func TestTariff_UsesOwnPricesWhenComplete(t *testing.T) {
	t.Parallel()
	operators := rows("m", map[cost.Component]cost.Pico{
		cost.ComponentPrompt: 100, cost.ComponentCompletion: 100, cost.ComponentRequest: 5,
	})
	own := rows("m", map[cost.Component]cost.Pico{cost.ComponentPrompt: 1, cost.ComponentCompletion: 1})
	for i := range own {
		own[i].OrganizationID = uuid.New()
	}
	estimate := cost.Estimate{Models: []string{"m"}, PromptBytes: 10, MaxCompletionTokens: 10}
	for name, c := range map[string]struct {
		prices []cost.Price
		want   cost.Pico
	}{
		"Complete":     {append(operators[:3:3], own...), 20},
		"HalfIsNone":   {append(operators[:3:3], own[0]), 2005},
		"WithoutOwn":   {operators, 2005},
		"OwnAreEnough": {own, 20},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, err := cost.Hold(c.prices, estimate, noon); err != nil || got != c.want {
				t.Errorf("got %d, %v, want %d", got, err, c.want)
			}
		})
	}
}
