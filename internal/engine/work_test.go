package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// outside sets the steps that programs outside drive.
func (b bundle) setOutside(t *testing.T, steps ...workflow.StepKey) {
	t.Helper()
	_, err := b.Engine.SetOutsideSteps(context.Background(), b.Who, engine.SetOutsideStepsInput{Steps: steps})
	if err != nil {
		t.Fatal(err)
	}
}

// claim claims runs.
func (b bundle) claim(t *testing.T, who caller.Caller, most int) []engine.WorkItem {
	t.Helper()
	claimed, err := b.Engine.ClaimWork(context.Background(), who, engine.ClaimWorkInput{Max: most})
	if err != nil {
		t.Fatal(err)
	}
	return claimed.Items
}

// profile is a result of the first step.
func profile() engine.HandedResult {
	return engine.HandedResult{Model: "m", Provider: "p", ICP: &workflow.ICP{
		Industries:       []string{"Plumbing"},
		BuyerRoles:       []string{"Owner"},
		PainPoints:       []string{"Leaks"},
		ValueProposition: "Dry floors",
	}}
}

func TestClaimWork_HandsOutTheOldestOnce(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	if _, err := b.Engine.ClaimWork(ctx, b.Who, engine.ClaimWorkInput{
		Steps: []workflow.StepKey{workflow.StepCompetitor, workflow.StepICP}, Max: 1,
	}); fault.KindOf(err) != fault.InvalidInput || strings.Join(fault.FieldOf(err), ".") != "steps.1" {
		t.Errorf("a step of the engine's workers: got %v, want INVALID_INPUT about steps.1", err)
	}
	b.setOutside(t, workflow.StepICP)
	var want []uuid.UUID
	for range 40 {
		want = append(want, b.Flow(t, workflow.ICPPending).ID)
	}
	claims := make([][]engine.WorkItem, 20)
	servers := b.servers(t)
	errs := testdb.Together(20, func(i int) error {
		for range 10 {
			who := b.worker(fmt.Sprint("worker ", i))
			claimed, err := servers[i%2].ClaimWork(ctx, who, engine.ClaimWorkInput{Max: 1})
			if err != nil {
				return err
			}
			claims[i] = append(claims[i], claimed.Items...)
		}
		return nil
	})
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	var got []uuid.UUID
	for i, items := range claims {
		for _, item := range items {
			got = append(got, item.Workflow.ID)
			if item.Run.Worker != fmt.Sprint("worker ", i) || item.Run.Attempt != 1 || item.Run.Token != item.Workflow.Version ||
				item.Workflow.State != workflow.ICPProcessing {
				t.Errorf("item: got %+v", item)
			}
		}
	}
	byID := func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) }
	slices.SortFunc(got, byID)
	slices.SortFunc(want, byID)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("claimed workflows (-want +got):\n%s", diff)
	}
	for range 3 {
		want = append(want, b.Flow(t, workflow.ICPPending).ID)
	}
	next := b.claim(t, b.worker("next"), 2)
	if len(next) != 2 || next[0].Workflow.ID != want[40] || next[1].Workflow.ID != want[41] {
		t.Errorf("the next two: got %+v, want the oldest", next)
	}
	b.Sound(t)
}

func TestClaimWork_AReplayReturnsTheSameRuns(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	b.setOutside(t, workflow.StepICP)
	for range 5 {
		b.Flow(t, workflow.ICPPending)
	}
	in := engine.ClaimWorkInput{Max: 2, LeaseSeconds: 600, IdempotencyKey: "claim"}
	who := b.worker("one")
	first, err := b.Engine.ClaimWork(ctx, who, in)
	if err != nil || len(first.Items) != 2 {
		t.Fatalf("got %+v, %v, want two runs", first, err)
	}
	if got := first.Items[0].Run.LeaseExpiresAt; !got.Equal(b.Clock.Now().Add(10 * time.Minute)) {
		t.Errorf("lease: got %s, want ten minutes", got)
	}
	again, err := b.Engine.ClaimWork(ctx, who, in)
	if err != nil || !again.Replayed || len(again.Items) != 2 || again.Items[1].Run != first.Items[1].Run {
		t.Errorf("replay: got %+v, %v, want the same runs", again, err)
	}
	if _, err := b.Engine.ClaimWork(ctx, b.worker("two"), in); fault.KindOf(err) != fault.IdempotencyMismatch {
		t.Errorf("the key of another worker: got %v, want IDEMPOTENCY_MISMATCH", err)
	}
	in.Max = 3
	if _, err := b.Engine.ClaimWork(ctx, who, in); fault.KindOf(err) != fault.IdempotencyMismatch {
		t.Errorf("another content: got %v, want IDEMPOTENCY_MISMATCH", err)
	}
}

