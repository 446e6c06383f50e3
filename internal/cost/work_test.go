package cost_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/fault"
)

var articleModels = []string{"openai/gpt-4o-mini"}

func noSamples(string, string) cost.Sample { return cost.Sample{} }

// articlePrices are the start prices of the parts of an article.
func articlePrices() []cost.Price {
	price := func(model string, c cost.Component, unit cost.Pico) cost.Price {
		return cost.Price{Model: model, Component: c, Unit: unit}
	}
	return []cost.Price{
		price(articleModels[0], cost.ComponentPrompt, 150_000),
		price(articleModels[0], cost.ComponentCompletion, 600_000),
		price("dear/model", cost.ComponentPrompt, 1_000_000),
		price("dear/model", cost.ComponentCompletion, 5_000_000),
	}
}

func TestForecastWork_HoldsAndLikelyCostsOfAnArticle(t *testing.T) {
	t.Parallel()
	work, err := cost.ForecastWork(cost.ArticleParts(cost.ResearchSiteOnly, articleModels), articlePrices(), noSamples,
		time.Now())
	if err != nil {
		t.Fatal(err)
	}
	got := map[string][2]string{}
	for _, p := range work.Parts {
		got[p.Kind] = [2]string{p.Hold.String(), p.Likely.String()}
	}
	want := map[string][2]string{
		cost.PartOutline:  {"0.001875", "0.00069375"},
		cost.PartEvidence: {"0.0045", "0.001275"},
		cost.PartSection:  {"0.00219", "0.0006825"},
		cost.PartEdit:     {"0.003075", "0.00091875"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("hold and likely cost of each part (-want +got):\n%s", diff)
	}
	if work.Likely.String() != "0.0082575" || work.Most.String() != "0.05418" || work.Basis != cost.BasisCold {
		t.Errorf("article: got %s likely, %s at most, %s", work.Likely, work.Most, work.Basis)
	}
	all, err := work.Each(12, cost.DefaultArticleCap)
	if err != nil || all.Most.String() != "0.84" || all.Likely.String() != "0.09909" {
		t.Errorf("12 articles: got %s likely, %s at most, %v", all.Likely, all.Most, err)
	}
}

func TestForecastWork_UsesTheMedianFromTwentyCallsOn(t *testing.T) {
	t.Parallel()
	parts := cost.ArticleParts(cost.ResearchNone, articleModels)
	for calls, want := range map[int64]cost.Basis{0: cost.BasisCold, 19: cost.BasisCold, 20: cost.BasisMixed} {
		work, err := cost.ForecastWork(parts, articlePrices(), func(kind, model string) cost.Sample {
			if kind != cost.PartSection || model != articleModels[0] {
				return cost.Sample{}
			}
			return cost.Sample{Calls: calls, Median: 7}
		}, time.Now())
		if err != nil || work.Basis != want {
			t.Errorf("%d calls: got %s, %v, want %s", calls, work.Basis, err, want)
		}
		for _, p := range work.Parts {
			if measured := p.Kind == cost.PartSection && calls >= cost.MinSamples; (p.Likely == 7) != measured {
				t.Errorf("%d calls: %s is likely to cost %s", calls, p.Kind, p.Likely)
			}
		}
	}
	work, err := cost.ForecastWork(parts, articlePrices(), func(string, string) cost.Sample {
		return cost.Sample{Calls: cost.MinSamples, Median: 1}
	}, time.Now())
	if err != nil || work.Basis != cost.BasisMeasured || work.Likely != 8 {
		t.Errorf("all parts measured: got %s, %s, %v, want MEASURED and 8 picodollars", work.Basis, work.Likely, err)
	}
}

func TestForecastWork_HoldsForTheDearestModelThatMayAnswer(t *testing.T) {
	t.Parallel()
	models := append([]string{articleModels[0]}, "dear/model")
	work, err := cost.ForecastWork(cost.ArticleParts(cost.ResearchNone, models), articlePrices(), noSamples, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	outline := work.Parts[0]
	if outline.Hold.String() != "0.014" || outline.Likely.String() != "0.00069375" {
		t.Errorf("outline: got a hold of %s, likely %s, want the dear model's hold and the first model's likely cost",
			outline.Hold, outline.Likely)
	}
	one, err := work.Each(1, cost.DefaultArticleCap/100)
	if err != nil || one.Likely != cost.DefaultArticleCap/100 || one.Most != cost.DefaultArticleCap/100 {
		t.Errorf("below the likely cost: got %s likely, %s at most, want the cap for both", one.Likely, one.Most)
	}
	_, err = cost.ForecastWork(cost.ArticleParts(cost.ResearchNone, []string{"unknown/model"}), articlePrices(), noSamples,
		time.Now())
	if fault.KindOf(err) != fault.PriceUnknown {
		t.Errorf("a model without a price: got %v, want PRICE_UNKNOWN", err)
	}
}

func TestRoom_Affordable(t *testing.T) {
	t.Parallel()
	const each = cost.DefaultArticleCap
	dollar := cost.Balance{Limit: cost.Limit(cost.Dollar)}
	for name, c := range map[string]struct {
		room cost.Room
		want int
		// refuses is the account without room for 12 articles.
		refuses cost.AccountKind
	}{
		"FourteenForADollar": {cost.Room{Workflow: dollar, Month: cost.Balance{Limit: cost.Unlimited}}, 14, ""},
		"TheMonthHasLess": {
			cost.Room{Workflow: dollar, Month: cost.Balance{Limit: cost.Limit(cost.Dollar), Settled: cost.Dollar / 2}},
			7, cost.AccountMonth,
		},
		"TheWorkflowHoldsMoney": {
			cost.Room{Workflow: cost.Balance{Limit: cost.Limit(cost.Dollar), Held: cost.Dollar}, Month: dollar},
			0, cost.AccountWorkflow,
		},
		"Overdrawn": {
			cost.Room{Workflow: cost.Balance{Limit: 1, Settled: cost.Dollar}, Month: dollar}, 0, cost.AccountWorkflow,
		},
		"Stopped": {
			cost.Room{Workflow: dollar, Month: cost.Balance{Limit: cost.Unlimited, Stopped: true}}, 0, cost.AccountMonth,
		},
		"NoLimit": {
			cost.Room{Workflow: cost.Balance{Limit: cost.Unlimited}, Month: cost.Balance{Limit: cost.Unlimited}},
			cost.MaxArticles, "",
		},
	} {
		if got := c.room.Affordable(each, cost.MaxArticles); got != c.want {
			t.Errorf("%s: got %d articles, want %d", name, got, c.want)
		}
		refused := c.room.Afford(12 * each)
		if (refused == nil) != (c.refuses == "") || refused != nil && refused.Account != c.refuses {
			t.Errorf("%s: got the refusal %v, want one by %q", name, refused, c.refuses)
		}
	}
}

func TestPico_Rounded(t *testing.T) {
	t.Parallel()
	for p, want := range map[cost.Pico]string{
		0: "0.00", 1: "0.0001", cost.Dollar: "1.00", 12 * cost.DefaultArticleCap: "0.84", cost.DefaultArticleCap: "0.07",
		154_000_000_000: "0.16", 99_099_999_999: "0.10", 8_257_500_000: "0.0083", 1<<63 - 1: "9223372.036854775807",
	} {
		if got := p.Rounded(); got != want {
			t.Errorf("%d: got %s, want %s", p, got, want)
		}
	}
}
