package engine_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/workflow"
)

// setupTwoPeople writes two articles of a plan that carol approved. The gate PUBLISH has four eyes.
func setupTwoPeople(t *testing.T) written {
	t.Helper()
	w := setupPlanned(t, 2)
	for i := range w.texts {
		w.planned.Plan.Items[i].Plan.Choice = content.PlanApproved
	}
	selection := w.planned.Plan.Selection()
	moved, err := w.Engine.ApproveArticlePlan(t.Context(), w.as("carol"), engine.ApproveArticlePlanInput{
		WorkflowID:      w.planned.Flow.ID,
		ExpectedVersion: w.planned.Flow.Version,
		Digest:          selection.Digest[:],
	})
	if err != nil {
		t.Fatal(err)
	}
	w.planned.Flow = moved.Workflow
	w.write(t)
	yes, human := true, workflow.GateHuman
	if _, err := w.Engine.SetGates(t.Context(), w.Who, engine.SetGatesInput{Publish: &human, FourEyes: &yes}); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w written) as(actor string) caller.Caller {
	who := w.Who
	who.Actor = actor
	return who
}

// rewrite lets a person have the first section of a text written again, and the engine write it.
func (w *written) rewrite(t *testing.T, who caller.Caller, i int) {
	t.Helper()
	w.Clock.Advance(time.Millisecond)
	first, text := 0, &w.texts[i]
	decided, err := w.DB.Store().DecideArticles(t.Context(), who, []content.ArticleDecision{{
		ArticleID: text.ArticleID,
		Revision:  text.ExpectedRevision,
		Verdict:   content.RewriteSection,
		Section:   &first,
		Feedback:  "Shorter.",
	}}, w.Clock.Now())
	if err != nil || decided != 1 {
		t.Fatalf("have a section written again: got %d, %v", decided, err)
	}
	w.next(t, w.as("worker"), i, content.AuthorEngine)
}

// next writes the next version of a text, without findings.
func (w *written) next(t *testing.T, who caller.Caller, i int, author content.AuthorKind) {
	t.Helper()
	text := &w.texts[i]
	article, err := w.Engine.Article(t.Context(), w.Who, text.ArticleID)
	if err != nil {
		t.Fatal(err)
	}
	next := testdb.ArticleText(content.Article{
		WorkflowID: w.flow.ID, ID: text.ArticleID, Visit: article.Last.Visit,
	}, author, w.Clock.Now())
	next.BasedOn = &text.ExpectedRevision
	written, there, err := w.DB.Store().AddArticleVersion(t.Context(), who, next)
	if err != nil || !there {
		t.Fatalf("write the next version: written %t, %v", there, err)
	}
	text.ExpectedRevision = written.Revision
}

// The last person who changed one of the approved texts does not approve them, whatever a colleague changed before. The
// person who approved the plan is the other one only while the engine wrote all of them.
func TestApprovePublishing_NeedsAnotherThanTheLastEditor(t *testing.T) {
	t.Parallel()
	edit := func(t *testing.T, w *written, i int) { // by bob
		t.Helper()
		w.Clock.Advance(time.Millisecond)
		if err := w.edit(t.Context(), w.texts[i], "A text of bob."); err != nil {
			t.Fatal(err)
		}
		w.texts[i].ExpectedRevision++
	}
	for name, c := range map[string]struct {
		change          func(*testing.T, *written)
		refused, passes string
	}{
		"TheEngineWroteAll": {func(*testing.T, *written) {}, "carol", "bob"},
		"AnEditor":          {func(t *testing.T, w *written) { edit(t, w, 1) }, "bob", "carol"},
		"AnEditorOfAnotherArticle": {func(t *testing.T, w *written) {
			edit(t, w, 1)
			w.texts = w.texts[:1]
		}, "carol", "bob"},
		"APersonWithAnInstruction": {func(t *testing.T, w *written) { w.rewrite(t, w.as("dave"), 0) }, "dave", "carol"},
		"AnEditorAfterAnInstruction": {func(t *testing.T, w *written) {
			w.rewrite(t, w.as("dave"), 0)
			edit(t, w, 1)
		}, "bob", "dave"},
		"AnInstructionAfterAnEdit": {func(t *testing.T, w *written) {
			edit(t, w, 0)
			w.rewrite(t, w.as("dave"), 0)
		}, "dave", "bob"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := setupTwoPeople(t)
			c.change(t, &w)
			_, err := w.Engine.ApprovePublishing(t.Context(), w.as(c.refused), w.input())
			if fault.KindOf(err) != fault.FourEyes {
				t.Errorf("%s: got %v, want FOUR_EYES", c.refused, err)
			}
			if _, err := w.Engine.ApprovePublishing(t.Context(), w.as(c.passes), w.input()); err != nil {
				t.Fatalf("%s: %v", c.passes, err)
			}
			decided, err := w.DB.Store().GateDecisions(t.Context(), w.Who, []uuid.UUID{w.flow.ID})
			if err != nil || decided[w.flow.ID][0].PreparedBy != c.refused {
				t.Errorf("got %+v, %v, want a decision that %s prepared", decided, err, c.refused)
			}
			if !strings.Contains(name, "Instruction") { // The text of an instruction has no attempt in this test.
				w.Sound(t)
			}
		})
	}
}

// The autopilot approves what a person wrote, and the decision names that person.
func TestAutopilot_PublishesWhatAPersonWrote(t *testing.T) {
	t.Parallel()
	w := setupWritten(t)
	w.next(t, w.as("bob"), 0, content.AuthorPerson)
	auto := workflow.GateAuto
	if _, err := w.Engine.SetGates(t.Context(), w.Who, engine.SetGatesInput{Publish: &auto}); err != nil {
		t.Fatal(err)
	}
	_, err := w.Engine.Autopilot(t.Context(), w.Who.OrganizationID, w.flow.ID)
	if err != nil {
		t.Fatal(err)
	}
	decided, err := w.DB.Store().GateDecisions(t.Context(), w.Who, []uuid.UUID{w.flow.ID})
	if err != nil || len(decided[w.flow.ID]) == 0 || decided[w.flow.ID][0].PreparedBy != "bob" {
		t.Errorf("got %+v, %v, want a decision that bob prepared", decided, err)
	}
	w.Sound(t)
}
