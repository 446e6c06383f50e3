package graph_test

import (
	"context"
	"testing"

	"github.com/google/uuid"

	"github.com/infin8content/engine/graph/graphtest"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// review adds the data of the requests "with: review" to the world:
//
//	wf_…08  Hooli, in seed review with the competitors a.example and b.example and four keywords: alice has selected
//	        kw_…09 and kw_…0a and rejected kw_…0b; kw_…0c has no decision
//	wf_…0d  Soylent, whose competitor analysis has failed
func review(t *testing.T, b graphtest.Bundle) {
	t.Helper()
	ctx := context.Background()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	analysing := func(name string) (workflow.Workflow, workflow.Run) {
		t.Helper()
		made, err := b.Engine.Create(ctx, b.Who, engine.CreateInput{
			Name: name, Company: workflow.Company{Name: name, URL: "https://company.example"},
		})
		must(err)
		_, err = b.Engine.SetCompetitors(ctx, b.Who, engine.SetCompetitorsInput{
			WorkflowID: made.Workflow.ID, URLs: []string{"a.example", "b.example"},
		})
		must(err)
		flow := move(t, b, made.Workflow, workflow.ICPPending, workflow.ICPProcessing, workflow.ICPCompleted,
			workflow.CompetitorPending, workflow.CompetitorProcessing)
		run := workflow.Run{
			OrganizationID: b.Who.OrganizationID,
			WorkflowID:     flow.ID,
			Token:          flow.Version,
			Step:           workflow.StepCompetitor,
		}
		_, err = b.Engine.OpenVisit(ctx, b.Who, run)
		must(err)
		return flow, run
	}

	hooli, run := analysing("Hooli")
	finished, err := b.Engine.Finish(ctx, b.Who, engine.FinishInput{
		Run: run,
		Result: engine.Result{Provider: "sandbox", Model: "openai/gpt-4o-mini", Content: []byte(
			`{"mode":"CRAWL","competitors":[{"domain":"a.example","mode":"CRAWL","keywords":3},{"domain":"b.example",` +
				`"mode":"CRAWL","failed":true,"warnings":["It was left out. The connection failed."]}],` +
				`"warnings":["Their search volumes are unknown."]}`)},
		Keywords: reviewKeywords(),
	})
	must(err)
	move(t, b, finished.Workflow, workflow.SeedReviewPending)
	keywords, err := b.Engine.Keywords(ctx, b.Who, []uuid.UUID{hooli.ID})
	must(err)
	for i, choice := range []content.Choice{content.ChoiceSelected, content.ChoiceSelected, content.ChoiceRejected} {
		_, err := b.Engine.DecideKeywords(ctx, b.Who, engine.DecideKeywordsInput{
			WorkflowID: hooli.ID, IDs: []uuid.UUID{keywords[hooli.ID][i].ID}, Choice: choice,
		})
		must(err)
	}

	soylent, _ := analysing("Soylent")
	move(t, b, soylent, workflow.CompetitorFailed)
}

// cluster adds the data of the requests "with: topics" to the review: the keywords of Hooli are clustered.
func cluster(t *testing.T, b graphtest.Bundle) {
	t.Helper()
	ctx, id := context.Background(), uuid.MustParse("00000000-0000-7000-8000-000000000008")
	flow, err := b.Engine.Workflow(ctx, b.Who, id)
	if err != nil {
		t.Fatal(err)
	}
	flow = move(t, b, flow, workflow.SeedReviewCompleted, workflow.ClusteringPending, workflow.ClusteringProcessing)
	seeds, err := b.Engine.Selected(ctx, b.Who, id)
	if err != nil {
		t.Fatal(err)
	}
	run := workflow.Run{
		OrganizationID: b.Who.OrganizationID,
		WorkflowID:     id,
		Token:          flow.Version,
		Step:           workflow.StepClustering,
	}
	volume := 3
	_, err = b.Engine.Finish(ctx, b.Who, engine.FinishInput{
		Run:    run,
		Result: engine.Result{Provider: "sandbox", Model: "openai/gpt-4o-mini", Content: []byte(`{}`)},
		Clustered: &engine.Clustered{Keywords: content.Expand(content.Expansion{
			Seeds:  seeds,
			Source: content.SourceModel,
			Found: []content.Candidate{
				{Text: "dentists crm for", Intent: "COMMERCIAL"},
				{Text: "software dentist"},
				{Text: "dentist software list"},
				{Text: "office plants"},
				{Text: "crm for vets", Volume: &volume},
			},
		})},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// validate adds the data of the requests "with: plan" to the topics: the page of Hooli has a verdict and a brief.
func validate(t *testing.T, b graphtest.Bundle) {
	t.Helper()
	ctx, id := context.Background(), uuid.MustParse("00000000-0000-7000-8000-000000000008")
	flow, err := b.Engine.Workflow(ctx, b.Who, id)
	if err != nil {
		t.Fatal(err)
	}
	flow = move(t, b, flow, workflow.ValidationPending, workflow.ValidationProcessing)
	found, err := b.Engine.Clusterings(ctx, b.Who, []uuid.UUID{id})
	if err != nil {
		t.Fatal(err)
	}
	briefs := map[uuid.UUID]content.Brief{}
	for _, page := range found[id].Pages() {
		briefs[page.ID] = content.Brief{
			Title:             "Software for dentists",
			Angle:             "It compares by the size of the practice.",
			Intent:            content.IntentCommercial,
			Format:            "comparison",
			TargetWords:       1400,
			PrimaryKeyword:    page.Primary().Text,
			SecondaryKeywords: []string{"dentist software list"},
			Questions:         []string{"What is it?", "What does it cost?", "Who needs it?"},
		}
	}
	_, err = b.Engine.Finish(ctx, b.Who, engine.FinishInput{
		Run: workflow.Run{
			OrganizationID: b.Who.OrganizationID,
			WorkflowID:     id,
			Token:          flow.Version,
			Step:           workflow.StepValidation,
		},
		Result:     engine.Result{Provider: "sandbox", Model: "openai/gpt-4o-mini", Content: []byte(`{}`)},
		Validation: &engine.Validation{Verdicts: content.Validate(found[id], content.There{}), Briefs: briefs},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// write adds the data of the requests "with: articles" to the plan: the article of Hooli is written, and quotes a page.
func write(t *testing.T, b graphtest.Bundle) { testdb.Write(t, b.DB, b.Who, approvedPlan(t, b)) }

// failWriting adds the data of the requests "with: failed articles" to the plan: the article of Hooli is not written.
func failWriting(t *testing.T, b graphtest.Bundle) {
	testdb.FailArticles(t, b.DB, b.Who, approvedPlan(t, b), 1)
}

// approvedPlan returns the plan of Hooli, whose gate is off.
func approvedPlan(t *testing.T, b graphtest.Bundle) testdb.Planned {
	t.Helper()
	ctx, id, off := context.Background(), uuid.MustParse("00000000-0000-7000-8000-000000000008"), workflow.GateOff
	if _, err := b.Engine.SetGates(ctx, b.Who, engine.SetGatesInput{Plan: &off}); err != nil {
		t.Fatal(err)
	}
	flow, err := b.Engine.Workflow(ctx, b.Who, id)
	if err != nil {
		t.Fatal(err)
	}
	plans, err := b.Engine.Plans(ctx, b.Who, []uuid.UUID{id})
	if err != nil {
		t.Fatal(err)
	}
	return testdb.Planned{Flow: flow, Visit: plans[id].Visit, Plan: plans[id]}
}

// conclude adds the data of the requests "with: publishing" to the articles: Hooli waits at the gate PUBLISH.
func conclude(t *testing.T, b graphtest.Bundle) {
	t.Helper()
	flow, err := b.Engine.Workflow(context.Background(), b.Who, uuid.MustParse("00000000-0000-7000-8000-000000000008"))
	if err != nil {
		t.Fatal(err)
	}
	testdb.Move(t, b.DB.Store(), b.Who, flow, workflow.ArticleCompleted)
}
