package steps_test

import (
	"context"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/cost"
	sites "github.com/infin8content/engine/internal/crawl/sandbox"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/llm/sandbox"
	seosandbox "github.com/infin8content/engine/internal/seo/sandbox"
	"github.com/infin8content/engine/internal/workflow"
)

// fourSteps are driven by workers in the tests of cluster validation.
func fourSteps() []workflow.StepKey { return append(threeSteps(), workflow.StepValidation) }

func (b *bundle) plan(t *testing.T) content.Plan {
	t.Helper()
	plans, err := b.engine.Plans(context.Background(), b.who, []uuid.UUID{b.flow.ID})
	if err != nil {
		t.Fatal(err)
	}
	return plans[b.flow.ID]
}

// toPlan runs all steps up to the article plan.
func (b *bundle) toPlan(t *testing.T) workflow.Workflow {
	t.Helper()
	b.approveSeeds(t, 8)
	b.next(t)
	flow := b.next(t)
	if flow.State != workflow.ValidationCompleted {
		t.Fatalf("got %s, want %s", flow.State, workflow.ValidationCompleted)
	}
	return flow
}

func TestValidation(t *testing.T) {
	t.Parallel()
	t.Run("WritesABriefForEachPage", func(t *testing.T) {
		t.Parallel()
		b := setup(t, options{drives: fourSteps()})
		b.toPlan(t)
		plan := b.plan(t)
		if len(plan.Items) == 0 || len(plan.Items) != len(b.clustering(t).Pages()) {
			t.Fatalf("got %d items, want one for each page", len(plan.Items))
		}
		for _, item := range plan.Items {
			if item.Verdict.Verdict == content.VerdictInvalid {
				continue
			}
			if err := item.Plan.Brief.Check(content.FewestQuestions); err != nil || !item.Plan.IsSynthetic ||
				item.Plan.Brief.PrimaryKeyword != item.Page.Primary().Text || len(item.Verdict.Reasons) == 0 {
				t.Errorf("got %+v, %v, want a synthetic brief about %q", item.Plan, err, item.Page.Primary().Text)
			}
		}
		if got := b.settled(t); got.Held != 0 || got.Settled != b.sandbox.Total() {
			t.Errorf("got %+v, the provider charged %s", got, b.sandbox.Total())
		}
		b.audit(t)
	})
	t.Run("AsksAgainOnlyForTheBriefThatIsMissing", func(t *testing.T) {
		t.Parallel()
		b := setup(t, options{drives: fourSteps()})
		b.approveSeeds(t, 8)
		b.next(t)
		b.sandbox.Next(sandbox.Injection{}, sandbox.UnreadableJSON())
		if flow := b.next(t); flow.State != workflow.ValidationFailed {
			t.Fatalf("got %s, want %s", flow.State, workflow.ValidationFailed)
		}
		asked := len(b.sandbox.Charges())
		b.later.Store(int64(time.Minute))
		if flow := b.next(t); flow.State != workflow.ValidationCompleted {
			t.Fatalf("got %s, want %s", flow.State, workflow.ValidationCompleted)
		}
		if got := len(b.sandbox.Charges()); got != asked+1 {
			t.Errorf("the provider charged %d answers for the second attempt, want 1", got-asked)
		}
		b.audit(t)
	})
	t.Run("RefusesWhatAnotherWorkflowHas", func(t *testing.T) {
		t.Parallel()
		b := setup(t, options{drives: fourSteps()})
		b.toPlan(t)
		approved := b.plan(t).Items[0]
		b.decide(t, approved.Page.ID, content.PlanApproved)
		first := b.flow
		b.flow = b.another(t)
		b.approveSeeds(t, 8)
		b.next(t)
		b.next(t)
		same := 0
		for _, item := range b.plan(t).Items {
			if item.Page.Primary().Normalised != approved.Page.Primary().Normalised {
				continue
			}
			same++
			if item.Verdict.Verdict != content.VerdictInvalid || item.Plan.Revision != 0 ||
				!strings.Contains(strings.Join(item.Verdict.Reasons, "\n"), "CANNIBALISES art_"+approved.Page.ID.String()) {
				t.Errorf("got %+v, want it INVALID without a brief", item.Verdict)
			}
		}
		if same == 0 {
			t.Errorf("workflow %s has no page about %q", first.ID, approved.Page.Primary().Text)
		}
	})
	t.Run("QuotesTheTitlesOfSearchResults", func(t *testing.T) {
		t.Parallel()
		b := setup(t, options{drives: fourSteps(), workflowLimit: 2 * cost.Dollar})
		box := b.searching(t)
		b.toPlan(t)
		briefs, titled := 0, 0
		b.questions.Range(func(body, _ any) bool {
			text, _ := body.(string)
			if strings.Contains(text, `"name":"brief"`) {
				briefs++
			}
			if strings.Contains(text, `searchResultTitles\"`) && strings.Contains(text, "(sandbox)") {
				titled++
			}
			return true
		})
		if titled == 0 || titled > briefs {
			t.Errorf("%d of %d questions for briefs quote titles, want some", titled, briefs)
		}
		b.balanced(t, box)
	})
	t.Run("RefusesWhatTheOwnSiteIsFoundFor", func(t *testing.T) {
		t.Parallel()
		b := setup(t, options{
			drives: fourSteps(), workflowLimit: 3 * cost.Dollar, website: "https://acme-dental-billing.example",
		})
		box := b.searching(t)
		b.compete(t, "north-dental-billing.example", "south-dental-billing.example", "west-dental-billing.example")
		b.toPlan(t)
		refused := 0
		for _, item := range b.plan(t).Items {
			if strings.Contains(strings.Join(item.Verdict.Reasons, "\n"), "CANNIBALISES https://acme-dental-billing.example/") {
				refused++
				if item.Verdict.Verdict != content.VerdictInvalid || item.Plan.Revision != 0 {
					t.Errorf("got %+v, want it INVALID without a brief", item.Verdict)
				}
			}
		}
		kinds := b.searchKinds(t)
		if refused == 0 || kinds["ranked"] != 1 || kinds["serp"] == 0 || kinds["serp"] > 20 {
			t.Errorf("%d pages are refused after the searches %v, want some after one for the site", refused, kinds)
		}
		b.balanced(t, box)
	})
	t.Run("BuysNoSearchTwice", func(t *testing.T) {
		t.Parallel()
		b := setup(t, options{
			drives: fourSteps(), workflowLimit: 3 * cost.Dollar, website: "https://acme-dental-billing.example",
		})
		box := b.searching(t)
		b.compete(t, "north-dental-billing.example")
		b.approveSeeds(t, 8)
		b.next(t)
		b.sandbox.Next(sandbox.UnreadableJSON())
		if flow := b.next(t); flow.State != workflow.ValidationFailed {
			t.Fatalf("got %s, want %s", flow.State, workflow.ValidationFailed)
		}
		bought := b.searchKinds(t)
		b.later.Store(int64(time.Minute))
		if flow := b.next(t); flow.State != workflow.ValidationCompleted {
			t.Fatalf("got %s, want %s", flow.State, workflow.ValidationCompleted)
		}
		if again := b.searchKinds(t); bought["ranked"] != 1 || !maps.Equal(bought, again) {
			t.Errorf("got %v and then %v, want the same searches", bought, again)
		}
		b.balanced(t, box)
	})
	t.Run("PlansWhenTheProviderRefusesTheSite", func(t *testing.T) {
		t.Parallel()
		b := setup(t, options{drives: fourSteps(), workflowLimit: 3 * cost.Dollar})
		box := b.searching(t)
		b.approveSeeds(t, 8)
		b.next(t)
		box.Next(seosandbox.Injection{Kind: seosandbox.InjectionTaskFailed, Code: 40501})
		if flow := b.next(t); flow.State != workflow.ValidationCompleted {
			t.Fatalf("got %s, want %s", flow.State, workflow.ValidationCompleted)
		}
		b.balanced(t, box)
	})
	t.Run("PlansWithoutEvidenceThatNoBudgetPays", func(t *testing.T) {
		t.Parallel()
		b := setup(t, options{drives: fourSteps(), workflowLimit: 3 * cost.Dollar})
		box := b.searching(t)
		b.approveSeeds(t, 8)
		b.next(t)
		spent := b.settled(t).Settled
		_, err := b.engine.SetWorkflowLimit(t.Context(), b.who, engine.SetWorkflowLimitInput{
			// Briefs of $0.002 fit one by one, and a request for keywords of $0.02 does not.
			WorkflowID: b.flow.ID, Limit: cost.Limit(spent + cost.Dollar*19/1000), IdempotencyKey: "limit",
		})
		if err != nil {
			t.Fatal(err)
		}
		b.next(t)
		if kinds := b.searchKinds(t); kinds["ranked"] != 0 {
			t.Errorf("got %v, want no request for keywords", kinds)
		}
		if b.lastFailure(t) == workflow.FailureBudget && b.briefs() == 0 {
			t.Error("the budget of the evidence has ended the step before a brief")
		}
		b.balanced(t, box)
	})
	t.Run("BuysALostResultPageOnce", func(t *testing.T) {
		t.Parallel()
		b := setup(t, options{
			drives: fourSteps(), workflowLimit: 3 * cost.Dollar, website: "https://acme-dental-billing.example",
		})
		box := b.searching(t)
		b.compete(t, "north-dental-billing.example")
		b.approveSeeds(t, 8)
		b.next(t)
		b.sandbox.Next(sandbox.UnreadableJSON())
		b.next(t)
		bought := b.searchKinds(t)
		// A kill between the settlement and the store leaves the answer in the part alone.
		_, err := b.db.Super.Exec(t.Context(), `ALTER TABLE serp_snapshots DISABLE TRIGGER ALL;
			DELETE FROM serp_snapshots; ALTER TABLE serp_snapshots ENABLE TRIGGER ALL;
			ALTER TABLE serp_snapshots ENABLE ALWAYS TRIGGER serp_snapshots_only_grow`)
		if err != nil {
			t.Fatal(err)
		}
		b.later.Store(int64(time.Minute))
		b.next(t)
		if again := b.searchKinds(t); again["serp"] > 20 || again["ranked"] != bought["ranked"] {
			t.Errorf("got %v and then %v, want at most 20 result pages", bought, again)
		}
		b.balanced(t, box)
	})
	t.Run("RefusesWhatTheOwnSiteHas", func(t *testing.T) {
		t.Parallel()
		b := setup(t, options{drives: fourSteps(), crawls: true, website: "https://acme-dental-billing.example"})
		b.compete(t, "north-dental-billing.example", "b-dental-billing.example", "c-dental-billing.example")
		b.toPlan(t)
		refused := 0
		for _, item := range b.plan(t).Items {
			reasons := strings.Join(item.Verdict.Reasons, "\n")
			if strings.Contains(reasons, "CANNIBALISES https://acme-dental-billing.example/") {
				refused++
				if item.Verdict.Verdict != content.VerdictInvalid || item.Plan.Revision != 0 {
					t.Errorf("got %+v, want it INVALID without a brief", item.Verdict)
				}
			}
		}
		if refused == 0 {
			t.Error("no page is refused, but the site has pages about the same subjects")
		}
		b.audit(t)
	})
	t.Run("PlansWithoutASiteThatCannotBeRead", func(t *testing.T) {
		t.Parallel()
		b := setup(t, options{drives: fourSteps(), crawls: true, website: "https://" + sites.Captcha})
		b.toPlan(t)
		if len(b.plan(t).Items) == 0 {
			t.Error("got no plan")
		}
	})
	t.Run("CarriesDecisionsOverAReset", func(t *testing.T) {
		t.Parallel()
		b := setup(t, options{drives: fourSteps()})
		b.toPlan(t)
		item := b.plan(t).Items[0]
		b.decide(t, item.Page.ID, content.PlanRejected)
		for _, step := range []workflow.StepKey{workflow.StepValidation, workflow.StepClustering} {
			_, err := b.engine.RejectArticlePlan(context.Background(), b.who, engine.RejectGateInput{
				WorkflowID: b.flow.ID, ResetTo: step, Feedback: "Once more.",
			})
			if err != nil {
				t.Fatal(err)
			}
			for flow := b.next(t); flow.State != workflow.ValidationCompleted; {
				flow = b.next(t)
			}
			rejected := b.plan(t).Rejected()
			if len(rejected) != 1 || rejected[0].Page.Primary().Text != item.Page.Primary().Text ||
				rejected[0].Plan.Origin != content.OriginCarried {
				t.Errorf("after a reset to %s: got %+v, want the decision carried over", step, rejected)
			}
		}
		b.audit(t)
	})
}

