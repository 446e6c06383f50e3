package cost_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/fault"
)

const labs = "service/dataforseo/labs"

func TestService_HoldsARequestAndEveryItem(t *testing.T) {
	t.Parallel()
	for items, want := range map[int64]string{0: "0.01", 1: "0.0101", 50: "0.015", 1000: "0.11"} {
		got, err := cost.Hold(cost.StartPrices(), cost.Estimate{Models: []string{labs}, Items: items}, noon)
		if err != nil || got.String() != want {
			t.Errorf("%d items: got $%s, %v, want $%s", items, got, err, want)
		}
	}
}

func TestService_IsCompleteWithAPriceForRequest(t *testing.T) {
	t.Parallel()
	request := map[cost.Component]cost.Pico{cost.ComponentRequest: 7}
	item := map[cost.Component]cost.Pico{cost.ComponentItem: 7}
	for name, c := range map[string]struct {
		model  string
		prices map[cost.Component]cost.Pico
		known  bool
	}{
		"Request":      {"service/x", request, true},
		"ItemAlone":    {"service/x", item, false},
		"Model":        {"x", request, false},
		"LooksAlike":   {"services/x", request, false},
		"InTheMiddle":  {"x/service/x", request, false},
		"InOtherCase":  {"Service/x", request, false},
		"TokensOnly":   {"service/x", map[cost.Component]cost.Pico{"PROMPT": 1, "COMPLETION": 1}, false},
		"NegativeItem": {"service/x", map[cost.Component]cost.Pico{"REQUEST": 1, "ITEM": -1}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := cost.Hold(rows(c.model, c.prices), cost.Estimate{Models: []string{c.model}, Items: 2}, noon)
			if (err == nil) != c.known || !c.known && fault.KindOf(err) != fault.PriceUnknown {
				t.Errorf("got error %v, want a known price: %v", err, c.known)
			}
		})
	}
}

func TestService_IsListedWithRequestAndItem(t *testing.T) {
	t.Parallel()
	got, err := cost.ParsePriceList([]byte(`{"data": [
		{"id": "service/a", "pricing": {"request": "0.01", "item": "0.0001"}},
		{"id": "service/b", "pricing": {"item": "0.0001"}},
		{"id": "model", "pricing": {"prompt": "1", "completion": "1", "item": "0.0001"}}
	]}`))
	want := cost.PriceList{
		Prices: []cost.ListedPrice{
			{Model: "service/a", Component: cost.ComponentRequest, Unit: cost.Dollar / 100},
			{Model: "service/a", Component: cost.ComponentItem, Unit: cost.Dollar / 10_000},
		},
		Skipped: []cost.SkippedModel{
			{Model: "service/b", Line: 3, Why: "it has no price for request"},
			{
				Model: "model", Line: 4,
				Why: `it has a price for "item", or under that condition, which is not known here`,
			},
		},
	}
	if diff := cmp.Diff(want, got); err != nil || diff != "" {
		t.Errorf("error %v (-want +got):\n%s", err, diff)
	}
}

func TestService_IsNotMissingInAListOfModels(t *testing.T) {
	t.Parallel()
	gone := func(list ...cost.ListedPrice) (models []string) {
		in := cost.Comparison{Open: cost.StartPrices(), List: cost.PriceList{Prices: list}, At: noon}
		for _, c := range in.Compare() {
			if c.Kind == cost.PriceGone && strings.HasPrefix(c.Model, "service/") {
				models = append(models, c.Model+" "+string(c.Component))
			}
		}
		return models
	}
	if got := gone(cost.ListedPrice{Model: "m", Component: cost.ComponentPrompt, Unit: 1}); got != nil {
		t.Errorf("a list of models: %v are gone, want no service", got)
	}
	got := gone(cost.ListedPrice{Model: labs, Component: cost.ComponentRequest, Unit: cost.Dollar / 100})
	want := []string{labs + " ITEM", "service/dataforseo/serp-live REQUEST"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("a list of services (-want +got):\n%s", diff)
	}
}

func TestService_ItemPricesHaveTheBoundsOfRequests(t *testing.T) {
	t.Parallel()
	for unit, want := range map[cost.Pico]cost.Doubt{
		cost.Dollar / 10_000:      "",
		cost.Dollar / 1_000_000:   cost.DoubtTooFar, // a hundredth of the price before it
		cost.Dollar / 1_000_000_0: cost.DoubtOutOfBounds,
		cost.Dollar + 1:           cost.DoubtOutOfBounds,
	} {
		in := cost.Comparison{Open: cost.StartPrices(), At: noon, List: cost.PriceList{Prices: []cost.ListedPrice{
			{Model: labs, Component: cost.ComponentItem, Unit: unit},
		}}}
		if got := in.Compare()[0].Doubt; got != want {
			t.Errorf("$%s for an item: got the doubt %q, want %q", unit, got, want)
		}
	}
}

// The fingerprint of a request is made of this text. Keys of programs from before the items must still find theirs.
func TestService_NoItemsLeaveTheFingerprint(t *testing.T) {
	t.Parallel()
	for _, value := range []any{cost.Estimate{}, cost.Usage{}} {
		if text, err := json.Marshal(value); err != nil || strings.Contains(string(text), "Items") {
			t.Errorf("got %s, %v, want no Items", text, err)
		}
	}
}
