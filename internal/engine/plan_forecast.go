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
	// suggestCalls, suggestItems and serpCalls are the requests for search data of step 4.
	suggestCalls, suggestItems, serpCalls = 20, 20, 60
	// ownItems and ownSERPCalls are those of step 5: the keywords that the company's own site is found for, and result
	// pages that show whether it has the subject of an article already.
	ownItems, ownSERPCalls = 100, 20
)

// planAhead is what steps 4 and 5 begin with.
type planAhead struct {
	selected int
	room     cost.Room
	at       time.Time
}

// planForecast returns the expected cost of steps 4 and 5 for a number of selected keywords: one request for phrases,
// or the search data, and a brief for each page. Nothing when a model has no price. The steps refuse each call that
// does not fit, and continue after the limit is raised, so the forecast refuses nothing.
func (e *Engine) planForecast(
	ctx context.Context, store *postgres.Store, who caller.Caller, in planAhead,
) (*WorkForecast, error) {
	if in.selected == 0 {
		return nil, nil
	}
	searches, err := e.searches(ctx, store, who)
	if err != nil {
		return nil, err
	}
	pages := int64(min(content.MostClustered, in.selected+expandPhrases))
	parts := e.planParts(planWork{
		selected: in.selected,
		briefs:   pages,
		pages:    min(pages, serpCalls),
		searches: searches,
	})
	forecast, err := e.forecastWork(ctx, store, who, workAhead{room: in.room, parts: parts, at: in.at})
	var unknown *cost.PriceUnknownError
	if errors.As(err, &unknown) {
		return nil, nil
	}
	return &forecast, err
}

// planWork is the work of steps 4 and 5: how many keywords are selected, how many briefs are written, and of how many
// keywords step 4 reads the result page, if the steps buy search data.
type planWork struct {
	selected      int
	briefs, pages int64
	searches      bool
}

func (e *Engine) planParts(in planWork) []cost.PlannedPart {
	parts := []cost.PlannedPart{e.modelPart(workflow.StepValidation, "brief", in.briefs, briefBytes, briefTokens)}
	switch {
	case in.searches:
		parts = append(parts, cost.PlannedPart{
			Kind:     cost.PartSERP,
			Calls:    in.pages + ownSERPCalls,
			Estimate: cost.Estimate{Models: []string{cost.ServiceSERP}},
		}, cost.PlannedPart{
			Kind: "ranked", Calls: 1, Estimate: cost.Estimate{Models: []string{cost.ServiceLabs}, Items: ownItems},
		})
		if in.selected < content.MostClustered {
			parts = append(parts, cost.PlannedPart{
				Kind:     "suggestions",
				Calls:    int64(min(in.selected, suggestCalls)),
				Estimate: cost.Estimate{Models: []string{cost.ServiceLabs}, Items: suggestItems},
			})
		}
	case in.selected < content.MostClustered:
		parts = append(parts, e.modelPart(workflow.StepClustering, "expand", 1, expandBytes, expandTokens))
	}
	return parts
}

// modelPart is a kind of part that the models of a step answer.
func (e *Engine) modelPart(step workflow.StepKey, kind string, calls, bytes, tokens int64) cost.PlannedPart {
	return cost.PlannedPart{Kind: kind, Calls: calls, Estimate: cost.Estimate{
		Models: e.models.Of(step), PromptBytes: bytes, MaxCompletionTokens: tokens,
	}}
}

// searches reports whether the steps buy search data for an organization.
func (e *Engine) searches(ctx context.Context, store *postgres.Store, who caller.Caller) (bool, error) {
	if e.research != cost.ResearchSERPCrawl {
		return false, nil
	}
	market, err := store.MarketSettings(ctx, who)
	if err != nil {
		return false, fmt.Errorf("read the market of organization %s: %w", who.OrganizationID, err)
	}
	return e.searchesIn(market.Mode), nil
}

// searchesIn reports whether the steps buy search data in a mode.
func (e *Engine) searchesIn(mode content.Mode) bool {
	return e.research == cost.ResearchSERPCrawl && (mode == content.ModeBest || mode == content.ModeDataForSEO)
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
