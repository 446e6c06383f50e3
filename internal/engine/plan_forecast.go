package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// The sizes of the requests of steps 4 and 5, for their forecast. The kinds are the first words of the keys of parts.
const (
	expandBytes, expandTokens, expandPhrases = 24_000, 3000, 80
	briefBytes, briefTokens                  = 9000, 900
)

// planAhead is what steps 4 and 5 begin with.
type planAhead struct {
	selected int
	room     cost.Room
	at       time.Time
}

// planForecast returns the expected cost of steps 4 and 5 for a number of selected keywords: one request for phrases,
// and a brief for each page. Nothing when a model has no price. The steps refuse each call that does not fit, and
// continue after the limit is raised, so the forecast refuses nothing.
func (e *Engine) planForecast(
	ctx context.Context, store *postgres.Store, who caller.Caller, in planAhead,
) (*WorkForecast, error) {
	if in.selected == 0 {
		return nil, nil
	}
	part := func(kind string, calls, bytes, tokens int64) cost.PlannedPart {
		return cost.PlannedPart{Kind: kind, Calls: calls, Estimate: cost.Estimate{
			Models: e.articleModels, PromptBytes: bytes, MaxCompletionTokens: tokens,
		}}
	}
	pages := int64(min(content.MostClustered, in.selected+expandPhrases))
	parts := []cost.PlannedPart{part("brief", pages, briefBytes, briefTokens)}
	if in.selected < content.MostClustered {
		parts = append(parts, part("expand", 1, expandBytes, expandTokens))
	}
	forecast, err := e.forecastWork(ctx, store, who, workAhead{room: in.room, parts: parts, at: in.at})
	var unknown *cost.PriceUnknownError
	if errors.As(err, &unknown) {
		return nil, nil
	}
	return &forecast, err
}

// GateForecast returns the expected cost of the work that the gate at which a workflow waits begins: steps 4 and 5 for
// the selected keywords, or the approved articles. Nothing at any other time, and without a selection.
func (e *Engine) GateForecast(
	ctx context.Context, who caller.Caller, flow workflow.Workflow, selected int,
) (*WorkForecast, error) {
	gate, waits := gateAt(flow.State)
	if !waits || selected == 0 {
		return nil, nil
	}
	if gate == workflow.GatePlan {
		if selected > cost.MaxArticles {
			return nil, nil
		}
		forecast, err := e.Forecast(ctx, who, ForecastInput{WorkflowID: flow.ID, Articles: selected})
		var unknown *cost.PriceUnknownError
		if errors.As(err, &unknown) {
			return nil, nil
		}
		return &forecast, err
	}
	at := e.now()
	rooms, err := e.store.Rooms(ctx, who, []uuid.UUID{flow.ID}, at)
	if err != nil {
		return nil, fmt.Errorf("read the room of workflow %s: %w", flow.ID, err)
	}
	return e.planForecast(ctx, e.store, who, planAhead{selected: selected, room: rooms[flow.ID], at: at})
}
