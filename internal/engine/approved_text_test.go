package engine_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
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

// edit lets a colleague write a text over a revision of an article.
func (w written) edit(ctx context.Context, text engine.ApprovedText, markdown string) error {
	colleague := w.Who
	colleague.Actor = "bob"
	_, err := w.Engine.UpdateArticle(ctx, colleague, engine.UpdateArticleInput{
		ArticleID: text.ArticleID, ExpectedRevision: text.ExpectedRevision, Markdown: &markdown,
	})
	return err
}

// published returns the revision of each publication, in the order of the texts.
func (w written) published(t *testing.T) []int {
	t.Helper()
	var all []int
	for _, text := range w.texts {
		for _, p := range w.publications(t) {
			if p.ArticleID == text.ArticleID {
				all = append(all, p.Revision)
			}
		}
	}
	return all
}

// An approval counts for the texts that the approver has read: the error names each text that is another one now, and
// its author. A colleague's approval of the present texts counts, and the decision records their revisions.
func TestApprovePublishing_IsAboutTheTextsThatWereRead(t *testing.T) {
	t.Parallel()
	w := setupTexts(t, 2)
	for _, c := range []struct {
		edit int
		want []string
	}{
		{1, []string{"[articles 1 expectedRevision]"}},
		{0, []string{"[articles 0 expectedRevision]", "[articles 1 expectedRevision]"}},
	} {
		if err := w.edit(t.Context(), w.texts[c.edit], "A text that the approver has not read."); err != nil {
			t.Fatal(err)
		}
		_, err := w.Engine.ApprovePublishing(t.Context(), w.Who, w.input())
		var changed *engine.RevisionConflictsError
		if !errors.As(err, &changed) || fault.KindOf(err) != fault.RevisionConflict {
			t.Fatalf("got %v, want REVISION_CONFLICT", err)
		}
		var fields []string
		for _, conflict := range changed.Conflicts {
			fields = append(fields, fmt.Sprint(conflict.Field()))
			if v := conflict.Current; v.Revision != 2 || v.Actor != "bob" || v.Author != content.AuthorPerson {
				t.Errorf("got revision %d by %s, want revision 2 by bob", v.Revision, v.Actor)
			}
		}
		if !slices.Equal(fields, c.want) {
			t.Errorf("got conflicts at %v, want %v", fields, c.want)
		}
	}
	flow, err := w.Engine.Workflow(t.Context(), w.Who, w.flow.ID)
	if err != nil || flow.Version != w.flow.Version || len(w.published(t)) != 0 {
		t.Fatalf("got version %d and %v published, %v, want nothing changed", flow.Version, w.published(t), err)
	}
	w.texts[0].ExpectedRevision, w.texts[1].ExpectedRevision = 2, 2
	moved, err := w.Engine.ApprovePublishing(t.Context(), w.Who, w.input())
	if err != nil {
		t.Fatal(err)
	}
	if got := w.published(t); !slices.Equal(got, []int{2, 2}) {
		t.Errorf("got the revisions %v, want 2 and 2", got)
	}
	decided, err := w.DB.Store().GateDecisions(t.Context(), w.Who, []uuid.UUID{w.flow.ID})
	if err != nil || decided[w.flow.ID][0].Version != moved.Transition.Version {
		t.Fatalf("read the decision: got %+v, %v", decided, err)
	}
	var items []content.PublishItem
	for _, text := range w.texts {
		items = append(items, content.PublishItem{
			ArticleID: text.ArticleID, TargetID: w.target.ID, Revision: text.ExpectedRevision,
		})
	}
	want := content.PublishSelectionOf(items)
	if got := decided[w.flow.ID][0]; !slices.Equal(got.SelectionDigest, want.Digest[:]) || got.Selected != 2 {
		t.Errorf("got the digest %x over %d, want that of both revisions, %x", got.SelectionDigest, got.Selected, want.Digest)
	}
	w.Sound(t)
}

