package engine_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/testengine"
	"github.com/infin8content/engine/internal/workflow"
)

// written is a workflow at the gate PUBLISH with written articles and a target of the kind FILE.
type written struct {
	testengine.Fixture
	planned testdb.Planned
	flow    workflow.Workflow
	article uuid.UUID             // the first one
	texts   []engine.ApprovedText // of all
	target  postgres.PublishTarget
}

// setupWritten writes one article.
func setupWritten(t *testing.T) written {
	t.Helper()
	return setupTexts(t, 1)
}

// setupTexts writes n articles.
func setupTexts(t *testing.T, n int) written {
	t.Helper()
	w := setupPlanned(t, n)
	w.write(t)
	return w
}

// setupPlanned plans n articles. The workflow waits at the gate PLAN, which is off.
func setupPlanned(t *testing.T, n int) written {
	t.Helper()
	w := written{texts: make([]engine.ApprovedText, n), Fixture: testengine.NewWith(t, func(o *engine.Options) {
		o.Drives = []workflow.StepKey{workflow.StepArticle, workflow.StepPublish}
	})}
	testdb.Gates(t, w.DB, w.Who, false)
	reviewed := testdb.Review(t, w.DB, w.Who)
	if err := testdb.Approve(t.Context(), w.DB.Store(), w.Who, reviewed, w.Who.Actor); err != nil {
		t.Fatal(err)
	}
	planned := testdb.Plan(t, w.DB, w.Who, testdb.Cluster(t, w.DB, w.Who, reviewed))
	testdb.DecidePlans(t, w.DB, w.Who, planned, n)
	w.planned, w.target = planned, testdb.PublishTarget(t, w.DB, w.Who)
	return w
}

// write writes the articles and takes the workflow to the gate.
func (w *written) write(t *testing.T) {
	t.Helper()
	all := testdb.WriteArticles(t, w.DB, w.Who, w.planned, len(w.texts))
	w.flow = testdb.Move(t, w.DB.Store(), w.Who, all[0].Flow, workflow.ArticleCompleted)
	w.article = all[0].Article.ID
	for i, done := range all {
		w.texts[i] = engine.ApprovedText{ArticleID: done.Article.ID, ExpectedRevision: done.Version.Revision}
	}
}

func (w written) input() engine.ApprovePublishingInput {
	return engine.ApprovePublishingInput{
		WorkflowID:      w.flow.ID,
		ExpectedVersion: w.flow.Version,
		Articles:        slices.Clone(w.texts),
		TargetIDs:       []uuid.UUID{w.target.ID},
		Policy:          workflow.PublishNow,
	}
}

// publications returns the publications of the workflow.
func (w written) publications(t *testing.T) []workflow.Publication {
	t.Helper()
	found, err := w.DB.Store().Publications(t.Context(), w.Who, postgres.PublicationPage{
		Workflows: []uuid.UUID{w.flow.ID}, First: 100,
	})
	if err != nil {
		t.Fatal(err)
	}
	return found[w.flow.ID]
}

// pass drives the step PUBLISH to PUBLISH_FAILED without a request to a site.
func (w written) fail(t *testing.T) workflow.Workflow {
	t.Helper()
	worker := workerOf(w.Who, "press")
	taken, err := w.Engine.Take(t.Context(), worker, w.flow.ID)
	if err != nil || taken.Run == nil {
		t.Fatalf("take: got %+v, %v", taken, err)
	}
	moved, err := w.Engine.FailRun(t.Context(), worker, engine.FailRunInput{
		Run: *taken.Run, Failure: workflow.FailureInternal, Message: "a test",
	})
	if err != nil {
		t.Fatal(err)
	}
	return moved.Workflow
}

