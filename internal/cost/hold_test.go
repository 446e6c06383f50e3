package cost_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/fault"
)

func TestHold_BoundsEveryPartOfACall(t *testing.T) {
	t.Parallel()
	got, err := cost.Hold(full(), cost.Estimate{
		Models:              []string{"full"},
		PromptBytes:         100,
		MaxCompletionTokens: 10,
		WebSearches:         2,
	}, noon)
	const want = 100*3 + 10*2_000 + 1_000_000 + 2*100_000_000
	if err != nil || got != want {
		t.Errorf("hold: got %d and error %v, want %d", int64(got), err, want)
	}
}

func TestHold_IsThatOfTheDearestModel(t *testing.T) {
	t.Parallel()
	prices := append(
		rows("wordy", map[cost.Component]cost.Pico{cost.ComponentPrompt: 1, cost.ComponentCompletion: 50}),
		rows("greedy", map[cost.Component]cost.Pico{cost.ComponentPrompt: 20, cost.ComponentCompletion: 2})...,
	)
	estimate := cost.Estimate{Models: []string{"wordy", "greedy"}, PromptBytes: 100, MaxCompletionTokens: 10}
	got, err := cost.Hold(prices, estimate, noon)
	if want := cost.Pico(100*20 + 10*2); err != nil || got != want {
		t.Errorf("hold: got %d and error %v, want %d", int64(got), err, int64(want))
	}
	ceiling, err := cost.Dearest(prices, estimate, noon)
	if diff := cmp.Diff(cost.Ceiling{Prompt: 20, Completion: 50}, ceiling); err != nil || diff != "" {
		t.Errorf("ceiling: error %v, difference %s", err, diff)
	}
	estimate.Models = append(estimate.Models, "unheard-of")
	if _, err := cost.Hold(prices, estimate, noon); fault.KindOf(err) != fault.PriceUnknown {
		t.Errorf("with a model that has no price: got error %v, want PRICE_UNKNOWN", err)
	}
}

func TestDearest_ReturnsThePricesOfTheHold(t *testing.T) {
	t.Parallel()
	estimate := cost.Estimate{Models: []string{"full"}}
	got, err := cost.Dearest(full(), estimate, noon)
	want := cost.Ceiling{
		Prompt:     3,
		Completion: 2_000,
		Request:    1_000_000,
		WebSearch:  100_000_000,
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("ceiling: error %v, difference %s", err, diff)
	}
}

func TestHold_UsesTiersFromTheirPromptSize(t *testing.T) {
	t.Parallel()
	const size = 272_000
	prices := rows("m", map[cost.Component]cost.Pico{cost.ComponentPrompt: 5, cost.ComponentCompletion: 30})
	for _, p := range rows("m", map[cost.Component]cost.Pico{cost.ComponentPrompt: 10, cost.ComponentCompletion: 45}) {
		p.MinPromptTokens = size
		prices = append(prices, p)
	}
	for _, c := range []struct {
		bytes int64
		want  cost.Pico
	}{
		{size - 1, (size-1)*5 + 100*30},
		{size, size*10 + 100*45},
		{size + 1, (size+1)*10 + 100*45},
	} {
		estimate := cost.Estimate{Models: []string{"m"}, PromptBytes: c.bytes, MaxCompletionTokens: 100}
		if got, err := cost.Hold(prices, estimate, noon); err != nil || got != c.want {
			t.Errorf("%d bytes: got %d and error %v, want %d", c.bytes, int64(got), err, int64(c.want))
		}
	}
}

func TestHold_UsesThePriceInForce(t *testing.T) {
	t.Parallel()
	prices := rows("m", map[cost.Component]cost.Pico{cost.ComponentPrompt: 5, cost.ComponentCompletion: 1})
	prices[0].ValidTo = &noon
	next := prices[0]
	next.Unit, next.ValidFrom, next.ValidTo = 7, noon, nil
	prices = append(prices, next)
	for want, at := range map[cost.Pico]time.Time{500: noon.Add(-time.Nanosecond), 700: noon} {
		got, err := cost.Hold(prices, cost.Estimate{Models: []string{"m"}, PromptBytes: 100}, at)
		if err != nil || got != want {
			t.Errorf("at %s: got %d and error %v, want %d", at, int64(got), err, int64(want))
		}
	}
}

