package engine_test

import (
	"context"
	"testing"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
)

// With search data the five steps before the articles cost about $0.37, and without it about $0.03. So a limit of less
// than $0.44 promises no article with search data.
func TestForecastNewWorkflow_SaysWhatALimitBuys(t *testing.T) {
	t.Parallel()
	b := setupWith(t, func(o *engine.Options) { o.Research = cost.ResearchSERPCrawl })
	for name, c := range map[string]struct {
		limit                       cost.Pico
		mode                        content.Mode
		certain, guaranteed, likely int
		sentence                    string
	}{
		"Nothing": {
			0, content.ModeDataForSEO, 0, 0, 0,
			"The five steps before the articles will probably cost about $0.37. The limit leaves too little for an article.",
		},
		"TooLittle": {
			43 * cent, content.ModeDataForSEO, 0, 0, 4,
			"The five steps before the articles will probably cost about $0.37. The limit promises no article, since one may " +
				"cost up to $0.07. It probably pays for 4 articles.",
		},
		"One": {
			45 * cent, content.ModeDataForSEO, 0, 1, 6,
			"The five steps before the articles will probably cost about $0.37. The rest of the limit pays for 1 article at " +
				"the highest cost, and probably for 6.",
		},
		"WithSearchData": {
			cost.Dollar, content.ModeBest, 2, 9, 50,
			"The five steps before the articles will probably cost about $0.37. The rest of the limit pays for 9 articles " +
				"at the highest cost, and probably for 50.",
		},
		"WithoutSearchData": {
			cost.Dollar, content.ModeCrawl, 11, 13, 50,
			"The five steps before the articles will probably cost about $0.03. The rest of the limit pays for 13 articles " +
				"at the highest cost, and probably for 50.",
		},
		"All": {
			5 * cost.Dollar, content.ModeModel, 50, 50, 50,
			"The five steps before the articles will probably cost about $0.03. The rest pays for 50 articles, the most of a " +
				"workflow.",
		},
	} {
		got, err := b.Engine.ForecastNewWorkflow(context.Background(), b.Who, engine.NewWorkflowInput{
			Limit: &c.limit, Mode: c.mode,
		})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got.Certain != c.certain {
			t.Errorf("%s: got %d certain, want %d", name, got.Certain, c.certain)
		}
		if got.Guaranteed() != c.guaranteed || got.Likely != c.likely || got.Sentence() != c.sentence {
			t.Errorf("%s: got %d guaranteed, %d likely, %q, want %d, %d, %q", name, got.Guaranteed(), got.Likely,
				got.Sentence(), c.guaranteed, c.likely, c.sentence)
		}
	}
}

// The month bounds a new workflow too, and counts what others have spent in it.
func TestForecastNewWorkflow_CountsTheMonth(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	_, err := b.Engine.SetMonthlyLimit(ctx, b.Who, engine.SetMonthlyLimitInput{
		Limit: cost.Limit(30 * cent), IdempotencyKey: uuid.NewString(),
	})
	if err != nil {
		t.Fatal(err)
	}
	dollar := cost.Dollar
	got, err := b.Engine.ForecastNewWorkflow(ctx, b.Who, engine.NewWorkflowInput{Limit: &dollar})
	const want = "The five steps before the articles will probably cost about $0.03. The rest of the month’s limit pays " +
		"for 3 articles at the highest cost, and probably for 32."
	if err != nil || got.Sentence() != want {
		t.Errorf("got %q, %v, want %q", got.Sentence(), err, want)
	}
	less := cost.Pico(-1)
	_, err = b.Engine.ForecastNewWorkflow(ctx, b.Who, engine.NewWorkflowInput{Limit: &less})
	if fault.KindOf(err) != fault.InvalidInput {
		t.Errorf("a negative limit: got %v, want INVALID_INPUT", err)
	}
	unpriced := b.NewEngine(t, b.DB.Store(), func(o *engine.Options) { o.Models.Common = []string{"example/unpriced"} })
	_, err = unpriced.ForecastNewWorkflow(ctx, b.Who, engine.NewWorkflowInput{})
	if fault.KindOf(err) != fault.PriceUnknown {
		t.Errorf("a model without a price: got %v, want PRICE_UNKNOWN", err)
	}
}