// briefs counts the questions for briefs.
func (b *bundle) briefs() (count int) {
	b.questions.Range(func(body, _ any) bool {
		if text, _ := body.(string); strings.Contains(text, `"name":"brief"`) {
			count++
		}
		return true
	})
	return count
}

// compete names the competitors.
func (b *bundle) compete(t *testing.T, domains ...string) {
	t.Helper()
	_, err := b.engine.SetCompetitors(t.Context(), b.who, engine.SetCompetitorsInput{WorkflowID: b.flow.ID, URLs: domains})
	if err != nil {
		t.Fatal(err)
	}
}

// searchKinds counts the requests for search data of validation, by the first word of their part.
func (b *bundle) searchKinds(t *testing.T) map[string]int {
	t.Helper()
	rows, _ := b.db.Super.Query(context.Background(), `SELECT split_part(part_key, '/', 1), count(*)::int FROM ai_calls
		WHERE step = 'VALIDATION' AND models[1] LIKE 'service/%' GROUP BY 1`)
	kinds, kind, count := map[string]int{}, "", 0
	if _, err := pgx.ForEachRow(rows, []any{&kind, &count}, func() error { kinds[kind] = count; return nil }); err != nil {
		t.Fatal(err)
	}
	return kinds
}

// decide decides about one article.
func (b *bundle) decide(t *testing.T, article uuid.UUID, choice content.PlanChoice) {
	t.Helper()
	_, err := b.engine.DecideArticlePlans(context.Background(), b.who, engine.DecideArticlePlansInput{
		WorkflowID: b.flow.ID, Items: []engine.PlanItemInput{{ArticleID: article, Choice: choice}},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// another returns a second workflow before its first step.
func (b *bundle) another(t *testing.T) workflow.Workflow {
	t.Helper()
	made, err := b.engine.Create(context.Background(), b.who, engine.CreateInput{
		Name: "Another", Company: b.flow.Company,
	})
	if err != nil {
		t.Fatal(err)
	}
	moved, err := b.engine.GenerateICP(
		context.Background(), b.who, engine.GenerateICPInput{WorkflowID: made.Workflow.ID})
	if err != nil {
		t.Fatal(err)
	}
	return moved.Workflow
}