func TestHold_RefusesAmountsBeyondTheRange(t *testing.T) {
	t.Parallel()
	const most = math.MaxInt64
	for name, units := range map[string]map[cost.Component]cost.Pico{
		"Prompt":     {cost.ComponentPrompt: most, cost.ComponentCompletion: 0},
		"Completion": {cost.ComponentPrompt: 0, cost.ComponentCompletion: most},
		"WebSearch":  {cost.ComponentPrompt: 0, cost.ComponentCompletion: 0, cost.ComponentWebSearch: most},
		"Sum":        {cost.ComponentPrompt: most / 2, cost.ComponentCompletion: 0, cost.ComponentRequest: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			estimate := cost.Estimate{
				Models:              []string{"m"},
				PromptBytes:         2,
				MaxCompletionTokens: 2,
				WebSearches:         2,
			}
			got, err := cost.Hold(rows("m", units), estimate, noon)
			if fault.KindOf(err) != fault.InvalidInput || got != 0 {
				t.Errorf("got %d and error %v, want 0 and INVALID_INPUT", int64(got), err)
			}
			if diff := cmp.Diff([]string{"estimate"}, fault.FieldOf(err)); diff != "" {
				t.Error(diff)
			}
		})
	}
	exact := rows("m", map[cost.Component]cost.Pico{
		cost.ComponentPrompt: most / 2, cost.ComponentCompletion: 0, cost.ComponentRequest: 1,
	})
	got, err := cost.Hold(exact, cost.Estimate{Models: []string{"m"}, PromptBytes: 2}, noon)
	if err != nil || got != most {
		t.Errorf("the greatest hold: got %d and error %v, want %d", int64(got), err, int64(most))
	}
}

func TestEstimateCheck_OnBothSidesOfEachLimit(t *testing.T) {
	t.Parallel()
	models := func(n int) []string { return strings.Fields(strings.Repeat("m ", n)) }
	for name, c := range map[string]struct {
		estimate cost.Estimate
		field    string // "" when it is fine
	}{
		"TheLeast": {cost.Estimate{Models: models(1)}, ""},
		"TheMost": {
			cost.Estimate{
				models(8), cost.MaxPromptBytes, cost.MaxCompletionTokens, cost.MaxWebSearches, cost.MaxItems,
			}, "",
		},
		"NoModel":                  {cost.Estimate{}, "models"},
		"NineModels":               {cost.Estimate{Models: models(9)}, "models"},
		"AnEmptyName":              {cost.Estimate{Models: []string{"m", ""}}, "models"},
		"ALongName":                {cost.Estimate{Models: []string{strings.Repeat("é", 200)}}, ""},
		"ATooLongName":             {cost.Estimate{Models: []string{strings.Repeat("é", 201)}}, "models"},
		"ANameWithASpace":          {cost.Estimate{Models: []string{"a b"}}, "models"},
		"ANameWithAZeroByte":       {cost.Estimate{Models: []string{"a\x00"}}, "models"},
		"ANameThatIsNotText":       {cost.Estimate{Models: []string{"\xff"}}, "models"},
		"NegativeBytes":            {cost.Estimate{Models: models(1), PromptBytes: -1}, "promptBytes"},
		"TooManyBytes":             {cost.Estimate{Models: models(1), PromptBytes: cost.MaxPromptBytes + 1}, "promptBytes"},
		"NegativeCompletionTokens": {cost.Estimate{Models: models(1), MaxCompletionTokens: -1}, "maxCompletionTokens"},
		"TooManyCompletionTokens": {
			cost.Estimate{Models: models(1), MaxCompletionTokens: cost.MaxCompletionTokens + 1}, "maxCompletionTokens",
		},
		"NegativeSearches": {cost.Estimate{Models: models(1), WebSearches: -1}, "webSearches"},
		"TooManySearches":  {cost.Estimate{Models: models(1), WebSearches: cost.MaxWebSearches + 1}, "webSearches"},
		"NegativeItems":    {cost.Estimate{Models: models(1), Items: -1}, "items"},
		"TooManyItems":     {cost.Estimate{Models: models(1), Items: cost.MaxItems + 1}, "items"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := c.estimate.Check()
			if c.field == "" {
				if err != nil {
					t.Errorf("got error %v, want none", err)
				}
				return
			}
			if diff := cmp.Diff([]string{"estimate", c.field}, fault.FieldOf(err)); diff != "" {
				t.Errorf("error %v: %s", err, diff)
			}
			if _, err := cost.Hold(full(), c.estimate, noon); fault.KindOf(err) != fault.InvalidInput {
				t.Errorf("hold: got error %v, want INVALID_INPUT", err)
			}
		})
	}
}

