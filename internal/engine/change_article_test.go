package engine_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// judgedText is a workflow in ARTICLE_PROCESSING with a written article and an engine.
type judgedText struct {
	bundle
	testdb.Written
}

func setupJudged(t *testing.T) judgedText {
	t.Helper()
	b := setup(t)
	reviewed := testdb.Review(t, b.DB, b.Who)
	testdb.Move(t, b.DB.Store(), b.Who, reviewed.Flow, workflow.SeedReviewCompleted)
	planned := testdb.Plan(t, b.DB, b.Who, testdb.Cluster(t, b.DB, b.Who, reviewed))
	testdb.DecidePlan(t, b.DB, b.Who, planned)
	return judgedText{b, testdb.Write(t, b.DB, b.Who, planned)}
}

// edit writes a text over a revision.
func (w judgedText) edit(t *testing.T, revision int, markdown string) (engine.ChangedArticle, error) {
	t.Helper()
	return w.Engine.UpdateArticle(t.Context(), w.Who, engine.UpdateArticleInput{
		ArticleID:        w.Written.Article.ID,
		ExpectedRevision: revision,
		Markdown:         &markdown,
		Reason:           "clearer",
	})
}

// decide decides about a revision.
func (w judgedText) decide(
	t *testing.T, revision int, verdict content.ArticleVerdict, feedback string,
) (engine.DecidedArticles, error) {
	t.Helper()
	return w.Engine.DecideArticles(t.Context(), w.Who, engine.DecideArticlesInput{
		WorkflowID: w.Written.Flow.ID,
		Items: []engine.ArticleItemInput{{
			ArticleID:        w.Written.Article.ID,
			ExpectedRevision: revision,
			Verdict:          verdict,
			Feedback:         feedback,
		}},
	})
}

// article reads the article.
func (w judgedText) article(t *testing.T) engine.Article {
	t.Helper()
	article, err := w.Engine.Article(t.Context(), w.Who, w.Written.Article.ID)
	if err != nil {
		t.Fatal(err)
	}
	return article
}

func TestUpdateArticle(t *testing.T) {
	t.Parallel()
	t.Run("ChecksAPersonsTextAgain", func(t *testing.T) {
		t.Parallel()
		w := setupJudged(t)
		banned := []string{"Game Changer"}
		if _, err := w.Engine.SetBrand(t.Context(), w.Who, engine.SetBrandInput{Banned: &banned}); err != nil {
			t.Fatal(err)
		}
		changed, err := w.edit(t, 1, "## Costs\r\n\r\nA game changer [E1][E7].\r\n")
		if err != nil {
			t.Fatal(err)
		}
		last := changed.Article.Last
		var codes []content.CheckCode
		for _, c := range last.Checks {
			codes = append(codes, c.Code)
		}
		if last.Revision != 2 || last.Author != content.AuthorPerson || *last.BasedOn != 1 || !last.NeedsReview ||
			last.BrandRevision == nil || *last.BrandRevision != 0 || last.Reason != "clearer" || last.Actor != w.Who.Actor ||
			!slices.Contains(codes, content.CheckBannedWord) || !slices.Contains(codes, content.CheckUnknownEvidence) {
			t.Errorf("got %+v", last)
		}
		texts, err := w.Engine.ArticleTexts(t.Context(), w.Who, map[uuid.UUID]int{w.Written.Article.ID: 2})
		if want := "## Costs\n\nA game changer [E1][E7].\n"; err != nil || texts[w.Written.Article.ID] != want {
			t.Errorf("got the text %q, %v, want %q", texts[w.Written.Article.ID], err, want)
		}
		if again, err := w.edit(t, 2, texts[w.Written.Article.ID]); err != nil || again.Article.Last.Revision != 2 {
			t.Errorf("the same text: got %+v, %v, want no new revision", again.Article.Last, err)
		}
	})
	t.Run("OneOfTwentyWritersWins", func(t *testing.T) {
		t.Parallel()
		w := setupJudged(t)
		errs := make([]error, 20)
		var all sync.WaitGroup
		for i := range errs {
			all.Go(func() { _, errs[i] = w.edit(t, 1, fmt.Sprintf("Text %d.", i)) })
		}
		all.Wait()
		won := 0
		for _, err := range errs {
			var conflict *engine.RevisionConflictError
			switch {
			case err == nil:
				won++
			case !errors.As(err, &conflict) || conflict.Current.Revision != 2 || conflict.Current.Actor != w.Who.Actor:
				t.Errorf("got %v, want REVISION_CONFLICT with revision 2", err)
			}
		}
		if won != 1 {
			t.Errorf("got %d winners, want 1", won)
		}
	})
	t.Run("RefusesBadTexts", func(t *testing.T) {
		t.Parallel()
		w := setupJudged(t)
		for name, text := range map[string]string{
			"empty":      " \n",
			"a title":    "# Title\n\nText.",
			"a NUL":      "a\x00b",
			"no UTF-8":   "a\xffb",
			"too long":   strings.Repeat("ä", content.MaxMarkdown/2),
			"only marks": "\r\n\r\n",
			"tangled":    strings.Repeat("[a](", 10_000),
		} {
			if _, err := w.edit(t, 1, text); fault.KindOf(err) != fault.InvalidInput {
				t.Errorf("%s: got %v, want INVALID_INPUT", name, err)
			}
		}
		testdb.Move(t, w.DB.Store(), w.Who, w.Written.Flow, workflow.Cancelled)
		if _, err := w.edit(t, 1, "Text."); fault.KindOf(err) != fault.TerminalState {
			t.Errorf("after the end: got %v, want TERMINAL_STATE", err)
		}
	})
}

