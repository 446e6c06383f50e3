package graph_test

import (
	"context"
	"testing"
	"time"

	"github.com/infin8content/engine/graph/graphtest"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/gqlhttp"
	"github.com/infin8content/engine/internal/report"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// A forecast is computed and not stored, so it may be more than a Pico can count.
func TestForecast_BeyondTheRangeOfAStoredAmount(t *testing.T) {
	t.Parallel()
	b := graphtest.New(t)
	ctx, now := context.Background(), time.Date(2026, 3, 1, 0, 0, 33, 0, time.UTC)
	e, err := engine.New(engine.Options{
		Store:         b.DB.Store(),
		Jobs:          graphtest.NoJobs{},
		Drives:        []workflow.StepKey{workflow.StepICP},
		WorkflowLimit: cost.Dollar,
		MonthLimit:    cost.Dollar,
		Now:           func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	flow := testdb.Workflow(t, b.DB, b.Who, testdb.WorkflowOpts{State: workflow.ICPProcessing})
	spent := 120 * cost.Dollar
	if _, err := e.Record(ctx, b.Who, engine.RecordInput{
		WorkflowID:     flow.ID,
		Model:          "openai/gpt-4o-mini",
		Cost:           &spent,
		IdempotencyKey: "first",
	}); err != nil {
		t.Fatal(err)
	}
	b.Engine, b.Reporter = e, report.New(b.DB.Store(), func() time.Time { return now })
	b = b.With(func(*gqlhttp.Options) {})
	body := b.Ask(t, `{ organization {
		spend { settled remaining }
		forecast { settledAtEnd exhaustedAt }
	} }`, nil)
	// 120 · 2 678 400 s / 33 s
	if got := graphtest.Get(t, body, "data", "organization", "forecast", "settledAtEnd"); got != "9739636.363636363637" {
		t.Errorf("settledAtEnd: got %v, want 9739636.363636363637; %s", got, body)
	}
	if got := graphtest.Get(t, body, "data", "organization", "spend", "remaining"); got != "-95" {
		t.Errorf("remaining: got %v, want -95", got)
	}
}
