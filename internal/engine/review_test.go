package engine_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// reviewed is a workflow in seed review with an engine.
type reviewed struct {
	bundle
	testdb.Reviewed
}

func setupReview(t *testing.T, fourEyes bool) reviewed {
	t.Helper()
	b := setup(t)
	testdb.Gates(t, b.DB, b.Who, fourEyes)
	return reviewed{b, testdb.Review(t, b.DB, b.Who)}
}

// selection returns the current selection.
func (r reviewed) selection(t *testing.T) content.Selection {
	t.Helper()
	found, err := r.Engine.Keywords(context.Background(), r.Who, []uuid.UUID{r.Reviewed.Flow.ID})
	if err != nil {
		t.Fatal(err)
	}
	return content.SelectionOf(found[r.Reviewed.Flow.ID])
}

func (r reviewed) approve(who caller.Caller, seen content.Selection) (engine.Moved, error) {
	return r.Engine.ApproveSeeds(context.Background(), who, engine.ApproveSeedsInput{
		WorkflowID:      r.Reviewed.Flow.ID,
		ExpectedVersion: r.Reviewed.Flow.Version,
		SelectionDigest: seen.Digest[:],
	})
}

func (r reviewed) decide(
	ids []uuid.UUID, where *content.KeywordFilter, choice content.Choice,
) (engine.Reviewed, error) {
	return r.Engine.DecideKeywords(context.Background(), r.Who, engine.DecideKeywordsInput{
		WorkflowID: r.Reviewed.Flow.ID, IDs: ids, Where: where, Choice: choice,
	})
}

func TestApproveSeeds(t *testing.T) {
	t.Parallel()
	t.Run("OneOfTwentyReviewersWins", func(t *testing.T) {
		t.Parallel()
		r := setupReview(t, false)
		seen := r.selection(t)
		var won, stale atomic.Int32
		var group sync.WaitGroup
		for i := range 20 {
			group.Go(func() {
				who := r.Who
				who.Actor = fmt.Sprintf("reviewer %d", i)
				switch _, err := r.approve(who, seen); {
				case err == nil:
					won.Add(1)
				case fault.KindOf(err) == fault.StaleState:
					stale.Add(1)
				default:
					t.Errorf("got %v, want STALE_STATE", err)
				}
			})
		}
		group.Wait()
		decisions, err := r.Engine.GateDecisions(context.Background(), r.Who, []uuid.UUID{r.Reviewed.Flow.ID})
		if won.Load() != 1 || stale.Load() != 19 || err != nil || len(decisions[r.Reviewed.Flow.ID]) != 1 {
			t.Errorf("got %d approvals, %d refusals and the decisions %v, %v, want 1, 19 and one decision",
				won.Load(), stale.Load(), decisions, err)
		}
		if got := r.state(t, r.Reviewed.Flow.ID); got != workflow.SeedReviewCompleted {
			t.Errorf("got %s, want %s", got, workflow.SeedReviewCompleted)
		}
	})
	t.Run("RefusesASelectionThatTheReviewerDidNotSee", func(t *testing.T) {
		t.Parallel()
		r := setupReview(t, false)
		seen := r.selection(t)
		if _, err := r.decide([]uuid.UUID{r.Keywords[2].ID}, nil, content.ChoiceSelected); err != nil {
			t.Fatal(err)
		}
		if _, err := r.approve(r.Who, seen); fault.KindOf(err) != fault.StaleState {
			t.Errorf("got %v, want STALE_STATE", err)
		}
	})
	t.Run("RefusesTooFewAndTooMany", func(t *testing.T) {
		t.Parallel()
		r := setupReview(t, false)
		if _, err := r.decide([]uuid.UUID{r.Keywords[0].ID}, nil, content.ChoiceCleared); err != nil {
			t.Fatal(err)
		}
		if _, err := r.approve(r.Who, r.selection(t)); fault.KindOf(err) != fault.SelectionTooSmall {
			t.Errorf("one keyword: got %v, want SELECTION_TOO_SMALL", err)
		}
		var texts []string
		for i := range 100 {
			texts = append(texts, fmt.Sprintf("own keyword %d", i))
		}
		added, err := r.Engine.AddKeywords(context.Background(), r.Who, engine.AddKeywordsInput{
			WorkflowID: r.Reviewed.Flow.ID, Texts: texts,
		})
		if err != nil || added.Affected != 100 || added.Selection.Count != 101 {
			t.Fatalf("add 100 keywords: got %+v, %v", added, err)
		}
		if _, err := r.approve(r.Who, r.selection(t)); fault.KindOf(err) != fault.SelectionTooLarge {
			t.Errorf("101 keywords: got %v, want SELECTION_TOO_LARGE", err)
		}
	})
	t.Run("AsksForASecondPerson", func(t *testing.T) {
		t.Parallel()
		r := setupReview(t, true)
		if _, err := r.approve(r.Who, r.selection(t)); fault.KindOf(err) != fault.FourEyes {
			t.Errorf("the preparer: got %v, want FOUR_EYES", err)
		}
		second := r.Who
		second.Actor = "bob"
		if _, err := r.approve(second, r.selection(t)); err != nil {
			t.Errorf("the second person: %v", err)
		}
	})
}

