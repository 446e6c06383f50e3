package engine_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// forecastSeeds is the number of histories of TestForecast_ActualNeverExceedsMost.
var forecastSeeds = flag.Uint64("forecast.seeds", 25, "number of simulated histories of calls for one article")

// budget returns the budget of an article.
func (b bundle) budget(t *testing.T, article uuid.UUID) cost.ArticleBudget {
	t.Helper()
	budgets, err := b.Engine.ArticleBudgets(context.Background(), b.Who, []uuid.UUID{article})
	if err != nil {
		t.Fatal(err)
	}
	return budgets[article]
}

// counts checks what an article has spent and holds.
func (b bundle) counts(t *testing.T, article uuid.UUID, settled, held cost.Pico, overage bool) {
	t.Helper()
	got := b.budget(t, article)
	if got.Settled != settled || got.Held != held || got.Overage != overage {
		t.Errorf("budget: got %s settled, %s held, overage %t, want %s, %s, %t", got.Settled, got.Held, got.Overage,
			settled, held, overage)
	}
}

func (b bundle) reserveForArticle(flow, article uuid.UUID, amount cost.Pico) (engine.Charged, error) {
	return b.Engine.Reserve(context.Background(), b.Who, engine.ReserveInput{
		WorkflowID: flow, ArticleID: &article, Amount: &amount,
	})
}

func TestArticleBudget_AHundredAtOnceFillTheCap(t *testing.T) {
	t.Parallel()
	b := setup(t)
	servers, flow := b.servers(t), b.Flow(t, workflow.ArticleProcessing)
	article, amount := testdb.Article(t, b.DB, b.Who, flow.ID, 7*cent), cost.Pico(cent)
	errs := testdb.Together(100, func(i int) error {
		_, err := servers[i%2].Reserve(context.Background(), b.Who, engine.ReserveInput{
			WorkflowID: flow.ID, ArticleID: &article, Amount: &amount,
		})
		return err
	})
	if diff := cmp.Diff(map[fault.Kind]int{"": 7, fault.BudgetHeld: 93}, kinds(errs)); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	for _, err := range errs {
		var refused *cost.RefusedError
		if err != nil && (!errors.As(err, &refused) || refused.Account != cost.AccountArticle) {
			t.Errorf("got %v, want a refusal by the article", err)
		}
	}
	b.counts(t, article, 0, 7*cent, false)
	b.paid(t, flow.ID, 0, 7*cent)
	b.Sound(t)
}

func TestArticleBudget_FollowsEachOutcome(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	flow := b.Flow(t, workflow.ArticleProcessing)
	article := testdb.Article(t, b.DB, b.Who, flow.ID, 7*cent)
	hold := func() cost.Call {
		t.Helper()
		charged, err := b.reserveForArticle(flow.ID, article, 2*cent)
		if err != nil {
			t.Fatal(err)
		}
		return charged.Call
	}
	settle := func(call cost.Call, paid cost.Pico) {
		t.Helper()
		_, err := b.Engine.Settle(ctx, b.Who, engine.SettleInput{CallID: call.ID, Model: "m", Cost: &paid})
		if err != nil {
			t.Fatal(err)
		}
	}
	settle(hold(), cent)
	b.counts(t, article, cent, 0, false)
	if _, err := b.Engine.Release(ctx, b.Who, engine.ReleaseInput{CallID: hold().ID, Reason: "never sent"}); err != nil {
		t.Fatal(err)
	}
	b.counts(t, article, cent, 0, false)

	lost := hold()
	b.Clock.Advance(2 * time.Hour) // The call of a program outside is not settled in time, then a day passes.
	for range 2 {
		ask := func(context.Context, string, string) (*engine.SettleInput, error) { return nil, nil }
		if _, err := b.Engine.SweepCalls(ctx, ask); err != nil {
			t.Fatal(err)
		}
		b.Clock.Advance(25 * time.Hour)
	}
	b.counts(t, article, 3*cent, 0, false)
	settle(lost, cent) // The late answer becomes a correction.
	b.counts(t, article, 2*cent, 0, false)

	settle(hold(), 6*cent) // The provider bills three times the hold.
	b.counts(t, article, 8*cent, 0, true)
	if _, err := b.reserveForArticle(flow.ID, article, 1); fault.KindOf(err) != fault.BudgetExhausted {
		t.Errorf("after an overage: got %v, want BUDGET_EXHAUSTED", err)
	}
	if _, err := b.reserveForArticle(flow.ID, uuid.New(), 1); fault.KindOf(err) != fault.NotFound {
		t.Errorf("without a budget: got %v, want NOT_FOUND", err)
	}
	other := b.Flow(t, workflow.ArticleProcessing)
	if _, err := b.reserveForArticle(other.ID, article, 1); fault.KindOf(err) != fault.NotFound {
		t.Errorf("for another workflow: got %v, want NOT_FOUND", err)
	}
	b.Sound(t)
}