// What the sites get stays what was approved: after the decision no text changes, and the publications keep their
// revision.
func TestApprovePublishing_StaysWithTheApprovedText(t *testing.T) {
	t.Parallel()
	w := setupWritten(t)
	if _, err := w.Engine.ApprovePublishing(t.Context(), w.Who, w.input()); err != nil {
		t.Fatal(err)
	}
	if err := w.edit(t.Context(), w.texts[0], "Too late."); fault.KindOf(err) != fault.StaleState {
		t.Errorf("an edit: got %v, want STALE_STATE", err)
	}
	failed := w.fail(t)
	w.flow = testdb.Move(t, w.DB.Store(), w.Who, failed, workflow.ArticlePending)
	w.planned.Flow = w.flow
	w.write(t)
	if got := w.published(t); !slices.Equal(got, []int{1}) {
		t.Errorf("after a RESET with another text: got revision %v, want 1", got)
	}
	in := w.input()
	in.Articles[0].ExpectedRevision = 1
	if _, err := w.Engine.ApprovePublishing(t.Context(), w.Who, in); fault.KindOf(err) != fault.RevisionConflict {
		t.Errorf("the earlier text: got %v, want REVISION_CONFLICT", err)
	}
	if _, err := w.Engine.ApprovePublishing(t.Context(), w.Who, w.input()); err != nil {
		t.Fatal(err)
	}
	if got := w.published(t); !slices.Equal(got, []int{2}) {
		t.Errorf("approved again: got revision %v, want 2", got)
	}
	w.Sound(t)
}