// A rejected keyword that was not selected leaves the selection as it is, and its preparer too.
func TestApproveSeeds_ThePreparerIsTheOneWhoChangedTheSelection(t *testing.T) {
	t.Parallel()
	r := setupReview(t, true)
	second := r
	second.Who.Actor = "bob"
	if _, err := second.decide([]uuid.UUID{r.Keywords[2].ID}, nil, content.ChoiceRejected); err != nil {
		t.Fatal(err)
	}
	if _, err := r.approve(r.Who, r.selection(t)); fault.KindOf(err) != fault.FourEyes {
		t.Errorf("the preparer: got %v, want FOUR_EYES", err)
	}
	if _, err := r.approve(second.Who, r.selection(t)); err != nil {
		t.Errorf("the second person: %v", err)
	}
}

func TestRejectSeeds_KeepsThePreparerAndTheManualKeywords(t *testing.T) {
	t.Parallel()
	r, ctx := setupReview(t, true), context.Background()
	flow := r.Reviewed.Flow.ID
	if _, err := r.Engine.AddKeywords(ctx, r.Who, engine.AddKeywordsInput{
		WorkflowID: flow, Texts: []string{"my own keyword"}, IdempotencyKey: "own",
	}); err != nil {
		t.Fatal(err)
	}
	if _, err := r.Engine.RejectSeeds(ctx, r.Who, engine.RejectGateInput{
		WorkflowID: flow, ResetTo: workflow.StepCompetitor, Feedback: "More about prices.",
	}); err != nil {
		t.Fatal(err)
	}
	driver := r.NewEngine(t, r.DB.Store(), func(o *engine.Options) {
		o.Drives = []workflow.StepKey{workflow.StepCompetitor}
	})
	taken, err := driver.Take(ctx, r.Who, flow)
	run := taken.Run
	if err != nil || run == nil {
		t.Fatalf("take: %v, %v", run, err)
	}
	if in, err := driver.StepInput(ctx, r.Who, *run); err != nil || in.Feedback != "More about prices." {
		t.Errorf("got the input %+v, %v, want the feedback", in, err)
	}
	found := r.Keywords[0]
	worker := r.Who
	worker.Actor = "worker:1"
	_, err = driver.Finish(ctx, worker, engine.FinishInput{
		Run:      *run,
		Result:   engine.Result{Content: []byte(`{"mode":"MODEL"}`), Provider: "sandbox"},
		Keywords: []content.SeedKeyword{{Text: found.Text, Normalised: found.Normalised, Source: content.SourceModel}},
	})
	if err != nil {
		t.Fatal(err)
	}
	selection := r.selection(t)
	if selection.Count != 3 {
		t.Errorf("got %d selected keywords, want the one that was found again and two that were not", selection.Count)
	}
	now, err := r.Engine.Workflow(ctx, r.Who, flow)
	if err != nil {
		t.Fatal(err)
	}
	r.Reviewed.Flow = now
	if _, err := r.approve(r.Who, selection); fault.KindOf(err) != fault.FourEyes {
		t.Errorf("the preparer of the carried choices: got %v, want FOUR_EYES", err)
	}
	second := r.Who
	second.Actor = "bob"
	if _, err := r.approve(second, selection); err != nil {
		t.Errorf("the second person: %v", err)
	}
}

