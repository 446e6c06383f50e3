package cost_test

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/fault"
)

// noon is a moment at which all prices of these tests are in force unless they say otherwise.
var noon = time.Date(2026, time.March, 10, 12, 0, 0, 0, time.UTC)

// rows builds prices of one model: every price is in force from a year before noon, without an end or a condition.
func rows(model string, units map[cost.Component]cost.Pico) []cost.Price {
	prices := make([]cost.Price, 0, len(units))
	for _, component := range cost.Components() {
		if unit, found := units[component]; found {
			prices = append(prices, cost.Price{
				Model:     model,
				Component: component,
				Unit:      unit,
				ValidFrom: noon.AddDate(-1, 0, 0),
				Source:    "test",
			})
		}
	}
	return prices
}

// full is a model with a price of another magnitude for every component, so that a sum shows what went into it.
func full() []cost.Price {
	return rows("full", map[cost.Component]cost.Pico{
		cost.ComponentPrompt:     1,
		cost.ComponentCompletion: 1_000,
		cost.ComponentRequest:    1_000_000,
		cost.ComponentWebSearch:  100_000_000,
		cost.ComponentReasoning:  2_000,
		cost.ComponentCacheRead:  0,
		cost.ComponentCacheWrite: 3,
	})
}

func TestValidAt_IncludesTheStartAndExcludesTheEnd(t *testing.T) {
	t.Parallel()
	end := noon.Add(time.Hour)
	price := cost.Price{ValidFrom: noon, ValidTo: &end}
	for _, c := range []struct {
		at   time.Time
		want bool
	}{
		{noon.Add(-time.Nanosecond), false},
		{noon, true},
		{end.Add(-time.Nanosecond), true},
		{end, false},
	} {
		if got := price.ValidAt(c.at); got != c.want {
			t.Errorf("at %s: got %t, want %t", c.at, got, c.want)
		}
	}
	price.ValidTo = nil
	if !price.ValidAt(noon.AddDate(1000, 0, 0)) {
		t.Error("an open-ended price ended")
	}
}

func TestListCost_PricesEveryPartOfAUsage(t *testing.T) {
	t.Parallel()
	plain := rows("plain", map[cost.Component]cost.Pico{cost.ComponentPrompt: 1, cost.ComponentCompletion: 1_000})
	for name, c := range map[string]struct {
		prices []cost.Price
		usage  cost.Usage
		want   cost.Pico
	}{
		"NothingUsedCostsTheRequest": {full(), cost.Usage{}, 1_000_000},
		"PromptAndCompletion":        {full(), cost.Usage{PromptTokens: 7, CompletionTokens: 5}, 1_005_007},
		"CachedTokensHaveTheirPrice": {full(), cost.Usage{PromptTokens: 7, CachedTokens: 4}, 1_000_003},
		"ReasoningHasItsPrice":       {full(), cost.Usage{CompletionTokens: 5, ReasoningTokens: 2}, 1_007_000},
		"Searches":                   {full(), cost.Usage{WebSearches: 3}, 301_000_000},
		"CachedTokensAreOrdinary":    {plain, cost.Usage{PromptTokens: 7, CachedTokens: 4}, 7},
		"ReasoningIsOrdinary":        {plain, cost.Usage{CompletionTokens: 5, ReasoningTokens: 2}, 5_000},
		"SearchesAreFree":            {plain, cost.Usage{WebSearches: 3}, 0},
		"APartAboveItsWholeIsPaid":   {plain, cost.Usage{CompletionTokens: 5, ReasoningTokens: 9}, 9_000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := cost.ListCost(c.prices, c.prices[0].Model, c.usage, noon)
			if err != nil || got != c.want {
				t.Errorf("got %d and error %v, want %d", int64(got), err, int64(c.want))
			}
		})
	}
}

func TestListCost_UsesTheGreatestTierReached(t *testing.T) {
	t.Parallel()
	prices := rows("m", map[cost.Component]cost.Pico{cost.ComponentPrompt: 10, cost.ComponentCompletion: 100})
	for _, p := range rows("m", map[cost.Component]cost.Pico{cost.ComponentPrompt: 20, cost.ComponentCompletion: 150}) {
		p.MinPromptTokens = 1_000
		prices = append(prices, p)
	}
	for _, c := range []struct {
		prompt int64
		want   cost.Pico
	}{
		{999, 999*10 + 100},
		{1_000, 1_000*20 + 150},
		{1_001, 1_001*20 + 150},
	} {
		got, err := cost.ListCost(prices, "m", cost.Usage{PromptTokens: c.prompt, CompletionTokens: 1}, noon)
		if err != nil || got != c.want {
			t.Errorf("%d prompt tokens: got %d and error %v, want %d", c.prompt, int64(got), err, int64(c.want))
		}
	}
}

