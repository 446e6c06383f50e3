package engine_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

func newArticles(n int) []uuid.UUID {
	ids := make([]uuid.UUID, n)
	for i := range ids {
		ids[i] = uuid.Must(uuid.NewV7())
	}
	return ids
}

func TestForecast_SaysWhatArticlesCostAndHowManyFit(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	flow := b.Flow(t, workflow.ValidationCompleted)
	b.Reserve(t, flow, 10*cent)
	got, err := b.Engine.Forecast(ctx, b.Who, engine.ForecastInput{WorkflowID: flow.ID, Articles: 12})
	if err != nil {
		t.Fatal(err)
	}
	want := "These 12 articles will cost at most $0.84, probably about $0.10."
	if got.Sentence() != want || got.Affordable != 12 || got.Basis != cost.BasisCold {
		t.Errorf("got %q, %d affordable, %s, want %q, 12, COLD", got.Sentence(), got.Affordable, got.Basis, want)
	}
	one, err := b.Engine.Forecast(ctx, b.Who, engine.ForecastInput{WorkflowID: flow.ID, Articles: 1})
	if want := "This article will cost at most $0.07, probably about $0.0083."; err != nil || one.Sentence() != want {
		t.Errorf("one article: got %q, %v, want %q", one.Sentence(), err, want)
	}
	for _, n := range []int{-1, 0, cost.MaxArticles + 1} {
		_, err := b.Engine.Forecast(ctx, b.Who, engine.ForecastInput{WorkflowID: flow.ID, Articles: n})
		if fault.KindOf(err) != fault.InvalidInput {
			t.Errorf("%d articles: got %v, want INVALID_INPUT", n, err)
		}
	}
	stranger := b.Stranger(t)
	_, err = b.Engine.Forecast(ctx, stranger, engine.ForecastInput{WorkflowID: flow.ID, Articles: 1})
	if fault.KindOf(err) != fault.NotFound {
		t.Errorf("another organization: got %v, want NOT_FOUND", err)
	}
}