func TestReview_AKeyBelongsToItsWorkflow(t *testing.T) {
	t.Parallel()
	r, ctx := setupReview(t, false), context.Background()
	other := testdb.Review(t, r.DB, r.Who)
	for i, flow := range []uuid.UUID{r.Reviewed.Flow.ID, other.Flow.ID} {
		_, err := r.Engine.AddKeywords(ctx, r.Who, engine.AddKeywordsInput{
			WorkflowID: flow, Texts: []string{"own"}, IdempotencyKey: "key",
		})
		if want := []fault.Kind{"", fault.IdempotencyMismatch}[i]; fault.KindOf(err) != want {
			t.Errorf("workflow %d: got %v, want the kind %q", i, err, want)
		}
	}
}

func TestKeywordFilter_RefusesASearchWithoutAWord(t *testing.T) {
	t.Parallel()
	r := setupReview(t, false)
	for _, search := range []string{"?", "   ", "\u202e", "\u200b", "%"} {
		_, err := r.decide(nil, &content.KeywordFilter{Search: search}, content.ChoiceRejected)
		if fault.KindOf(err) != fault.InvalidInput {
			t.Errorf("%q: got %v, want INVALID_INPUT", search, err)
		}
	}
}

func TestAddKeywords_RefusesATextThatGrowsTooLong(t *testing.T) {
	t.Parallel()
	r := setupReview(t, false)
	_, err := r.Engine.AddKeywords(context.Background(), r.Who, engine.AddKeywordsInput{
		WorkflowID: r.Reviewed.Flow.ID, Texts: []string{strings.Repeat("\ufdfa", 100)},
	})
	if fault.KindOf(err) != fault.InvalidInput {
		t.Errorf("got %v, want INVALID_INPUT", err)
	}
}

func TestDecideKeywords(t *testing.T) {
	t.Parallel()
	t.Run("SelectsTheWholeFilter", func(t *testing.T) {
		t.Parallel()
		r, ctx := setupReview(t, false), context.Background()
		var many []content.SeedKeyword
		for i := range 300 {
			text := fmt.Sprintf("keyword %d", i)
			many = append(many, content.SeedKeyword{
				ID: uuid.Must(uuid.NewV7()), Text: text, Normalised: text, Source: content.SourceModel,
			})
		}
		_, err := r.DB.Store().AddKeywords(ctx, r.Who, postgres.NewKeywords{
			WorkflowID: r.Reviewed.Flow.ID, Visit: r.Visit, Keywords: many, At: testdb.Now(),
		})
		if err != nil {
			t.Fatal(err)
		}
		decided, err := r.decide(nil, &content.KeywordFilter{Search: "Keyword"}, content.ChoiceSelected)
		if err != nil || decided.Affected != 300 || decided.Selection.Count != 302 {
			t.Errorf("got %+v, %v, want 300 more than the two before", decided, err)
		}
		again, err := r.decide(nil, &content.KeywordFilter{Search: "Keyword"}, content.ChoiceSelected)
		if err != nil || again.Affected != 0 {
			t.Errorf("again: got %+v, %v, want no change", again, err)
		}
	})
	t.Run("FindsNothingOfAnotherOrganization", func(t *testing.T) {
		t.Parallel()
		r := setupReview(t, false)
		theirs := testdb.Review(t, r.DB, testdb.Caller(t, r.DB))
		_, err := r.decide([]uuid.UUID{theirs.Keywords[0].ID}, nil, content.ChoiceSelected)
		if fault.KindOf(err) != fault.NotFound {
			t.Errorf("their keyword: got %v, want NOT_FOUND", err)
		}
	})
	t.Run("EndsWithTheReview", func(t *testing.T) {
		t.Parallel()
		r := setupReview(t, false)
		if _, err := r.approve(r.Who, r.selection(t)); err != nil {
			t.Fatal(err)
		}
		_, err := r.decide([]uuid.UUID{r.Keywords[0].ID}, nil, content.ChoiceRejected)
		if fault.KindOf(err) != fault.StaleState {
			t.Errorf("got %v, want STALE_STATE", err)
		}
	})
}

