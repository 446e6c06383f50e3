package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// WorkForecast is the expected cost of work on a workflow, beside what its accounts have left.
type WorkForecast struct {
	cost.WorkForecast
	// Articles is the number of articles; 0 for work that is not counted in articles.
	Articles int
	// Cap is the most that one article may cost; of other work, the most that it can cost.
	Cap cost.Pico
	// Affordable is how many articles of at most Cap the workflow and the month have room for: at most
	// cost.MaxArticles. For other work it is 1 or 0.
	Affordable int
	Room       cost.Room
}

// Sentence is the forecast for a reader.
func (f WorkForecast) Sentence() string {
	subject := "This work"
	switch {
	case f.Articles == 1:
		subject = "This article"
	case f.Articles > 1:
		subject = fmt.Sprintf("These %d articles", f.Articles)
	}
	return fmt.Sprintf("%s will cost at most $%s, probably about $%s.", subject, f.Most.Rounded(), f.Likely.Rounded())
}

// Refusal returns the error of an approval that the forecast does not allow: *cost.RefusedError when an account has no
// room for the most that the work can cost. Without an error the work fits now. No money is moved, so others may spend
// what is left before the work does.
func (f WorkForecast) Refusal() error {
	if refused := f.Room.Afford(f.Most); refused != nil {
		refused.Affordable = f.Affordable
		return refused
	}
	return nil
}

// ForecastInput asks what articles will cost. Mode is the engine's own when empty.
type ForecastInput struct {
	WorkflowID uuid.UUID
	Articles   int
	Mode       cost.ResearchMode
}

// Forecast returns what articles of a workflow will cost. It locks nothing, so the room may be another one at once.
func (e *Engine) Forecast(ctx context.Context, who caller.Caller, in ForecastInput) (WorkForecast, error) {
	if in.Articles < 1 || in.Articles > cost.MaxArticles {
		return WorkForecast{}, fault.Invalid([]string{"articles"}, "A forecast is for 1 to %d articles.", cost.MaxArticles)
	}
	flow, err := e.Workflow(ctx, who, in.WorkflowID)
	if err != nil {
		return WorkForecast{}, err
	}
	parts, err := e.articleParts(ctx, e.store, who, in.Mode)
	if err != nil {
		return WorkForecast{}, err
	}
	at := e.now()
	rooms, err := e.store.Rooms(ctx, who, []uuid.UUID{flow.ID}, at)
	if err != nil {
		return WorkForecast{}, fmt.Errorf("read the room of workflow %s: %w", flow.ID, err)
	}
	return e.forecastWork(ctx, e.store, who, workAhead{
		room:     rooms[flow.ID],
		parts:    parts,
		articles: in.Articles,
		at:       at,
	})
}

// workAhead is work to be done, and the room that it meets.
type workAhead struct {
	room cost.Room
	// parts are those of the work, or of each article when articles is not 0.
	parts    []cost.PlannedPart
	articles int
	at       time.Time
}

// articleParts returns the parts of one article. An empty mode is the engine's own: result pages only where the
// organization's source of search data lets the steps buy them.
func (e *Engine) articleParts(
	ctx context.Context, store *postgres.Store, who caller.Caller, mode cost.ResearchMode,
) ([]cost.PlannedPart, error) {
	if mode == "" {
		searches, err := e.searches(ctx, store, who)
		if err != nil {
			return nil, err
		}
		if mode = e.research; mode == cost.ResearchSERPCrawl && !searches {
			mode = cost.ResearchSiteOnly
		}
	}
	return cost.ArticleParts(mode, e.models.Of(workflow.StepArticle)), nil
}

// forecastWork returns the expected cost of work at the organization's prices and from its own past calls.
func (e *Engine) forecastWork(
	ctx context.Context, store *postgres.Store, who caller.Caller, in workAhead,
) (WorkForecast, error) {
	var models []string
	kinds := make([]postgres.PartKind, len(in.parts))
	for i, p := range in.parts {
		models = append(models, p.Estimate.Models...)
		kinds[i] = postgres.PartKind{Kind: p.Kind, Model: p.Estimate.Models[0]}
	}
	prices, err := store.Prices(ctx, who.OrganizationID, models, in.at)
	if err != nil {
		return WorkForecast{}, fmt.Errorf("read prices: %w", err)
	}
	paid, err := store.PartCosts(ctx, who, kinds, cost.MaxSamples)
	if err != nil {
		return WorkForecast{}, fmt.Errorf("read the costs of past calls: %w", err)
	}
	work, err := cost.ForecastWork(in.parts, prices, func(kind, model string) cost.Sample {
		return paid[postgres.PartKind{Kind: kind, Model: model}]
	}, in.at)
	if err != nil {
		return WorkForecast{}, err
	}
	forecast := WorkForecast{WorkForecast: work, Articles: in.articles, Cap: e.articleCap, Room: in.room}
	if in.articles == 0 {
		forecast.Cap = work.Most
		forecast.Affordable = in.room.Affordable(work.Most, 1)
		return forecast, nil
	}
	forecast.WorkForecast, err = work.Each(int64(in.articles), e.articleCap)
	forecast.Affordable = in.room.Affordable(e.articleCap, cost.MaxArticles)
	return forecast, err
}

// lockRoom returns what the workflow's account and the month's have left, and keeps others from changing it until the
// transaction ends: the workflow's account first, as everywhere. A month that is not opened yet is not locked.
func (e *Engine) lockRoom(
	ctx context.Context, tx *postgres.Store, who caller.Caller, flow workflow.Workflow, at time.Time,
) (cost.Room, error) {
	account, there, err := tx.LockAccount(ctx, who, flow.ID)
	if account, err = found(account, there, err, "account"); err != nil {
		return cost.Room{}, err
	}
	month, there, err := tx.Month(ctx, who, at)
	if err != nil {
		return cost.Room{}, fmt.Errorf("find the month: %w", err)
	}
	if there {
		month, there, err = tx.LockAccount(ctx, who, month.ID)
		month, err = found(month, there, err, "account")
		return cost.Room{Workflow: account.Balance, Month: month.Balance}, err
	}
	o, there, err := tx.Organization(ctx, who)
	o, err = found(o, there, err, "organization")
	return cost.Room{Workflow: account.Balance, Month: cost.Balance{Limit: o.MonthLimit}}, err
}
