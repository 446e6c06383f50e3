package simulation_test

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// moments are the start times of simulations: before the ends of months of every length, before clock changes, and
// within a month.
var moments = []time.Time{
	time.Date(2026, 1, 31, 23, 59, 50, 0, time.UTC), time.Date(2027, 2, 28, 23, 58, 0, 0, time.UTC),
	time.Date(2028, 2, 29, 23, 59, 58, 0, time.UTC), time.Date(2026, 3, 29, 0, 59, 30, 0, time.UTC),
	time.Date(2026, 10, 31, 22, 59, 55, 0, time.UTC), time.Date(2026, 12, 31, 23, 59, 59, 0, time.UTC),
	time.Date(2026, 6, 15, 12, 0, 0, 0, time.UTC),
}

// beginWithSix creates six workflows: three wait for a worker in the first step, one in the second, and one waits for
// people. The first one has articles with budgets.
func beginWithSix(w *world, e *engine.Engine, who caller.Caller) error {
	ctx := context.Background()
	for range 4 {
		made, err := e.Create(ctx, who, w.newFlow())
		if err != nil {
			return err
		}
		w.flows = append(w.flows, made.Workflow.ID)
	}
	for _, flow := range w.flows[1:] {
		if _, err := e.GenerateICP(ctx, who, engine.GenerateICPInput{WorkflowID: flow}); err != nil {
			return err
		}
	}
	for _, last := range []workflow.StepKey{workflow.StepICP, workflow.StepCompetitor} {
		flow, err := w.forward(e, who, last)
		if err != nil {
			return err
		}
		w.flows = append(w.flows, flow)
	}
	w.articles = []uuid.UUID{w.newID(), w.newID()}
	return postgres.New(w.cluster.pools[0]).OpenArticleBudgets(ctx, who, postgres.NewArticleBudgets{
		WorkflowID: w.flows[0],
		ArticleIDs: w.articles,
		Cap:        articleCap,
		At:         w.clock,
	})
}

// forward creates a workflow and takes it through its steps up to the last one, free of charge.
func (w *world) forward(e *engine.Engine, who caller.Caller, last workflow.StepKey) (uuid.UUID, error) {
	ctx := context.Background()
	made, err := e.Create(ctx, who, w.newFlow())
	if err != nil {
		return uuid.Nil, err
	}
	id := made.Workflow.ID
	if _, err := e.GenerateICP(ctx, who, engine.GenerateICPInput{WorkflowID: id}); err != nil {
		return uuid.Nil, err
	}
	for {
		taken, err := e.Take(ctx, who, id)
		if err != nil {
			return uuid.Nil, err
		}
		if taken.Run == nil {
			if err := selectAll(ctx, e, who, id); err != nil {
				return uuid.Nil, err
			}
			continue
		}
		in, _, err := finishInput(ctx, e, who, *taken.Run)
		if err != nil {
			return uuid.Nil, err
		}
		if in.Keywords != nil {
			if _, err := e.OpenVisit(ctx, who, in.Run); err != nil {
				return uuid.Nil, err
			}
		}
		if _, err := e.Finish(ctx, who, in); err != nil || in.Run.Step == last {
			return id, err
		}
	}
}

// selectAll ends a review with all its keywords.
func selectAll(ctx context.Context, e *engine.Engine, who caller.Caller, flow uuid.UUID) error {
	reviewed, err := e.DecideKeywords(ctx, who, engine.DecideKeywordsInput{
		WorkflowID: flow, Where: &content.KeywordFilter{}, Choice: content.ChoiceSelected,
	})
	if err != nil {
		return err
	}
	_, err = e.ApproveSeeds(ctx, who, engine.ApproveSeedsInput{
		WorkflowID:      flow,
		ExpectedVersion: reviewed.Workflow.Version,
		SelectionDigest: reviewed.Selection.Digest[:],
	})
	if err != nil {
		return err
	}
	_, err = e.StartStep(ctx, who, engine.StartStepInput{WorkflowID: flow})
	if fault.KindOf(err) == fault.StaleState { // The approval has started it.
		err = nil
	}
	return err
}

// finishInput returns the end of a run with the result that its simulated step has. It returns false when the run has
// too little for one.
func finishInput(
	ctx context.Context, e *engine.Engine, who caller.Caller, run workflow.Run,
) (in engine.FinishInput, enough bool, err error) {
	in = engine.FinishInput{Run: run, Result: stepResult()}
	switch run.Step {
	case workflow.StepCompetitor:
		in.Keywords = seedKeywords()
	case workflow.StepClustering:
		seeds, err := e.Selected(ctx, who, run.WorkflowID)
		if err != nil || len(seeds) < content.FewestClustered { // A program has taken the review over its open gate.
			return in, false, err
		}
		in.Clustered = &engine.Clustered{
			Keywords: content.Expand(content.Expansion{Seeds: seeds, Source: content.SourceModel}),
		}
	case workflow.StepValidation:
		found, err := e.ValidationInput(ctx, who, run)
		if err != nil || len(found.Clustering.Pages()) == 0 {
			return in, false, err
		}
		in.Validation = validated(found.Clustering)
	}
	return in, true, nil
}

func stepResult() engine.Result {
	return engine.Result{Content: []byte(`{}`), Provider: providerName, Model: model}
}

// subjects are the keywords that the competitor analysis finds. Each becomes an article.
var subjects = []string{"dental software invoices", "dental software payroll", "dental software reminders"}

func seedKeywords() (found []content.SeedKeyword) {
	for i, text := range subjects {
		found = append(found, content.SeedKeyword{
			Text:       text,
			Normalised: content.Normalise(text),
			Source:     content.SourceModel,
			Score:      float64(i) / 10,
		})
	}
	return found
}

// validated returns a brief for each page.
func validated(c content.Clustering) *engine.Validation {
	v := engine.Validation{Verdicts: content.Validate(c, content.There{}), Briefs: map[uuid.UUID]content.Brief{}}
	for _, page := range c.Pages() {
		brief := page.Outline()
		brief.Title = "Article about " + brief.PrimaryKeyword
		v.Briefs[page.ID] = brief.Clean()
	}
	return &v
}

func (w *world) newFlow() engine.CreateInput {
	w.flowID++
	return engine.CreateInput{
		Name:    fmt.Sprintf("Workflow %d", w.flowID),
		Company: workflow.Company{Name: "Example", URL: "https://example.com"},
	}
}