// The forecast is a bound: whatever is repeated and whatever fails, an article costs at most its cap, as long as no
// provider bills more than was held. Histories of calls for one article are drawn from a seed.
func TestForecast_ActualNeverExceedsMost(t *testing.T) {
	t.Parallel()
	b := setupWith(t, func(o *engine.Options) { o.MonthLimit = 1000 * cost.Dollar })
	flow := testdb.Workflow(t, b.DB, b.Who, testdb.WorkflowOpts{Limit: 1000 * cost.Dollar})
	for seed := range *forecastSeeds {
		h := articleHistory{bundle: b, flow: flow.ID, rand: rand.New(rand.NewPCG(seed, 12))}
		h.article = testdb.Article(t, b.DB, b.Who, flow.ID, cost.DefaultArticleCap)
		if err := h.run(); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		got := b.budget(t, h.article)
		if got.Overage || got.Settled != h.settled || got.Held != h.held || got.Settled+got.Held > cost.DefaultArticleCap {
			t.Fatalf("seed %d: got %+v, want %s settled and %s held, at most %s", seed, got, h.settled, h.held,
				cost.Pico(cost.DefaultArticleCap))
		}
	}
	b.Sound(t)
}

// articleHistory makes calls for one article, some of which fail.
type articleHistory struct {
	bundle
	flow, article uuid.UUID
	rand          *rand.Rand
	settled, held cost.Pico
	open          []cost.Call
}

// run reserves until the budget has refused three calls; between the calls some others end.
func (h *articleHistory) run() error {
	for refused := 0; refused < 3; {
		hold := cost.Pico(h.rand.Int64N(int64(3 * cent)))
		charged, err := h.reserveForArticle(h.flow, h.article, hold)
		var refusal *cost.RefusedError
		switch fits := h.settled+h.held+hold <= cost.DefaultArticleCap; {
		case fits && err != nil:
			return fmt.Errorf("a hold of %s that fits: %w", hold, err)
		case !fits && !errors.As(err, &refusal):
			return fmt.Errorf("a hold of %s beyond the cap: got %v, want a refusal", hold, err)
		case !fits:
			refused++
		default:
			h.held += hold
			h.open = append(h.open, charged.Call)
		}
		if len(h.open) > 0 && h.rand.IntN(3) > 0 {
			if err := h.end(); err != nil {
				return err
			}
		}
	}
	return nil
}

// end ends an open call: with a cost up to its hold, or without a charge. A third stays open, as after a lost answer.
func (h *articleHistory) end() error {
	ctx, i := context.Background(), h.rand.IntN(len(h.open))
	call := h.open[i]
	switch h.rand.IntN(3) {
	case 0:
		return h.Engine.MarkUnknown(ctx, h.Who, call.ID, workflow.FailureTimeout)
	case 1:
		paid := cost.Pico(h.rand.Int64N(int64(call.Hold) + 1))
		h.settled += paid
		_, err := h.Engine.SettleLate(ctx, h.Who, engine.SettleInput{CallID: call.ID, Model: "m", Cost: &paid})
		if err != nil {
			return err
		}
	default:
		_, err := h.Engine.Release(ctx, h.Who, engine.ReleaseInput{CallID: call.ID, Reason: "refused"})
		if err != nil {
			return err
		}
	}
	h.held -= call.Hold
	h.open = append(h.open[:i], h.open[i+1:]...)
	return nil
}
