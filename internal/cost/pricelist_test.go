package cost_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/fault"
)

func TestParsePriceList_ReadsTheProvidersFormat(t *testing.T) {
	t.Parallel()
	const list = `{"data": [
		{"id": "openai/large", "name": "Large", "context_length": 1050000, "architecture": {"modality": "text->text"},
		 "pricing": {"prompt": "0.000002", "completion": "0.00001", "web_search": "0.01", "image": "0.003",
			"input_cache_read": "0.0000001", "internal_reasoning": "0", "discount": 0,
			"overrides": [{"min_prompt_tokens": 272000, "prompt": "0.000004", "completion": "0.000015"}]}},
		{"pricing": {"completion": "1e-7", "prompt": "0.00000008333333333333334", "input_cache_write": "0",
			"request": "0", "input_cache_read": null}, "id": "google/small"},
		{"id": "openrouter/auto", "pricing": {"prompt": "-1", "completion": "-1"}},
		{"id": "odd/fee", "pricing": {"prompt": "1", "completion": "1", "per_smile": "0.1", "per_frown": "0"}},
		{"id": "odd/hours", "pricing": {"prompt": "1", "completion": "1",
			"overrides": [{"utc_days": ["saturday"], "prompt": "2"}]}},
		{"id": "odd/always", "pricing": {"prompt": "1", "completion": "1", "overrides": [{"prompt": "2"}]}},
		{"id": "odd/unpriced"},
		{"id": "odd/half", "pricing": {"prompt": "1"}},
		{"id": "tiny/token", "pricing": {"prompt": "0.0000000000003", "completion": "0"}}
	], "total": 9}`
	got, err := cost.ParsePriceList([]byte(list))
	if err != nil {
		t.Fatal(err)
	}
	large := func(component cost.Component, unit cost.Pico, size int64) cost.ListedPrice {
		return cost.ListedPrice{
			Model:           "openai/large",
			Component:       component,
			Unit:            unit,
			MinPromptTokens: size,
		}
	}
	want := cost.PriceList{
		Prices: []cost.ListedPrice{
			large(cost.ComponentPrompt, 2_000_000, 0), large(cost.ComponentCompletion, 10_000_000, 0),
			large(cost.ComponentWebSearch, 10_000_000_000, 0), large(cost.ComponentCacheRead, 100_000, 0),
			large(cost.ComponentPrompt, 4_000_000, 272_000), large(cost.ComponentCompletion, 15_000_000, 272_000),
			{Model: "google/small", Component: cost.ComponentCompletion, Unit: 100_000},
			{Model: "google/small", Component: cost.ComponentPrompt, Unit: 83_334},
			{Model: "google/small", Component: cost.ComponentRequest},
			{
				Model:     "tiny/token",
				Component: cost.ComponentPrompt,
				Unit:      1,
				Below:     true,
			},
			{Model: "tiny/token", Component: cost.ComponentCompletion},
		},
		Skipped: []cost.SkippedModel{
			{Model: "openrouter/auto", Line: 8, Why: "its price depends on who answers"},
			{
				Model: "odd/fee", Line: 9,
				Why: `it has a price for "per_smile", or under that condition, which is not known here`,
			},
			{
				Model: "odd/hours", Line: 10,
				Why: `it has a price for "utc_days", or under that condition, which is not known here`,
			},
			{
				Model: "odd/always", Line: 12,
				Why: "it has prices under another condition than the size of the prompt",
			},
			{Model: "odd/unpriced", Line: 13, Why: "it has no prices"},
			{Model: "odd/half", Line: 14, Why: "it has no price for prompt or for completion"},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestParsePriceList_NamesABadLineAndReturnsNothing(t *testing.T) {
	t.Parallel()
	const good = `{"id": "a", "pricing": {"prompt": "1", "completion": "1"}}`
	pricing := func(rest string) string {
		return "{\"data\": [\n" + good + ",\n{\"id\": \"b\", \"pricing\": {\"prompt\": \"1\", \"completion\": \"1\",\n" +
			rest + "}}]}"
	}
	for name, c := range map[string]struct{ list, want string }{
		"NotANumber":          {pricing(`"request": "cheap"`), `line 4: model "b", request: "cheap" is not a non-negative`},
		"NaN":                 {pricing(`"request": "NaN"`), `line 4: model "b", request`},
		"Negative":            {pricing(`"web_search": "-0.5"`), `line 4: model "b", web_search: "-0.5"`},
		"NoText":              {pricing(`"request": 0.5`), `line 4: model "b", request: "0.5" is not decimal text in quotes`},
		"TooLarge":            {pricing(`"request": "1e30"`), `line 4: model "b", request: "1e30" is too large to count`},
		"TwiceInOneModel":     {pricing(`"prompt": "2"`), `line 4: "prompt" comes twice`},
		"BadSize":             {pricing(`"overrides": [{"min_prompt_tokens": -1}]`), `model "b", min_prompt_tokens: "-1"`},
		"TheSameSizeTwice":    {pricing(`"overrides": [{"min_prompt_tokens": 5}, {"min_prompt_tokens": 5}]`), `comes twice`},
		"TheSameModelTwice":   {"{\"data\": [" + good + ",\n" + good + "]}", `line 2: the model "a" comes twice`},
		"ANameWithSpaces":     {`{"data": [{"id": "a b", "pricing": {}}]}`, `line 1: the "id" is no name`},
		"ANameThatIsANumber":  {`{"data": [{"id": 7, "pricing": {}}]}`, `line 1: the "id" is no name`},
		"NoName":              {`{"data": [{"pricing": {}}]}`, `line 1: the "id" is no name`},
		"AModelThatIsNone":    {"{\"data\": [\n7]}", `line 2: there should be an object`},
		"PricingThatIsNone":   {`{"data": [{"id": "a", "pricing": "free"}]}`, `line 1: there should be an object`},
		"OverridesThatAreNot": {pricing(`"overrides": {}`), `line 4: there should be a list`},
		"NoData":              {`{}`, `line 1: the list has no "data"`},
		"CutOff":              {"{\"data\": [\n" + good + ",", `line 2: the text ends too early`},
		"NoJSON":              {"{\"data\": [\n" + good + "\n%]}", `line 3: expected comma`},
		"SomethingFollows":    {`{"data": []} x`, `line 1: something follows the list`},
		"Empty":               {``, `line 1: the text ends too early`},
		"AWebPage":            {`<html>`, `line 1: invalid character '<'`},
		"TooLong":             {strings.Repeat(" ", cost.MaxListBytes+1), "at most 16777216 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := cost.ParsePriceList([]byte(c.list))
			if fault.KindOf(err) != fault.InvalidInput || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want INVALID_INPUT with %q", err, c.want)
			}
			if len(got.Prices)+len(got.Skipped) > 0 {
				t.Errorf("got %+v of a list that cannot be read", got)
			}
		})
	}
}

func FuzzParsePriceList(f *testing.F) {
	f.Add(`{"data": [{"id": "a", "pricing": {"prompt": "0.000001", "completion": "1e-6",
		"overrides": [{"min_prompt_tokens": 9}]}}]}`)
	f.Add(`{"data": [{"id": "a", "pricing": {"prompt": "-1"}}, {"id": "a"}]}`)
	f.Add(`{"data": [{"pricing": null}]}`)
	f.Add("{\"data\": [{\"id\": \"\xff\", \"pricing\": {\"prompt\": \"0.0000000000000000001\", \"completion\": \"0\"}}]}")
	f.Add(`{"data": [[[[`)
	f.Fuzz(func(t *testing.T, text string) {
		list, err := cost.ParsePriceList([]byte(text))
		if err != nil {
			if fault.KindOf(err) != fault.InvalidInput || !strings.Contains(err.Error(), "line ") {
				t.Fatalf("got %v, want INVALID_INPUT that names a line", err)
			}
			return
		}
		if err := cost.CheckListed(list.Prices); err != nil {
			t.Fatalf("a list that was read cannot be kept: %v", err)
		}
		for _, p := range list.Prices {
			if p.Below && p.Unit != 1 {
				t.Fatalf("%+v is below a picodollar", p)
			}
		}
		for _, s := range list.Skipped {
			if s.Line < 1 || s.Line > strings.Count(text, "\n")+1 || !utf8.ValidString(s.Why) {
				t.Fatalf("%+v names no line of the list", s)
			}
		}
	})
}