func TestTransition_RespectsTheGate(t *testing.T) {
	t.Parallel()
	r, ctx := setupReview(t, false), context.Background()
	_, err := r.Engine.Transition(ctx, r.Who, engine.TransitionInput{
		WorkflowID: r.Reviewed.Flow.ID, From: workflow.SeedReviewPending, To: workflow.SeedReviewCompleted,
	})
	if fault.KindOf(err) != fault.GateClosed {
		t.Errorf("got %v, want GATE_CLOSED", err)
	}
	if got := r.state(t, r.Reviewed.Flow.ID); got != workflow.SeedReviewPending {
		t.Errorf("got %s, want %s", got, workflow.SeedReviewPending)
	}
}

func TestStartStep(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	flow := testdb.Workflow(t, b.DB, b.Who, testdb.WorkflowOpts{State: workflow.ICPCompleted})
	start := func(step workflow.StepKey, key string) (engine.Moved, error) {
		return b.Engine.StartStep(ctx, b.Who, engine.StartStepInput{
			WorkflowID: flow.ID, Step: step, IdempotencyKey: key,
		})
	}
	if _, err := start(workflow.StepClustering, ""); fault.KindOf(err) != fault.StaleState {
		t.Errorf("another step than the next: got %v, want STALE_STATE", err)
	}
	moved, err := start("", "start")
	if err != nil || moved.Workflow.State != workflow.CompetitorPending {
		t.Errorf("the next step: got %s, %v, want %s", moved.Workflow.State, err, workflow.CompetitorPending)
	}
	again, err := start("", "start")
	if err != nil || !again.Replayed || again.Transition.Version != moved.Transition.Version {
		t.Errorf("the same request again: got %+v, %v, want a replay", again, err)
	}
}

func TestRetryStep(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	flow := testdb.Workflow(t, b.DB, b.Who, testdb.WorkflowOpts{State: workflow.CompetitorFailed})
	moved, err := b.Engine.RetryStep(ctx, b.Who, engine.RetryStepInput{WorkflowID: flow.ID})
	if err != nil || moved.Workflow.State != workflow.CompetitorProcessing {
		t.Fatalf("got %s, %v, want %s", moved.Workflow.State, err, workflow.CompetitorProcessing)
	}
	_, err = b.Engine.RetryStep(ctx, b.Who, engine.RetryStepInput{WorkflowID: flow.ID})
	if fault.KindOf(err) != fault.StaleState {
		t.Errorf("a running step: got %v, want STALE_STATE", err)
	}
}

func TestSetCompetitors(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		state workflow.State
		urls  []string
		want  fault.Kind
	}{
		"TakesDomainsAndAddresses": {workflow.Created, []string{"rival.example", "https://www.rival.example/x"}, ""},
		"TakesNone":                {workflow.ICPCompleted, nil, ""},
		"TakesAnotherScript":       {workflow.Created, []string{"пример.example"}, ""},
		"RefusesSix": {
			workflow.Created, []string{"a.b", "c.d", "e.f", "g.h", "i.j", "k.l"}, fault.InvalidInput,
		},
		"RefusesNoDomain":         {workflow.Created, []string{"rival"}, fault.InvalidInput},
		"RefusesAnIPAddress":      {workflow.Created, []string{"169.254.169.254"}, fault.InvalidInput},
		"RefusesAnOddIPAddress":   {workflow.Created, []string{"0x7f.1"}, fault.InvalidInput},
		"RefusesAnEmptyLabel":     {workflow.Created, []string{"a..example"}, fault.InvalidInput},
		"RefusesAFinalPoint":      {workflow.Created, []string{"rival.example."}, fault.InvalidInput},
		"RefusesAPassword":        {workflow.Created, []string{"https://a:b@rival.example"}, fault.InvalidInput},
		"RefusesTheCompanyItself": {workflow.Created, []string{"example.com"}, fault.InvalidInput},
		"EndsWithTheAnalysis":     {workflow.CompetitorCompleted, []string{"rival.example"}, fault.StaleState},
		"EndsWithTheWorkflow":     {workflow.Cancelled, []string{"rival.example"}, fault.TerminalState},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			flow := testdb.Workflow(t, b.DB, b.Who, testdb.WorkflowOpts{State: c.state})
			_, err := b.Engine.SetCompetitors(context.Background(), b.Who, engine.SetCompetitorsInput{
				WorkflowID: flow.ID, URLs: c.urls,
			})
			if got := fault.KindOf(err); got != c.want {
				t.Errorf("got %v, want the kind %q", err, c.want)
			}
		})
	}
}