func TestClaimWork_BadInputClaimsNothing(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	b.setOutside(t, workflow.StepICP)
	flow := b.Flow(t, workflow.ICPPending)
	for field, in := range map[string]engine.ClaimWorkInput{
		"max":          {Max: 51},
		"leaseSeconds": {Max: 1, LeaseSeconds: 3601},
		"steps":        {Max: 1, Steps: []workflow.StepKey{workflow.StepSeedReview}},
		"steps 1":      {Max: 1, Steps: []workflow.StepKey{workflow.StepICP, workflow.StepSeedReview}},
	} {
		_, err := b.Engine.ClaimWork(ctx, b.Who, in)
		if fault.KindOf(err) != fault.InvalidInput || !strings.HasPrefix(strings.Join(fault.FieldOf(err), " "), field) {
			t.Errorf("%s: got %v about %v, want INVALID_INPUT", field, err, fault.FieldOf(err))
		}
	}
	if got := b.state(t, flow.ID); got != workflow.ICPPending {
		t.Errorf("state: got %s", got)
	}
}

func TestCompleteStep_StoresTheResultAndAdvances(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	b.setOutside(t, workflow.StepICP, workflow.StepCompetitor)
	flow := b.Flow(t, workflow.ICPPending)
	who := b.worker("one")
	run := b.claim(t, who, 1)[0].Run
	in := engine.CompleteStepInput{
		WorkflowID: flow.ID,
		Token:      run.Token,
		Result:     profile(),
		Advance:    true,
	}
	done, err := b.Engine.CompleteStep(ctx, who, in)
	if err != nil || done.Transition.To != workflow.ICPCompleted || done.Workflow.State != workflow.CompetitorPending {
		t.Fatalf("got %+v, %v, want the next step", done, err)
	}
	again, err := b.Engine.CompleteStep(ctx, who, in)
	if err != nil || !again.Replayed || again.Transition.To != workflow.ICPCompleted {
		t.Errorf("the same result again: got %+v, %v, want a replay", again, err)
	}
	in.Result.ICP.ValueProposition = "another"
	if _, err := b.Engine.CompleteStep(ctx, who, in); fault.KindOf(err) != fault.IdempotencyMismatch {
		t.Errorf("another result: got %v, want IDEMPOTENCY_MISMATCH", err)
	}
	results, err := b.Engine.ICPs(ctx, b.Who, []uuid.UUID{flow.ID})
	if got := results[flow.ID]; err != nil || got.Source != workflow.ResultOfWorker || got.Model != "m" {
		t.Errorf("result: got %+v, %v, want one of a worker", got, err)
	}

	item := b.claim(t, who, 1)[0]
	if p := item.Input.Profile; p == nil || p.Industries[0] != "Plumbing" || item.Run.Step != workflow.StepCompetitor {
		t.Errorf("input: got %+v, want the profile", item.Input)
	}
	volume := 40
	_, err = b.Engine.CompleteStep(ctx, who, engine.CompleteStepInput{
		WorkflowID: flow.ID, Token: item.Run.Token, Advance: true, IdempotencyKey: "keywords",
		Result: engine.HandedResult{Keywords: []engine.FoundKeyword{
			{Text: "burst pipe", Volume: &volume, Competitor: "rival.example"}, {Text: "  pipe   burst "}, {Text: "leak"},
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	keywords, err := b.Engine.Keywords(ctx, b.Who, []uuid.UUID{flow.ID})
	if err != nil || len(keywords[flow.ID]) != 2 {
		t.Fatalf("keywords: got %+v, %v, want two", keywords, err)
	}
	for _, k := range keywords[flow.ID] {
		if k.Source != content.SourceWorker || k.Text == "burst pipe" && *k.Volume != 40 {
			t.Errorf("keyword: got %+v", k)
		}
	}
	if got := b.state(t, flow.ID); got != workflow.SeedReviewPending {
		t.Errorf("state: got %s, want SEED_REVIEW_PENDING", got)
	}
	b.Sound(t)
}

func TestCompleteStep_RefusesResultsOfTheWrongShape(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	b.setOutside(t, workflow.StepICP, workflow.StepCompetitor, workflow.StepClustering)
	who := b.worker("one")
	keyword := func(k engine.FoundKeyword) engine.HandedResult {
		return engine.HandedResult{Keywords: []engine.FoundKeyword{k}}
	}
	object := func(text string) engine.HandedResult { return engine.HandedResult{Object: []byte(text)} }
	minus := -1
	noRoles, two := profile(), profile()
	noRoles.ICP.BuyerRoles = nil
	two.Keywords = []engine.FoundKeyword{{Text: "leak"}}
	many := make([]engine.FoundKeyword, 301)
	for _, c := range []struct {
		state  workflow.State
		field  string
		result engine.HandedResult
	}{
		{workflow.ICPPending, "result.icp", engine.HandedResult{}},
		{workflow.ICPPending, "result.icp", object(`{}`)},
		{workflow.ICPPending, "result.icp", noRoles},
		{workflow.ICPPending, "result.icp", two},
		{workflow.CompetitorPending, "result.keywords", engine.HandedResult{Keywords: []engine.FoundKeyword{}}},
		{workflow.CompetitorPending, "result.keywords", engine.HandedResult{Keywords: many}},
		{workflow.CompetitorPending, "result.keywords.0.text", keyword(engine.FoundKeyword{Text: "?"})},
		{workflow.CompetitorPending, "result.keywords.0.text", keyword(engine.FoundKeyword{Text: "a\x00b"})},
		{workflow.CompetitorPending, "result.keywords.0.volume", keyword(engine.FoundKeyword{Text: "a", Volume: &minus})},
		{workflow.CompetitorPending, "result.keywords.0.language", keyword(engine.FoundKeyword{Text: "a", Language: "x y"})},
		{workflow.CompetitorPending, "result.keywords.0.language", keyword(engine.FoundKeyword{Text: "a", Language: ".."})},
		{workflow.CompetitorPending, "result.keywords.0.language", keyword(engine.FoundKeyword{Text: "a", Language: "de-"})},
		{
			workflow.CompetitorPending, "result.keywords.0.competitor",
			keyword(engine.FoundKeyword{Text: "a", Competitor: "-"}),
		},
		{
			workflow.CompetitorPending, "result.keywords.0.competitor",
			keyword(engine.FoundKeyword{Text: "a", Competitor: "a..example"}),
		},
		{workflow.CompetitorPending, "result.keywords.0.text", keyword(engine.FoundKeyword{Text: "\u200b"})},
		{workflow.ClusteringPending, "result.object", object(`[]`)},
		{workflow.ClusteringPending, "result.object", object(`{"a":"\u0000"}`)},
		{workflow.ClusteringPending, "result.object", object(`{"a":1e999999}`)},
		{workflow.ClusteringPending, "result.object", object(`{"a":"` + strings.Repeat("x", 128<<10) + `"}`)},
		{
			workflow.ClusteringPending, "result.object",
			object(strings.Repeat(`{"a":`, 40) + `1` + strings.Repeat(`}`, 40)),
		},
	} {
		flow := b.Flow(t, c.state)
		items := b.claim(t, who, 50)
		at := slices.IndexFunc(items, func(i engine.WorkItem) bool { return i.Workflow.ID == flow.ID })
		_, err := b.Engine.CompleteStep(ctx, who, engine.CompleteStepInput{
			WorkflowID: flow.ID, Token: items[at].Run.Token, Result: c.result,
		})
		if got := strings.Join(fault.FieldOf(err), "."); fault.KindOf(err) != fault.InvalidInput || got != c.field {
			t.Errorf("%s, %s: got %v about %q, want INVALID_INPUT", c.state, c.field, err, got)
		}
		if got := b.state(t, flow.ID); got != flow.Step().Processing {
			t.Errorf("%s: got %s, want no change", c.state, got)
		}
	}
}

func TestCompleteStep_AnotherRunIsLost(t *testing.T) {
	t.Parallel()
	b, ctx := setup(t), context.Background()
	b.setOutside(t, workflow.StepICP)
	flow := b.Flow(t, workflow.ICPPending)
	one, two := b.worker("one"), b.worker("two")
	two.WorkflowID = flow.ID // Otherwise it would not find the workflow before it has a run.
	first := b.claim(t, one, 1)[0].Run
	in := engine.CompleteStepInput{WorkflowID: flow.ID, Token: first.Token, Result: profile()}
	lost := func(name string, who caller.Caller, holder string) {
		t.Helper()
		_, completed := b.Engine.CompleteStep(ctx, who, in)
		_, failed := b.Engine.FailStep(ctx, who, engine.FailStepInput{
			WorkflowID: flow.ID, Token: in.Token, Failure: workflow.FailureTimeout,
		})
		for _, err := range []error{completed, failed} {
			var refused *engine.LostRunError
			if !errors.As(err, &refused) || fault.KindOf(err) != fault.LostRun {
				t.Errorf("%s: got %v, want LOST_RUN", name, err)
				continue
			}
			got := ""
			if refused.Run != nil {
				got = refused.Run.Worker
			}
			if got != holder || refused.IsYours != (holder == who.Actor) {
				t.Errorf("%s: got the holder %q, yours %t, want %q", name, got, refused.IsYours, holder)
			}
		}
	}
	lost("another worker", two, "one")
	b.Clock.Advance(31 * time.Second)
	if n, err := b.Engine.SweepRuns(ctx); n != 1 || err != nil {
		t.Fatalf("sweep: got %d, %v, want 1", n, err)
	}
	if jobs := b.Jobs.All(); len(jobs) != 0 {
		t.Errorf("jobs: got %v, want none", jobs)
	}
	lost("after the lease", one, "")
	second := b.claim(t, two, 1)[0].Run
	if second.Attempt != 2 {
		t.Errorf("attempt: got %d, want 2", second.Attempt)
	}
	lost("after another claim", one, "two")
	in.Token = second.Token
	if _, err := b.Engine.CompleteStep(ctx, two, in); err != nil {
		t.Error(err)
	}
	in.WorkflowID = uuid.New()
	if _, err := b.Engine.CompleteStep(ctx, one, in); fault.KindOf(err) != fault.NotFound {
		t.Errorf("no such workflow: got %v, want NOT_FOUND", err)
	}
	b.Sound(t)
}