func TestDecideArticles(t *testing.T) {
	t.Parallel()
	t.Run("SendsBackThreeTimes", func(t *testing.T) {
		t.Parallel()
		w := setupJudged(t)
		for i := range content.MaxRejections {
			feedback := fmt.Sprintf("Shorter, time %d.", i+1)
			if decided, err := w.decide(t, i+1, content.ArticleRejected, feedback); err != nil || decided.Affected != 1 {
				t.Fatalf("reject revision %d: got %+v, %v", i+1, decided, err)
			}
			if article := w.article(t); article.Unit.State != workflow.UnitPending {
				t.Fatalf("got the unit %s, want PENDING", article.Unit.State)
			}
			if _, err := w.decide(t, i+1, content.ArticleRejected, "Longer."); fault.KindOf(err) != fault.Conflict {
				t.Errorf("reject an open article: got %v, want CONFLICT", err)
			}
			again, err := w.decide(t, i+1, content.ArticleRejected, feedback)
			if err != nil || again.Affected != 0 {
				t.Errorf("reject it once more: got %+v, %v, want no change", again, err)
			}
			_, err = w.Engine.SkipArticle(t.Context(), w.Who, engine.SkipArticleInput{
				ArticleID: w.Written.Article.ID, Reason: "We write it ourselves.",
			})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := w.edit(t, i+1, fmt.Sprintf("Own text %d.", i)); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := w.decide(t, 4, content.ArticleRejected, "Again."); fault.KindOf(err) != fault.Conflict {
			t.Errorf("the fourth rejection: got %v, want CONFLICT", err)
		}
		if _, err := w.decide(t, 4, content.ArticleRejected, ""); err != nil {
			t.Errorf("a rejection that asks for nothing: %v", err)
		}
	})
	t.Run("UnseenFeedbackAsksForNoOtherText", func(t *testing.T) {
		t.Parallel()
		w := setupJudged(t)
		if _, err := w.edit(t, 1, "Own text."); err != nil {
			t.Fatal(err)
		}
		if _, err := w.decide(t, 2, content.ArticleRejected, "\u200b\u2060 \ufe0f"); err != nil {
			t.Fatal(err)
		}
		if article := w.article(t); article.Unit.State != workflow.UnitDone || article.Last.Revision != 2 {
			t.Errorf("got the unit %s at revision %d, want DONE at 2", article.Unit.State, article.Last.Revision)
		}
	})
	t.Run("IsAboutTheTextThatWasRead", func(t *testing.T) {
		t.Parallel()
		w := setupJudged(t)
		if _, err := w.edit(t, 1, "Own text."); err != nil {
			t.Fatal(err)
		}
		_, err := w.decide(t, 1, content.ArticleApproved, "")
		if fault.KindOf(err) != fault.RevisionConflict || fmt.Sprint(fault.FieldOf(err)) != "[items 0 expectedRevision]" {
			t.Errorf("got %v about %v, want REVISION_CONFLICT", err, fault.FieldOf(err))
		}
		review := true
		where := engine.DecideArticlesInput{
			WorkflowID: w.Written.Flow.ID,
			Where:      &engine.ArticleFilter{NeedsReview: &review},
			Verdict:    content.ArticleApproved,
		}
		if decided, err := w.Engine.DecideArticles(t.Context(), w.Who, where); err != nil || decided.Affected != 1 {
			t.Errorf("by a filter: got %+v, %v, want one article", decided, err)
		}
		decisions, err := w.Engine.ArticleDecisions(t.Context(), w.Who, []engine.Article{w.article(t)})
		if d := decisions[w.Written.Article.ID]; err != nil || d.Verdict != content.ArticleApproved || d.Revision != 2 {
			t.Errorf("got %+v, %v, want revision 2 approved", d, err)
		}
		where.Items = []engine.ArticleItemInput{{}}
		if _, err := w.Engine.DecideArticles(t.Context(), w.Who, where); fault.KindOf(err) != fault.InvalidInput {
			t.Errorf("items and a filter: got %v, want INVALID_INPUT", err)
		}
	})
}

func TestRetryArticle_OpensWhatWasLeftOut(t *testing.T) {
	t.Parallel()
	w := setupJudged(t)
	retry := engine.RetryArticleInput{ArticleID: w.Written.Article.ID, IdempotencyKey: "r-1"}
	if _, err := w.Engine.RetryArticle(t.Context(), w.Who, retry); fault.KindOf(err) != fault.Conflict {
		t.Errorf("a written article: got %v, want CONFLICT", err)
	}
	if _, err := w.decide(t, 1, content.ArticleRejected, "Shorter."); err != nil {
		t.Fatal(err)
	}
	skip := engine.SkipArticleInput{ArticleID: w.Written.Article.ID}
	if _, err := w.Engine.SkipArticle(t.Context(), w.Who, skip); fault.KindOf(err) != fault.InvalidInput {
		t.Errorf("without a reason: got %v, want INVALID_INPUT", err)
	}
	skip.Reason = "Not now."
	if skipped, err := w.Engine.SkipArticle(t.Context(), w.Who, skip); err != nil ||
		skipped.Article.Unit.State != workflow.UnitSkipped {
		t.Fatalf("skip: got %+v, %v", skipped.Article.Unit, err)
	}
	for _, replayed := range []bool{false, true} {
		retried, err := w.Engine.RetryArticle(t.Context(), w.Who, retry)
		if err != nil || retried.Replayed != replayed || retried.Article.Unit.State != workflow.UnitPending {
			t.Errorf("got %+v, %v, want an open article, replayed %t", retried.Article.Unit, err, replayed)
		}
	}
}