func TestHold_IsAnUpperBound(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		models := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c"}), 1, 3, rapid.ID)
		estimate := cost.Estimate{
			Models:              models.Draw(t, "models"),
			PromptBytes:         rapid.Int64Range(0, 50).Draw(t, "bytes"),
			MaxCompletionTokens: rapid.Int64Range(0, 50).Draw(t, "most"),
			WebSearches:         rapid.Int64Range(0, 5).Draw(t, "searches"),
			Items:               rapid.Int64Range(0, 20).Draw(t, "items"),
		}
		prices := rapid.SliceOfN(rapid.Custom(drawPrice), 6, 60).Draw(t, "prices")
		for _, model := range estimate.Models {
			prices = append(prices, rows(model, map[cost.Component]cost.Pico{
				cost.ComponentPrompt:     cost.Pico(rapid.Int64Range(0, 100).Draw(t, "prompt")),
				cost.ComponentCompletion: cost.Pico(rapid.Int64Range(0, 100).Draw(t, "completion")),
			})...)
		}
		hold, err := cost.Hold(prices, estimate, noon)
		if err != nil {
			t.Fatalf("hold: %v", err)
		}
		var usage cost.Usage
		usage.PromptTokens = rapid.Int64Range(0, estimate.PromptBytes).Draw(t, "promptTokens")
		usage.CachedTokens = rapid.Int64Range(0, usage.PromptTokens).Draw(t, "cachedTokens")
		usage.CompletionTokens = rapid.Int64Range(0, estimate.MaxCompletionTokens).Draw(t, "completionTokens")
		usage.ReasoningTokens = rapid.Int64Range(0, usage.CompletionTokens).Draw(t, "reasoningTokens")
		usage.WebSearches = rapid.Int64Range(0, estimate.WebSearches).Draw(t, "webSearches")
		usage.Items = rapid.Int64Range(0, estimate.Items).Draw(t, "itemsOfTheAnswer")
		for _, model := range estimate.Models {
			list, err := cost.ListCost(prices, model, usage, noon)
			if err != nil || list > hold {
				t.Fatalf("%s %+v: got a list cost of %d and error %v, want at most the hold of %d",
					model, usage, int64(list), err, int64(hold))
			}
		}
	})
}

// drawPrice draws a price of any component, with or without a condition, in force at noon or not.
func drawPrice(t *rapid.T) cost.Price {
	p := cost.Price{
		Model:           rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "model"),
		Component:       rapid.SampledFrom(cost.Components()).Draw(t, "component"),
		Unit:            cost.Pico(rapid.Int64Range(0, 100).Draw(t, "unit")),
		MinPromptTokens: rapid.Int64Range(0, 60).Draw(t, "size"),
		ValidFrom:       noon.Add(time.Duration(rapid.IntRange(-2, 1).Draw(t, "from")) * time.Hour),
	}
	if rapid.Bool().Draw(t, "ends") {
		end := p.ValidFrom.Add(time.Duration(rapid.IntRange(1, 3).Draw(t, "hours")) * time.Hour)
		p.ValidTo = &end
	}
	return p
}
