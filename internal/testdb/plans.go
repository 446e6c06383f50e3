package testdb

import (
	"context"
	"testing"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// Planned is a workflow with an article plan without a decision.
type Planned struct {
	Flow  workflow.Workflow
	Visit int
	// Plan has a brief of revision 1 for each page.
	Plan content.Plan
}

// Plan takes a workflow in CLUSTERING_COMPLETED to VALIDATION_COMPLETED, with a verdict and a brief for each page.
func Plan(t testing.TB, db *DB, who caller.Caller, c Clustered) Planned {
	t.Helper()
	ctx, store := context.Background(), db.Store()
	flow := c.Flow
	for _, to := range []workflow.State{workflow.ValidationPending, workflow.ValidationProcessing} {
		flow = Move(t, store, who, flow, to)
	}
	step, _ := workflow.StepOf(workflow.StepValidation)
	visit, found, err := store.OpenVisit(ctx, who, flow.ID, step)
	if err != nil || !found {
		t.Fatalf("open a visit: found %t, %v", found, err)
	}
	verdicts := content.Validate(c.Clustering, content.There{})
	var plans []content.ArticlePlan
	for _, page := range c.Clustering.Pages() {
		brief := page.Outline()
		brief.Title = "Article about " + brief.PrimaryKeyword
		plans = append(plans, content.ArticlePlan{ArticleID: page.ID, Revision: 1, Brief: brief.Clean()})
	}
	err = store.InTx(ctx, func(tx *postgres.Store) error {
		err := tx.AddVerdicts(ctx, who, postgres.NewVerdicts{
			WorkflowID: flow.ID,
			Visit:      visit,
			Verdicts:   verdicts,
			At:         Now(),
		})
		if err != nil {
			return err
		}
		return tx.AddArticlePlans(ctx, who, postgres.NewArticlePlans{
			WorkflowID: flow.ID,
			Visit:      visit,
			Plans:      plans,
			Author:     content.AuthorEngine,
			At:         Now(),
		})
	})
	if err != nil {
		t.Fatalf("write a plan: %v", err)
	}
	flow = Move(t, store, who, flow, workflow.ValidationCompleted)
	return Planned{Flow: flow, Visit: visit, Plan: content.NewPlan(visit, c.Clustering, verdicts, plans)}
}

// DecidePlan approves the first article of a plan.
func DecidePlan(t testing.TB, db *DB, who caller.Caller, p Planned) {
	t.Helper()
	DecidePlans(t, db, who, p, 1)
}

// DecidePlans approves the first n articles of a plan.
func DecidePlans(t testing.TB, db *DB, who caller.Caller, p Planned, n int) {
	t.Helper()
	var decisions []postgres.PlanDecision
	for _, item := range p.Plan.Items[:n] {
		decisions = append(decisions, postgres.PlanDecision{
			ArticleID: item.Page.ID, Revision: 1, Choice: content.PlanApproved,
		})
	}
	err := db.Store().InTx(context.Background(), func(tx *postgres.Store) error {
		return tx.DecidePlans(context.Background(), who, postgres.PlanDecisions{
			WorkflowID: p.Flow.ID,
			Visit:      p.Visit,
			Decisions:  decisions,
			Origin:     content.OriginPerson,
			At:         Now(),
		})
	})
	if err != nil {
		t.Fatalf("decide about a plan: %v", err)
	}
}
