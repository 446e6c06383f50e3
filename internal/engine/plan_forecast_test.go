package engine_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
)

// An approval is refused when the most that the articles can cost does not fit, and names how many would.
func TestApproveArticlePlan_IsRefusedWhenMostExceedsRemaining(t *testing.T) {
	t.Parallel()
	p, ctx := setupPlan(t, false), context.Background()
	decided, err := p.decide(engine.PlanItemInput{ArticleID: p.article(0), Choice: content.PlanApproved})
	if err != nil {
		t.Fatal(err)
	}
	limit := func(amount cost.Pico) {
		t.Helper()
		_, err := p.Engine.SetWorkflowLimit(ctx, p.Who, engine.SetWorkflowLimitInput{
			WorkflowID: p.Planned.Flow.ID, Limit: cost.Limit(amount), IdempotencyKey: uuid.NewString(),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	limit(cost.Dollar / 100)
	_, err = p.approve(p.Who, decided.Selection)
	var refused *cost.RefusedError
	if !errors.As(err, &refused) || refused.Affordable != 0 {
		t.Fatalf("got %v, want a refusal with room for no article", err)
	}
	limit(cost.Dollar)
	cent := cost.Dollar / 100
	_, err = p.Engine.ApproveArticlePlan(ctx, p.Who, engine.ApproveArticlePlanInput{
		WorkflowID:      p.Planned.Flow.ID,
		ExpectedVersion: p.Planned.Flow.Version,
		Digest:          decided.Selection.Digest[:],
		MaxTotal:        &cent,
	})
	if !errors.As(err, &refused) {
		t.Errorf("above maxTotal: got %v, want a refusal", err)
	}
	if _, err := p.approve(p.Who, decided.Selection); err != nil {
		t.Fatal(err)
	}
	decisions, err := p.Engine.GateDecisions(ctx, p.Who, []uuid.UUID{p.Planned.Flow.ID})
	last := decisions[p.Planned.Flow.ID][0]
	if err != nil || last.Likely == nil || last.Most == nil || *last.Most != cost.DefaultArticleCap {
		t.Errorf("got %+v, %v, want the forecast in the decision", last, err)
	}
	budgets, err := p.Engine.ArticleBudgets(ctx, p.Who, []uuid.UUID{p.article(0)})
	if err != nil || len(budgets) != 1 {
		t.Errorf("got the budgets %v, %v, want one", budgets, err)
	}
}
