package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/workflow"
)

// The sizes of the requests of steps 1 and 2, for their forecast.
const (
	profileBytes, profileTokens, profileSearches = 3500, 700, 1
	proposalBytes, proposalTokens                = 4000, 400
	phrasesBytes, phrasesTokens                  = 12_000, 2200
	// rivalsAhead is the number of competitors, rankedItems the number of keywords that are asked for of each.
	rivalsAhead, rankedItems = 3, 50
)

// What people select is not known before the workflow exists. A review usually selects about ten keywords, and about
// thirty pages come of them.
const (
	usualSelection = 10
	usualBriefs    = 30
)

// NewWorkflowForecast is what a new workflow can do with a limit.
type NewWorkflowForecast struct {
	// Limit is that of the workflow.
	Limit cost.Limit
	// Preparation is the work of the five steps before the articles, at the room of the limit and of the month. Article is
	// one article, at the room that is left when the preparation costs what it likely does.
	Preparation, Article WorkForecast
	// Likely is how many articles that room pays for when each costs what it likely does: at most cost.MaxArticles.
	Likely int
	// Certain is how many articles the limit and the month pay for at their caps even when the preparation costs its most:
	// at most cost.MaxArticles.
	Certain int
}

// Guaranteed is how many articles the room pays for when each costs its cap: at most cost.MaxArticles.
func (f NewWorkflowForecast) Guaranteed() int { return f.Article.Affordable }

// Sentence is the forecast for a reader.
func (f NewWorkflowForecast) Sentence() string {
	steps := fmt.Sprintf("The five steps before the articles will probably cost about $%s.",
		f.Preparation.Likely.Rounded())
	limit := "limit"
	if f.monthIsLess() {
		limit = "month’s limit"
	}
	switch {
	case f.Likely == 0:
		return steps + fmt.Sprintf(" The %s leaves too little for an article.", limit)
	case f.Guaranteed() == 0:
		return steps + fmt.Sprintf(" The %s promises no article, since one may cost up to $%s. It probably pays for %s.",
			limit, f.Article.Cap.Rounded(), articlesOfNumber(f.Likely))
	case f.Guaranteed() == cost.MaxArticles:
		return steps + fmt.Sprintf(" The rest pays for %s, the most of a workflow.", articlesOfNumber(cost.MaxArticles))
	}
	if f.Likely == f.Guaranteed() {
		return steps + fmt.Sprintf(" The rest of the %s pays for %s.", limit, articlesOfNumber(f.Likely))
	}
	return steps + fmt.Sprintf(" The rest of the %s pays for %s at the highest cost, and probably for %d.",
		limit, articlesOfNumber(f.Guaranteed()), f.Likely)
}

// monthIsLess reports whether the month has less room than the workflow.
func (f NewWorkflowForecast) monthIsLess() bool {
	room, price := f.Article.Room, f.Article.Cap
	return room.Month.Affordable(price, cost.MaxArticles) < room.Workflow.Affordable(price, cost.MaxArticles)
}

func articlesOfNumber(n int) string {
	if n == 1 {
		return "1 article"
	}
	return fmt.Sprintf("%d articles", n)
}

// NewWorkflowInput asks what a new workflow can do. A nil Limit is that of the organization's new workflows, an empty
// Mode that of its market.
type NewWorkflowInput struct {
	Limit *cost.Pico
	Mode  content.Mode
}

// ForecastNewWorkflow returns what a new workflow can do with a limit. It creates and locks nothing.
// *cost.PriceUnknownError when a model has no price.
func (e *Engine) ForecastNewWorkflow(
	ctx context.Context, who caller.Caller, in NewWorkflowInput,
) (NewWorkflowForecast, error) {
	if in.Limit != nil && *in.Limit < 0 {
		return NewWorkflowForecast{}, fault.Invalid([]string{"limit"}, "A limit cannot be negative.")
	}
	at := e.now()
	o, err := e.organizationInMonth(ctx, who, at)
	if err != nil {
		return NewWorkflowForecast{}, err
	}
	if in.Mode == "" {
		market, err := e.store.MarketSettings(ctx, who)
		if err != nil {
			return NewWorkflowForecast{}, fmt.Errorf("read the market of organization %s: %w", o.ID, err)
		}
		in.Mode = market.Mode
	}
	room := cost.Room{Workflow: cost.Balance{Limit: o.WorkflowLimit}, Month: o.Month.Balance}
	if in.Limit != nil {
		room.Workflow.Limit = cost.Limit(*in.Limit)
	}
	return e.newWorkflowForecast(ctx, who, room, in.Mode, at)
}

func (e *Engine) newWorkflowForecast(
	ctx context.Context, who caller.Caller, room cost.Room, mode content.Mode, at time.Time,
) (NewWorkflowForecast, error) {
	searches := e.searchesIn(mode)
	research := e.research
	if research == cost.ResearchSERPCrawl && !searches {
		research = cost.ResearchSiteOnly
	}
	f := NewWorkflowForecast{Limit: room.Workflow.Limit}
	var err error
	f.Preparation, err = e.forecastWork(ctx, e.store, who, workAhead{
		room:  room,
		parts: e.preparationParts(mode, searches),
		at:    at,
	})
	if err != nil {
		return NewWorkflowForecast{}, err
	}
	worst, err := spent(room, f.Preparation.Most)
	if err != nil {
		return NewWorkflowForecast{}, err
	}
	if room, err = spent(room, f.Preparation.Likely); err != nil {
		return NewWorkflowForecast{}, err
	}
	f.Article, err = e.forecastWork(ctx, e.store, who, workAhead{
		room:     room,
		parts:    cost.ArticleParts(research, e.models.Of(workflow.StepArticle)),
		articles: 1,
		at:       at,
	})
	f.Likely = room.Affordable(f.Article.Likely, cost.MaxArticles)
	f.Certain = worst.Affordable(f.Article.Cap, cost.MaxArticles)
	return f, err
}

// spent returns the room that is left when a workflow has spent an amount.
func spent(room cost.Room, amount cost.Pico) (_ cost.Room, err error) {
	if room.Workflow.Settled, err = room.Workflow.Settled.Add(amount); err != nil {
		return room, err
	}
	room.Month.Settled, err = room.Month.Settled.Add(amount)
	return room, err
}

// preparationParts are the parts of the five steps before the articles.
func (e *Engine) preparationParts(mode content.Mode, searches bool) []cost.PlannedPart {
	profile := cost.PlannedPart{Kind: "profile", Calls: 1, Estimate: cost.Estimate{
		Models:              e.models.Of(workflow.StepICP),
		PromptBytes:         profileBytes,
		MaxCompletionTokens: profileTokens,
		WebSearches:         profileSearches,
	}}
	proposal := e.modelPart(workflow.StepCompetitor, "competitors", 1, proposalBytes, proposalTokens)
	parts := []cost.PlannedPart{profile, proposal}
	switch {
	case searches:
		parts = append(parts, cost.PlannedPart{
			Kind:     "ranked",
			Calls:    rivalsAhead,
			Estimate: cost.Estimate{Models: []string{cost.ServiceLabs}, Items: rankedItems},
		})
	case mode == content.ModeModel:
		parts = append(parts, e.modelPart(workflow.StepCompetitor, "phrases", 1, phrasesBytes, phrasesTokens))
	default:
		parts = append(parts, e.modelPart(workflow.StepCompetitor, "phrases", rivalsAhead, phrasesBytes, phrasesTokens))
	}
	return append(parts, e.planParts(planWork{
		selected: usualSelection,
		briefs:   usualBriefs,
		pages:    serpCalls,
		searches: searches,
	})...)
}
