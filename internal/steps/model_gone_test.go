package steps_test

import (
	"context"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/steps"
	"github.com/infin8content/engine/internal/workflow"
)

// gone is a model with a price that the provider of these tests no longer serves, and served one that it serves.
const (
	gone   = "perplexity/sonar"
	served = "openai/gpt-4o-mini"
)

// withoutGone returns the prices of a provider that serves all models but one.
func withoutGone() []cost.Price {
	return slices.DeleteFunc(cost.StartPrices(), func(p cost.Price) bool { return p.Model == gone })
}

// callKind is what calls have in common.
type callKind struct{ Step, State, Failure, Model string }

// callKinds counts the calls to models.
func (b *bundle) callKinds(t *testing.T) map[callKind]int {
	t.Helper()
	rows, _ := b.db.Super.Query(context.Background(), `SELECT step::text, state::text, coalesce(failure_code::text, ''),
		answered_model, count(*)::int FROM ai_calls WHERE NOT models[1] LIKE 'service/%' GROUP BY 1, 2, 3, 4`)
	kinds := map[callKind]int{}
	var kind callKind
	var count int
	_, err := pgx.ForEachRow(rows, []any{&kind.Step, &kind.State, &kind.Failure, &kind.Model, &count}, func() error {
		kinds[kind] = count
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return kinds
}

// fellBack checks that each question of a step left out the model that is gone, and was answered by the next one.
func (b *bundle) fellBack(t *testing.T, step workflow.StepKey) {
	t.Helper()
	kinds := b.callKinds(t)
	left := kinds[callKind{string(step), "RELEASED", "MODEL_GONE", ""}]
	if answered := kinds[callKind{string(step), "SETTLED", "", served}]; answered == 0 || left != answered {
		t.Errorf("%s: got %d answers and %d refusals, want as many of both: %v", step, answered, left, kinds)
	}
}

func TestModelGone_EveryStepFallsBack(t *testing.T) {
	t.Parallel()
	with := options{drives: fourSteps(), prices: withoutGone(), models: []string{gone, served}}
	t.Run("Planning", func(t *testing.T) {
		t.Parallel()
		b := setup(t, with)
		b.toPlan(t)
		for _, step := range fourSteps() {
			b.fellBack(t, step)
		}
		b.audit(t)
	})
	t.Run("Article", func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, with, 1, false)
		d.step(t)
		d.work(t)
		if state := d.step(t); state != workflow.ArticleCompleted {
			t.Fatalf("got %s, want ARTICLE_COMPLETED", state)
		}
		d.fellBack(t, workflow.StepArticle)
	})
}

// Without another model each step fails, says so, asks once and pays nothing.
func TestModelGone_EveryStepFailsVisibly(t *testing.T) {
	t.Parallel()
	for step, before := range map[workflow.StepKey]func(*testing.T, *bundle){
		workflow.StepCompetitor: func(t *testing.T, b *bundle) { b.next(t) },
		workflow.StepClustering: func(t *testing.T, b *bundle) { b.approveSeeds(t, 8) },
		workflow.StepValidation: func(t *testing.T, b *bundle) { b.approveSeeds(t, 8); b.next(t) },
	} {
		t.Run(string(step), func(t *testing.T) {
			t.Parallel()
			b := setup(t, options{drives: fourSteps(), prices: withoutGone()})
			before(t, &b)
			b.executors = b.asking(steps.Options{Models: workflow.Models{Common: []string{gone}}})
			if flow := b.next(t); flow.State != workflow.State(string(step)+"_FAILED") {
				t.Fatalf("got %s, want it FAILED", flow.State)
			}
			b.failedAsGone(t, step)
			b.audit(t)
		})
	}
	t.Run(string(workflow.StepArticle), func(t *testing.T) {
		t.Parallel()
		d := newDesk(t, options{prices: withoutGone(), models: []string{gone}}, 1, false)
		d.step(t)
		d.work(t)
		unit := d.articles(t)[0].Unit
		if unit.State != workflow.UnitFailed || unit.Failure != workflow.FailureModelGone || unit.Attempt != 1 {
			t.Errorf("got %s with %s after %d attempts, want one that fails", unit.State, unit.Failure, unit.Attempt)
		}
		if state := d.step(t); state != workflow.ArticleFailed {
			t.Errorf("got %s, want ARTICLE_FAILED", state)
		}
		if paid := d.callKinds(t)[callKind{string(workflow.StepArticle), "SETTLED", "", served}]; paid > 0 {
			t.Errorf("%d answers were paid", paid)
		}
	})
}

// failedAsGone checks the reason of the last transition and that no call of the step was paid.
func (b *bundle) failedAsGone(t *testing.T, step workflow.StepKey) {
	t.Helper()
	if failure := b.lastFailure(t); failure != workflow.FailureModelGone {
		t.Errorf("got the failure %q, want MODEL_GONE", failure)
	}
	for kind, count := range b.callKinds(t) {
		if kind.Step == string(step) && (kind.State != "RELEASED" || kind.Failure != "MODEL_GONE") {
			t.Errorf("got %d calls %+v, want none but refused ones", count, kind)
		}
	}
	taken, err := b.engine.Take(context.Background(), b.who, b.flow.ID)
	if err != nil || taken.Run != nil {
		t.Errorf("got the run %v, %v, want no further attempt", taken.Run, err)
	}
}

func TestStepModels_TakeThePlaceOfTheCommonOnes(t *testing.T) {
	t.Parallel()
	b := setup(t, options{drives: fourSteps(), prices: withoutGone()})
	own := map[workflow.StepKey][]string{
		workflow.StepCompetitor: {served}, workflow.StepClustering: {served}, workflow.StepValidation: {served},
	}
	b.executors = b.asking(steps.Options{Models: workflow.Models{Common: []string{gone}, Own: own}})
	b.toPlan(t)
	for kind, count := range b.callKinds(t) {
		if kind.Step != string(workflow.StepICP) && kind.Failure != "" {
			t.Errorf("%d questions went to the common model: %+v", count, kind)
		}
	}
}

// asking returns the executors of a server with other models.
func (b *bundle) asking(o steps.Options) map[workflow.StepKey]steps.Executor {
	o.Engine, o.Gateway = b.engine, b.gateway
	executors := map[workflow.StepKey]steps.Executor{}
	for _, executor := range steps.New(o) {
		executors[executor.Key()] = executor
	}
	return executors
}

func TestModelGone_TheLongestNameCounts(t *testing.T) {
	t.Parallel()
	models := []string{"openai/gpt-4o", "perplexity/sonar", "openai/gpt-4o-mini"}
	for message, want := range map[string]int{
		"No endpoints found for openai/gpt-4o-mini.": 2, "No endpoints found for openai/gpt-4o.": 0,
		"No endpoints found for perplexity/sonar.": 1, "No endpoints found.": 0,
	} {
		if got := steps.Named(models, message); got != want {
			t.Errorf("%s: got %d, want %d", message, got, want)
		}
	}
}