// The likely cost follows the organization's own calls, of the same kind of part and the same model.
func TestForecast_LearnsFromTheOrganizationsCalls(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	learn := func(kind string, paid cost.Pico) {
		t.Helper()
		flow := b.Flow(t, workflow.ICPPending)
		run := b.Take(t, flow.ID, "worker")
		visit, err := b.Engine.OpenVisit(ctx, b.Who, run)
		if err != nil {
			t.Fatal(err)
		}
		held, err := b.Engine.Reserve(ctx, b.Who, engine.ReserveInput{
			WorkflowID: flow.ID,
			RunToken:   &run.Token,
			Visit:      &visit.Number,
			Part:       kind + "/0123",
			Amount:     &paid,
		})
		if err != nil {
			t.Fatal(err)
		}
		_, err = b.Engine.SettleLate(ctx, b.Who, engine.SettleInput{
			CallID: held.Call.ID, Model: "openai/gpt-4o-mini", Cost: &paid,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for i := range cost.MinSamples {
		learn(cost.PartSection, cost.Pico(i+1))
		learn("other", cost.Dollar/1000)
	}
	flow := b.Flow(t, workflow.ValidationCompleted)
	got, err := b.Engine.Forecast(ctx, b.Who, engine.ForecastInput{WorkflowID: flow.ID, Articles: 1})
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(got.Parts, func(p cost.PartForecast) bool { return p.Kind == cost.PartSection })
	section := got.Parts[i]
	if section.Likely != 10 || section.Samples != cost.MinSamples || section.Basis != cost.BasisMeasured ||
		got.Basis != cost.BasisMixed {
		t.Errorf("got %+v of a %s forecast, want the median 10 of 20 calls", section, got.Basis)
	}
	who, other := b.Stranger(t), b
	other.Who = who
	strange := other.Flow(t, workflow.ValidationCompleted)
	got, err = b.Engine.Forecast(ctx, who, engine.ForecastInput{WorkflowID: strange.ID, Articles: 1})
	if err != nil || got.Basis != cost.BasisCold {
		t.Errorf("another organization: got %s, %v, want COLD", got.Basis, err)
	}
}

func TestApproval_IsRefusedWhenMostExceedsRemaining(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	refusal := func(flow workflow.Workflow, n int, maxTotal *cost.Pico) cost.Refusal {
		t.Helper()
		_, err := b.Engine.BudgetArticles(ctx, b.Who, flow, newArticles(n), maxTotal)
		var refused *cost.RefusedError
		if !errors.As(err, &refused) {
			t.Fatalf("%d articles: got %v, want a refusal", n, err)
		}
		return refused.Refusal
	}
	flow := b.Flow(t, workflow.ValidationCompleted)
	b.Reserve(t, flow, 20*cent)
	for range 2 { // Nothing that was refused has left a trace.
		got := refusal(flow, 12, nil)
		if got.Account != cost.AccountWorkflow || got.Affordable != 11 || got.Needed != 84*cent || !got.Retryable {
			t.Errorf("12 articles in $0.80: got %+v, want the workflow to refuse $0.84, 11 affordable", got)
		}
	}
	accepted := 34 * cent
	if got := refusal(flow, 5, &accepted); got.Affordable != 4 || got.Needed != 35*cent {
		t.Errorf("5 articles for at most $0.34: got %+v, want 4 affordable", got)
	}
	articles := newArticles(11)
	forecast, err := b.Engine.BudgetArticles(ctx, b.Who, flow, articles, nil)
	if err != nil || forecast.Most != 77*cent {
		t.Fatalf("11 articles: got %s, %v, want $0.77", forecast.Most, err)
	}
	budgets, err := b.Engine.ArticleBudgets(ctx, b.Who, articles)
	if err != nil || len(budgets) != 11 || budgets[articles[0]].Cap != 7*cent {
		t.Errorf("got %d budgets, the first %+v, %v", len(budgets), budgets[articles[0]], err)
	}

	poor := b
	poor.Who = b.Stranger(t)
	limit := cost.Limit(30 * cent)
	_, err = b.Engine.SetMonthlyLimit(ctx, poor.Who, engine.SetMonthlyLimitInput{Limit: limit})
	if err != nil {
		t.Fatal(err)
	}
	b = poor
	if got := refusal(poor.Flow(t, workflow.ValidationCompleted), 5, nil); got.Account != cost.AccountMonth ||
		got.Affordable != 4 {
		t.Errorf("5 articles in a month of $0.30: got %+v, want the month to refuse, 4 affordable", got)
	}
	b.Sound(t)
}

// Many approvals at once do not deadlock with calls, and each budget is opened once.
func TestApproval_RunsBesideReservations(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	flow := b.Flow(t, workflow.ValidationCompleted)
	article, amount := testdb.Article(t, b.DB, b.Who, flow.ID, cost.Dollar), cost.Pico(1)
	errs := testdb.Together(40, func(i int) error {
		if i%2 == 0 {
			_, err := b.Engine.BudgetArticles(ctx, b.Who, flow, newArticles(1), nil)
			return err
		}
		_, err := b.Engine.Reserve(ctx, b.Who, engine.ReserveInput{
			WorkflowID: flow.ID, ArticleID: &article, Amount: &amount,
		})
		return err
	})
	if err := errors.Join(errs...); err != nil {
		t.Error(err)
	}
	b.Sound(t)
}

// In a free mode the articles are expected to use no result pages.
func TestForecast_FollowsTheSourceOfSearchData(t *testing.T) {
	t.Parallel()
	b := setupWith(t, func(o *engine.Options) { o.Research = cost.ResearchSERPCrawl })
	ctx := t.Context()
	flow := b.Flow(t, workflow.ValidationCompleted)
	likely := func(mode cost.ResearchMode) cost.Pico {
		t.Helper()
		in := engine.ForecastInput{WorkflowID: flow.ID, Articles: 1, Mode: mode}
		got, err := b.Engine.Forecast(ctx, b.Who, in)
		if err != nil {
			t.Fatal(err)
		}
		return got.Likely
	}
	if likely("") != likely(cost.ResearchSERPCrawl) {
		t.Error("by default the forecast is not that with result pages")
	}
	mode := content.ModeCrawl
	if _, err := b.Engine.SetMarket(ctx, b.Who, engine.SetMarketInput{Mode: &mode}); err != nil {
		t.Fatal(err)
	}
	one, err := b.Engine.LikelyArticle(ctx, b.Who)
	if likely("") != likely(cost.ResearchSiteOnly) || err != nil || *one != likely(cost.ResearchSiteOnly) {
		t.Errorf("in a free mode: got %s, %v, want the forecast without result pages", likely(""), err)
	}
}