func TestListCost_RefusesAmountsBeyondTheRange(t *testing.T) {
	t.Parallel()
	for name, usage := range map[string]cost.Usage{
		"promptTokens":     {PromptTokens: -1},
		"completionTokens": {CompletionTokens: -1},
		"reasoningTokens":  {ReasoningTokens: -1},
		"cachedTokens":     {CachedTokens: -1},
		"webSearches":      {WebSearches: -1},
	} {
		_, err := cost.ListCost(full(), "full", usage, noon)
		if fault.KindOf(err) != fault.InvalidInput {
			t.Errorf("negative %s: got error %v, want INVALID_INPUT", name, err)
		}
		if diff := cmp.Diff([]string{name}, fault.FieldOf(err)); diff != "" {
			t.Error(diff)
		}
	}
	got, err := cost.ListCost(full(), "full", cost.Usage{CompletionTokens: math.MaxInt64}, noon)
	if fault.KindOf(err) != fault.InvalidInput {
		t.Errorf("overflow: got %d and error %v, want INVALID_INPUT", int64(got), err)
	}
}

func TestPriceUnknown_ForModelsWithoutUsablePrices(t *testing.T) {
	t.Parallel()
	both := map[cost.Component]cost.Pico{cost.ComponentPrompt: 1, cost.ComponentCompletion: 1}
	change := func(change func(p *cost.Price)) []cost.Price {
		prices := rows("m", both)
		change(&prices[0])
		return prices
	}
	for name, prices := range map[string][]cost.Price{
		"NoPricesAtAll":     nil,
		"AnotherModel":      rows("m2", both),
		"AnotherSpelling":   rows("M", both),
		"NoPrompt":          rows("m", map[cost.Component]cost.Pico{cost.ComponentCompletion: 1}),
		"NoCompletion":      rows("m", map[cost.Component]cost.Pico{cost.ComponentPrompt: 1}),
		"NotYetInForce":     change(func(p *cost.Price) { p.ValidFrom = noon.Add(1) }),
		"NoLongerInForce":   change(func(p *cost.Price) { end := noon; p.ValidTo = &end }),
		"OnlyWithCondition": change(func(p *cost.Price) { p.MinPromptTokens = 1 }),
		"Negative":          change(func(p *cost.Price) { p.Unit = -1 }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			estimate := cost.Estimate{Models: []string{"m"}, PromptBytes: 100}
			_, holdErr := cost.Hold(prices, estimate, noon)
			_, dearestErr := cost.Dearest(prices, estimate, noon)
			_, listErr := cost.ListCost(prices, "m", cost.Usage{}, noon)
			for call, err := range map[string]error{"Hold": holdErr, "Dearest": dearestErr, "ListCost": listErr} {
				var unknown *cost.PriceUnknownError
				if !errors.As(err, &unknown) || unknown.Model != "m" || fault.KindOf(err) != fault.PriceUnknown {
					t.Errorf("%s: got error %v, want PRICE_UNKNOWN of m", call, err)
				}
			}
		})
	}
}

func TestStartPrices_AreThePublishedOnes(t *testing.T) {
	t.Parallel()
	const million = 1_000_000
	for _, c := range []struct {
		model string
		usage cost.Usage
		want  string
	}{
		{"perplexity/sonar", cost.Usage{PromptTokens: million}, "1"},
		{"perplexity/sonar", cost.Usage{CompletionTokens: million}, "1"},
		{"perplexity/sonar", cost.Usage{WebSearches: 1000}, "5"},
		{"openai/gpt-4o-mini", cost.Usage{PromptTokens: million}, "0.15"},
		{"openai/gpt-4o-mini", cost.Usage{CompletionTokens: million}, "0.6"},
		{"openai/text-embedding-3-small", cost.Usage{PromptTokens: million}, "0.02"},
		{"service/dataforseo/labs", cost.Usage{Items: 3}, "0.0103"},
		{"service/dataforseo/serp-live", cost.Usage{Items: 10}, "0.002"},
	} {
		got, err := cost.ListCost(cost.StartPrices(), c.model, c.usage, noon)
		if err != nil || got.String() != c.want {
			t.Errorf("%s %+v: got $%s and error %v, want $%s", c.model, c.usage, got, err, c.want)
		}
	}
	first := time.Date(2020, time.January, 1, 0, 0, 0, 0, time.UTC)
	for _, p := range cost.StartPrices() {
		if !p.ValidFrom.Equal(first) || p.ValidTo != nil || p.Source != "built in" || !p.Component.Known() {
			t.Errorf("start price: got %+v, want one built in, from 2020 on", p)
		}
	}
}