func TestApprovePublishing_IsOneCommitWithItsPublications(t *testing.T) {
	t.Parallel()
	w := setupWritten(t)
	in := w.input()
	in.IdempotencyKey = "k"
	moved, err := w.Engine.ApprovePublishing(t.Context(), w.Who, in)
	if err != nil || moved.Workflow.State != workflow.PublishPending {
		t.Fatalf("got %s, %v, want PUBLISH_PENDING", moved.Workflow.State, err)
	}
	again, err := w.Engine.ApprovePublishing(t.Context(), w.Who, in)
	if err != nil || !again.Replayed {
		t.Errorf("again: got %+v, %v, want a replay", again, err)
	}
	publications := w.publications(t)
	if len(publications) != 1 || publications[0].State != workflow.PublicationPlanned ||
		publications[0].Approval != moved.Transition.Version || publications[0].Revision != 1 ||
		publications[0].Keyword == "" {
		t.Errorf("got %+v, want one planned publication", publications)
	}
	w.Sound(t)
}

func TestApprovePublishing_Refuses(t *testing.T) {
	t.Parallel()
	w := setupWritten(t)
	failed := testdb.PublishTargetOf(t, w.DB, w.Who, postgres.PublishTarget{
		Kind: workflow.TargetWebhook, BaseURL: "https://hook.example", TargetVersion: postgres.TargetVersion{
			State: workflow.TargetUnchecked,
		},
	})
	past := w.Clock.Now().Add(-time.Hour)
	for name, c := range map[string]struct {
		change func(*engine.ApprovePublishingInput)
		want   fault.Kind
	}{
		"NoArticle":       {func(in *engine.ApprovePublishingInput) { in.Articles = nil }, fault.NothingApproved},
		"NoTarget":        {func(in *engine.ApprovePublishingInput) { in.TargetIDs = nil }, fault.NothingApproved},
		"AnUnknownTarget": {func(in *engine.ApprovePublishingInput) { in.TargetIDs[0] = uuid.New() }, fault.InvalidInput},
		"AnUnknownArticle": {
			func(in *engine.ApprovePublishingInput) { in.Articles[0].ArticleID = uuid.New() }, fault.NotFound,
		},
		"AnArticleTwice": {
			func(in *engine.ApprovePublishingInput) { in.Articles = append(in.Articles, in.Articles...) }, fault.InvalidInput,
		},
		"AnUncheckedTarget": {
			func(in *engine.ApprovePublishingInput) { in.TargetIDs[0] = failed.ID }, fault.TargetUnusable,
		},
		"AnOldVersion": {func(in *engine.ApprovePublishingInput) { in.ExpectedVersion-- }, fault.StaleState},
		"NoPolicy":     {func(in *engine.ApprovePublishingInput) { in.Policy = "" }, fault.InvalidInput},
		"NoTime": {
			func(in *engine.ApprovePublishingInput) { in.Policy = workflow.PublishSchedule }, fault.InvalidInput,
		},
		"ATimeInThePast": {func(in *engine.ApprovePublishingInput) {
			in.Policy, in.ScheduleAt = workflow.PublishSchedule, &past
		}, fault.InvalidInput},
	} {
		in := w.input()
		c.change(&in)
		if _, err := w.Engine.ApprovePublishing(t.Context(), w.Who, in); fault.KindOf(err) != c.want {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
	if got := w.publications(t); len(got) != 0 {
		t.Errorf("got %+v, want none", got)
	}
}

// A rejected text goes to no site, also one that was rejected without feedback, and the autopilot leaves it out. When
// the text is approved later, it may go.
func TestApprovePublishing_RefusesARejectedArticle(t *testing.T) {
	t.Parallel()
	w := setupWritten(t)
	decide := func(verdict content.ArticleVerdict) {
		t.Helper()
		_, err := w.Engine.DecideArticles(t.Context(), w.Who, engine.DecideArticlesInput{
			WorkflowID: w.flow.ID,
			Items:      []engine.ArticleItemInput{{ArticleID: w.article, ExpectedRevision: 1, Verdict: verdict}},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	decide(content.ArticleRejected)
	if _, err := w.Engine.ApprovePublishing(t.Context(), w.Who, w.input()); fault.KindOf(err) != fault.Conflict {
		t.Errorf("got %v, want CONFLICT", err)
	}
	auto := workflow.GateAuto
	if _, err := w.Engine.SetGates(t.Context(), w.Who, engine.SetGatesInput{Publish: &auto}); err != nil {
		t.Fatal(err)
	}
	decided, err := w.Engine.Autopilot(t.Context(), w.Who.OrganizationID, w.flow.ID)
	if decided || fault.KindOf(err) != fault.NothingApproved {
		t.Errorf("autopilot: got %t, %v, want NOTHING_APPROVED", decided, err)
	}
	if got := w.publications(t); len(got) != 0 {
		t.Errorf("got %+v, want no publication", got)
	}
	decide(content.ArticleApproved)
	if _, err := w.Engine.ApprovePublishing(t.Context(), w.Who, w.input()); err != nil {
		t.Error(err)
	}
	w.Sound(t)
}

// A worker has died in its last attempt to take a post from its readers: a sweep asks for another one.
func TestSweepPublications_FindsAPostThatReadersStillSee(t *testing.T) {
	t.Parallel()
	w := setupWritten(t)
	if _, err := w.Engine.ApprovePublishing(t.Context(), w.Who, w.input()); err != nil {
		t.Fatal(err)
	}
	p := w.publications(t)[0]
	live, err := p.Found(workflow.PublicationDrafted, workflow.PublicationAdopt, workflow.Post{ID: "7"}, w.Clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	won, err := w.DB.Store().MovePublication(t.Context(), w.Who, postgres.PublicationMove{
		Before: p, After: live, Kind: workflow.PublicationAdopt,
	})
	if err != nil || !won {
		t.Fatalf("adopt: won %t, %v", won, err)
	}
	_, err = w.Engine.DecidePublication(t.Context(), w.Who, engine.DecidePublicationInput{
		PublicationID: p.ID, Choice: engine.ChoiceUnpublish, Reason: "A test.",
	})
	if err != nil {
		t.Fatal(err)
	}
	asked := func() (n int) {
		for _, job := range w.Jobs.All() {
			if job.ID == p.ID {
				n++
			}
		}
		return n
	}
	for _, c := range []struct {
		wait time.Duration
		want int
	}{{0, 1}, {9 * time.Minute, 1}, {2 * time.Minute, 2}} {
		w.Clock.Advance(c.wait)
		if _, err := w.Engine.SweepPublications(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := asked(); got != c.want {
			t.Errorf("after %s more: got %d jobs, want %d", c.wait, got, c.want)
		}
	}
}

// The publications of the first and of the last id of a long list have their events.
func TestPublicationEvents_OfManyPublications(t *testing.T) {
	t.Parallel()
	w := setupWritten(t)
	second := testdb.PublishTarget(t, w.DB, w.Who)
	in := w.input()
	in.TargetIDs = append(in.TargetIDs, second.ID)
	if _, err := w.Engine.ApprovePublishing(t.Context(), w.Who, in); err != nil {
		t.Fatal(err)
	}
	all := w.publications(t)
	ids := []uuid.UUID{all[0].ID}
	for range 1000 {
		ids = append(ids, uuid.New())
	}
	ids = append(ids, all[1].ID)
	events, err := w.Engine.PublicationEvents(t.Context(), w.Who, ids)
	if err != nil || len(events) != 2 || len(events[all[0].ID]) != 1 || len(events[all[1].ID]) != 1 {
		t.Errorf("got %v, %v, want the plan of both", events, err)
	}
}

func TestApprovePublishing_NeedsTwoPeople(t *testing.T) {
	t.Parallel()
	w := setupWritten(t)
	yes, human := true, workflow.GateHuman
	_, err := w.Engine.SetGates(t.Context(), w.Who, engine.SetGatesInput{Publish: &human, FourEyes: &yes})
	if err != nil {
		t.Fatal(err)
	}
	// No decision opened the gate PLAN, so the caller counts as the one who prepared the articles.
	if _, err := w.Engine.ApprovePublishing(t.Context(), w.Who, w.input()); fault.KindOf(err) != fault.FourEyes {
		t.Errorf("got %v, want FOUR_EYES", err)
	}
	_, err = w.Engine.Transition(t.Context(), w.Who, engine.TransitionInput{
		WorkflowID: w.flow.ID, From: workflow.ArticleCompleted, To: workflow.PublishPending,
	})
	if fault.KindOf(err) != fault.GateClosed {
		t.Errorf("got %v, want GATE_CLOSED", err)
	}
	back, err := w.Engine.RejectPublishing(t.Context(), w.Who, engine.RejectGateInput{
		WorkflowID: w.flow.ID, ResetTo: workflow.StepValidation, Feedback: "Shorter.",
	})
	if err != nil || back.Workflow.State != workflow.ValidationPending {
		t.Errorf("reject: got %s, %v, want VALIDATION_PENDING", back.Workflow.State, err)
	}
	w.Sound(t)
}

func TestAutopilot_PublishesWhatNeedsNoReview(t *testing.T) {
	t.Parallel()
	w := setupWritten(t)
	auto := workflow.GateAuto
	if _, err := w.Engine.SetGates(t.Context(), w.Who, engine.SetGatesInput{Publish: &auto}); err != nil {
		t.Fatal(err)
	}
	decided, err := w.Engine.Autopilot(t.Context(), w.Who.OrganizationID, w.flow.ID)
	if err != nil || !decided || len(w.publications(t)) != 1 {
		t.Errorf("got %t, %v, want a publication", decided, err)
	}
	w.Sound(t)
}

// After a RESET the same article is asked for again: its publication stays the same row, and a publication that is not
// approved again is an orphan.
func TestApprovePublishing_AsksAgainAfterAReset(t *testing.T) {
	t.Parallel()
	w := setupWritten(t)
	if _, err := w.Engine.ApprovePublishing(t.Context(), w.Who, w.input()); err != nil {
		t.Fatal(err)
	}
	first := w.publications(t)[0]
	failed := w.fail(t)
	w.planned.Flow = testdb.Move(t, w.DB.Store(), w.Who, failed, workflow.ArticlePending)
	w.write(t)
	second := testdb.PublishTarget(t, w.DB, w.Who)
	in := w.input()
	in.TargetIDs, in.Policy = []uuid.UUID{w.target.ID, second.ID}, workflow.PublishDraft
	moved, err := w.Engine.ApprovePublishing(t.Context(), w.Who, in)
	if err != nil {
		t.Fatal(err)
	}
	publications := w.publications(t)
	if len(publications) != 2 || publications[0].ID != first.ID || publications[0].Version != 1 ||
		publications[0].Revision != 2 ||
		publications[0].Approval != moved.Transition.Version || publications[0].Policy != workflow.PublishDraft {
		t.Errorf("got %+v, want the first publication again, and one more", publications)
	}
	w.Sound(t)
}

func TestDecidePublication(t *testing.T) {
	t.Parallel()
	w := setupWritten(t)
	if _, err := w.Engine.ApprovePublishing(t.Context(), w.Who, w.input()); err != nil {
		t.Fatal(err)
	}
	p := w.publications(t)[0]
	decide := func(who caller.Caller, choice engine.PublicationChoice) error {
		_, err := w.Engine.DecidePublication(t.Context(), who, engine.DecidePublicationInput{
			PublicationID: p.ID, Choice: choice, Reason: "A test.",
		})
		return err
	}
	for _, choice := range []engine.PublicationChoice{
		engine.ChoiceAdopt, engine.ChoiceOverwrite, engine.ChoiceUnpublish,
	} {
		if err := decide(w.Who, choice); err == nil || fault.KindOf(err) == fault.Internal {
			t.Errorf("%s of a planned publication: got %v, want a refusal", choice, err)
		}
	}
	if err := decide(w.Stranger(t), engine.ChoiceSkip); fault.KindOf(err) != fault.NotFound {
		t.Errorf("another organization: got %v, want NOT_FOUND", err)
	}
	if err := decide(w.Who, engine.ChoiceSkip); err != nil {
		t.Fatal(err)
	}
	if got := w.publications(t)[0].State; got != workflow.PublicationSkipped {
		t.Errorf("got %s, want SKIPPED", got)
	}
	w.Sound(t)
}