// A rejected article that the engine writes again while an approver reads goes to no site: it is open first, and then
// it has another text.
func TestApprovePublishing_RefusesTheRewriteOfARejectedArticle(t *testing.T) {
	t.Parallel()
	w := setupWritten(t)
	_, err := w.Engine.DecideArticles(t.Context(), w.Who, engine.DecideArticlesInput{
		WorkflowID: w.flow.ID,
		Items: []engine.ArticleItemInput{{
			ArticleID: w.article, ExpectedRevision: 1, Verdict: content.ArticleRejected, Feedback: "Shorter.",
		}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Engine.ApprovePublishing(t.Context(), w.Who, w.input()); fault.KindOf(err) != fault.Conflict {
		t.Errorf("while it is written: got %v, want CONFLICT", err)
	}
	article, err := w.Engine.Article(t.Context(), w.Who, w.article)
	if err != nil {
		t.Fatal(err)
	}
	worker := workerOf(w.Who, "writer")
	taken, err := w.Engine.ClaimUnit(t.Context(), worker, article.Unit.ID)
	if err != nil || taken.Unit == nil {
		t.Fatalf("claim: got %+v, %v", taken, err)
	}
	err = w.Engine.FinishArticle(t.Context(), worker, engine.FinishArticleInput{
		Unit:    *taken.Unit,
		Article: article.Article,
		Version: testdb.ArticleText(article.Article, content.AuthorEngine, w.Clock.Now()),
	})
	if err != nil {
		t.Fatal(err)
	}
	flow, err := w.Engine.Workflow(t.Context(), w.Who, w.flow.ID)
	if err != nil || flow.Version != w.flow.Version {
		t.Fatalf("got version %d, %v, want %d still", flow.Version, err, w.flow.Version)
	}
	if _, err := w.Engine.ApprovePublishing(t.Context(), w.Who, w.input()); fault.KindOf(err) != fault.RevisionConflict {
		t.Errorf("the rewrite: got %v, want REVISION_CONFLICT", err)
	}
	if got := w.published(t); len(got) != 0 {
		t.Errorf("got the revisions %v, want none published", got)
	}
	w.Sound(t)
}

// Ten people edit a text while ten others approve it. Either the first approval wins and no text changes, or an edit
// wins and no approval of the text before counts.
func TestApprovePublishing_RacesWithEdits(t *testing.T) {
	t.Parallel()
	for round := range 6 {
		t.Run(fmt.Sprint(round), func(t *testing.T) {
			t.Parallel()
			w := setupWritten(t)
			var approved, edited [10]error
			var all sync.WaitGroup
			ready := make(chan struct{})
			for i := range 10 {
				all.Go(func() {
					<-ready
					who := caller.Caller{
						OrganizationID: w.Who.OrganizationID, Actor: fmt.Sprintf("approver %d", i), Role: caller.Operator,
					}
					_, approved[i] = w.Engine.ApprovePublishing(t.Context(), who, w.input())
				})
				all.Go(func() {
					<-ready
					edited[i] = w.edit(t.Context(), w.texts[0], fmt.Sprintf("Text %d of a colleague.", i))
				})
			}
			close(ready)
			all.Wait()
			approvals := won(t, "approve", approved[:], fault.StaleState, fault.RevisionConflict)
			edits := won(t, "edit", edited[:], fault.StaleState, fault.RevisionConflict)
			if approvals+edits != 1 {
				t.Errorf("got %d approvals and %d edits of revision 1, want one winner", approvals, edits)
			}
			if got := w.published(t); approvals == 1 && !slices.Equal(got, []int{1}) || approvals == 0 && len(got) != 0 {
				t.Errorf("got the revisions %v after %d approvals of revision 1", got, approvals)
			}
			w.Sound(t)
		})
	}
}

// won counts the callers without an error. The others must have an error of one of the kinds.
func won(t *testing.T, what string, errs []error, kinds ...fault.Kind) (n int) {
	t.Helper()
	for _, err := range errs {
		if err == nil {
			n++
		} else if !slices.Contains(kinds, fault.KindOf(err)) {
			t.Errorf("%s: got %v, want one of %v", what, err, kinds)
		}
	}
	return n
}

// A person writes a text while the autopilot's approval waits for the workflow. The autopilot reads again, and
// publishes that text.
func TestAutopilot_ReadsAgainAfterAConflict(t *testing.T) {
	t.Parallel()
	w := setupWritten(t)
	auto := workflow.GateAuto
	if _, err := w.Engine.SetGates(t.Context(), w.Who, engine.SetGatesInput{Publish: &auto}); err != nil {
		t.Fatal(err)
	}
	article, err := w.Engine.Article(t.Context(), w.Who, w.article)
	if err != nil {
		t.Fatal(err)
	}
	text := testdb.ArticleText(article.Article, content.AuthorPerson, testdb.Now())
	text.BasedOn = &article.Last.Revision
	ended := make(chan error, 1)
	err = w.DB.Store().InTx(t.Context(), func(tx *postgres.Store) error {
		if _, _, err := tx.LockWorkflow(t.Context(), w.Who, w.flow.ID); err != nil {
			return err
		}
		go func() {
			_, err := w.Engine.Autopilot(t.Context(), w.Who.OrganizationID, w.flow.ID)
			ended <- err
		}()
		testdb.AwaitBlocked(t, w.DB, 1)
		_, _, err := tx.AddArticleVersion(t.Context(), w.Who, text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	if got := w.published(t); !slices.Equal(got, []int{2}) {
		t.Errorf("got the revisions %v, want revision 2", got)
	}
	w.Sound(t)
}

// A planned article exists, but has no text to publish. One of another workflow does not exist for this one.
func TestApprovePublishing_NamesWhatIsWrongWithAnArticle(t *testing.T) {
	t.Parallel()
	w := setupWritten(t)
	reviewed := testdb.Review(t, w.DB, w.Who)
	if err := testdb.Approve(t.Context(), w.DB.Store(), w.Who, reviewed, w.Who.Actor); err != nil {
		t.Fatal(err)
	}
	other := testdb.Plan(t, w.DB, w.Who, testdb.Cluster(t, w.DB, w.Who, reviewed))
	written := w.texts[0].ArticleID
	planned := slices.IndexFunc(w.planned.Plan.Items, func(i content.PlanItem) bool { return i.Page.ID != written })
	for name, c := range map[string]struct {
		article uuid.UUID
		want    fault.Kind
	}{
		"Planned":           {w.planned.Plan.Items[planned].Page.ID, fault.Conflict},
		"OfAnotherWorkflow": {other.Plan.Items[0].Page.ID, fault.NotFound},
		"Unknown":           {uuid.New(), fault.NotFound},
	} {
		in := w.input()
		in.Articles[0].ArticleID = c.article
		_, err := w.Engine.ApprovePublishing(t.Context(), w.Who, in)
		if fault.KindOf(err) != c.want {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
}
