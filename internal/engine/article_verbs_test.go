package engine_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/testdb"
	"github.com/infin8content/engine/internal/testengine"
	"github.com/infin8content/engine/internal/workflow"
)

// shelf is a workflow with one article in some state.
type shelf struct {
	*testing.T
	testengine.Fixture
	planned testdb.Planned
	target  uuid.UUID
	written testdb.Written
	// unit is the unit as an attempt has it, or had it last.
	unit     workflow.Unit
	revision int
}

// verb acts on the article and returns how many articles it changed, when it counts them.
type verb struct {
	name string
	act  func(context.Context, shelf) (int, error)
}

// decided returns the verb that judges the article by name.
func decided(name string, verdict content.ArticleVerdict, feedback string) verb {
	return verb{name, func(ctx context.Context, s shelf) (int, error) {
		d, err := s.Engine.DecideArticles(ctx, s.Who, engine.DecideArticlesInput{
			WorkflowID: s.written.Flow.ID,
			Items: []engine.ArticleItemInput{{
				ArticleID: s.written.Article.ID, ExpectedRevision: s.revision, Verdict: verdict, Feedback: feedback,
			}},
		})
		return d.Affected, err
	}}
}

// decidedAll returns the verb that judges all articles by a filter.
func decidedAll(name string, verdict content.ArticleVerdict, feedback string) verb {
	return verb{name, func(ctx context.Context, s shelf) (int, error) {
		d, err := s.Engine.DecideArticles(ctx, s.Who, engine.DecideArticlesInput{
			WorkflowID: s.written.Flow.ID, Where: &engine.ArticleFilter{}, Verdict: verdict, Feedback: feedback,
		})
		return d.Affected, err
	}}
}

// section returns the verb that has a section written again, or its dry run.
func section(name string, dry bool) verb {
	return verb{name, func(ctx context.Context, s shelf) (int, error) {
		_, err := s.Engine.RegenerateSection(ctx, s.Who, engine.RegenerateSectionInput{
			ArticleID: s.written.Article.ID, ExpectedRevision: s.revision, Instruction: "Shorter.", DryRun: dry,
		})
		return 1, err
	}}
}

// articleVerbs are all verbs about an article, in the order of the columns: those of people and those of the worker
// that has the attempt, or had it.
func articleVerbs() []verb {
	one := func(name string, act func(context.Context, shelf) error) verb {
		return verb{name, func(ctx context.Context, s shelf) (int, error) { return 1, act(ctx, s) }}
	}
	return []verb{
		one("edit", func(ctx context.Context, s shelf) error {
			text := "A person's text."
			_, err := s.Engine.UpdateArticle(ctx, s.Who, engine.UpdateArticleInput{
				ArticleID: s.written.Article.ID, ExpectedRevision: s.revision, Markdown: &text,
			})
			return err
		}),
		decided("approve", content.ArticleApproved, ""),
		decided("reject", content.ArticleRejected, ""),
		decided("sendback", content.ArticleRejected, "Another feedback."),
		decidedAll("approve*", content.ArticleApproved, ""),
		decidedAll("sendback*", content.ArticleRejected, "Another feedback."),
		section("section", false),
		section("dry", true),
		one("retry", func(ctx context.Context, s shelf) error {
			_, err := s.Engine.RetryArticle(ctx, s.Who, engine.RetryArticleInput{ArticleID: s.written.Article.ID})
			return err
		}),
		one("skip", func(ctx context.Context, s shelf) error {
			_, err := s.Engine.SkipArticle(ctx, s.Who, engine.SkipArticleInput{
				ArticleID: s.written.Article.ID, Reason: "Not now.",
			})
			return err
		}),
		one("publish", func(ctx context.Context, s shelf) error {
			flow, err := s.Engine.Workflow(ctx, s.Who, s.written.Flow.ID)
			if err != nil {
				return err
			}
			_, err = s.Engine.ApprovePublishing(ctx, s.Who, engine.ApprovePublishingInput{
				WorkflowID:      flow.ID,
				ExpectedVersion: flow.Version,
				Articles:        []engine.ApprovedText{{ArticleID: s.written.Article.ID, ExpectedRevision: s.revision}},
				TargetIDs:       []uuid.UUID{s.target},
				Policy:          workflow.PublishNow,
			})
			return err
		}),
		one("plan", func(ctx context.Context, s shelf) error {
			_, err := s.Engine.DecideArticlePlans(ctx, s.Who, engine.DecideArticlePlansInput{
				WorkflowID: s.written.Flow.ID,
				Items:      []engine.PlanItemInput{{ArticleID: s.written.Article.ID, Choice: content.PlanApproved}},
			})
			return err
		}),
		one("reopen", func(ctx context.Context, s shelf) error {
			_, err := s.Engine.ReopenUnit(ctx, s.Who, engine.ReopenUnitInput{UnitID: s.written.Unit.ID, Reason: "Again."})
			return err
		}),
		one("leaveout", func(ctx context.Context, s shelf) error {
			_, err := s.Engine.SkipUnit(ctx, s.Who, engine.SkipUnitInput{UnitID: s.written.Unit.ID, Reason: "Not now."})
			return err
		}),
		one("beat", func(ctx context.Context, s shelf) error {
			return s.Engine.HeartbeatUnit(ctx, s.worker(), s.unit)
		}),
		one("finish", func(ctx context.Context, s shelf) error {
			return s.Engine.FinishArticle(ctx, s.worker(), engine.FinishArticleInput{
				Unit:    s.unit,
				Article: s.written.Article,
				Version: testdb.ArticleText(s.written.Article, content.AuthorEngine, s.Clock.Now()),
			})
		}),
		one("fail", func(ctx context.Context, s shelf) error {
			return s.Engine.FailUnit(ctx, s.worker(), engine.FailUnitInput{
				Unit: s.unit, Failure: workflow.FailureNoResult, Message: "A test.",
			})
		}),
	}
}

// worker is the one that has the attempt.
func (s shelf) worker() caller.Caller { return workerOf(s.Who, "writer") }

// plan makes a workflow whose plan is approved.
func (s *shelf) plan() {
	s.Helper()
	reviewed := testdb.Review(s.T, s.DB, s.Who)
	if err := testdb.Approve(s.Context(), s.DB.Store(), s.Who, reviewed, s.Who.Actor); err != nil {
		s.Fatal(err)
	}
	s.planned = testdb.Plan(s.T, s.DB, s.Who, testdb.Cluster(s.T, s.DB, s.Who, reviewed))
	testdb.DecidePlan(s.T, s.DB, s.Who, s.planned)
}

// parked has the article wait for its first attempt.
func (s *shelf) parked() {
	s.written = testdb.ParkArticles(s.T, s.DB, s.Who, s.planned, 1)[0]
	s.unit = s.written.Unit
}

// done has the article written.
func (s *shelf) done() {
	s.written = testdb.Write(s.T, s.DB, s.Who, s.planned)
	s.unit = s.written.Unit
}

// claimed has a worker begin an attempt.
func (s *shelf) claimed() {
	s.Helper()
	taken, err := s.Engine.ClaimUnit(s.Context(), s.worker(), s.written.Unit.ID)
	if err != nil || taken.Unit == nil {
		s.Fatalf("claim: got %+v, %v", taken, err)
	}
	s.unit = *taken.Unit
}

// The states of an article while its step runs.
func (s *shelf) running()   { s.parked(); s.claimed() }
func (s *shelf) failing()   { s.running(); s.do("fail") }
func (s *shelf) left()      { s.parked(); s.do("skip") }
func (s *shelf) approved()  { s.done(); s.do("approve") }
func (s *shelf) rejected()  { s.done(); s.do("reject") }
func (s *shelf) sentBack()  { s.done(); s.do("sendback") }
func (s *shelf) sectioned() { s.done(); s.do("section") }
func (s *shelf) rewriting() { s.sentBack(); s.claimed() }
func (s *shelf) unwritten() { s.rewriting(); s.do("fail") }
func (s *shelf) leftAfter() { s.sentBack(); s.do("skip") }

// again has the article wait in the next visit. The unit stays that of the visit before.
func (s *shelf) again() {
	before := s.unit
	s.planned.Flow = s.written.Flow
	s.parked()
	s.unit, s.written.Unit = before, before
}

// do lets a verb succeed.
func (s *shelf) do(names ...string) {
	s.Helper()
	for _, name := range names {
		for _, v := range articleVerbs() {
			if v.name != name {
				continue
			}
			if n, err := v.act(s.Context(), *s); err != nil || n != 1 {
				s.Fatalf("%s: changed %d, %v", name, n, err)
			}
		}
	}
}

// at moves the workflow.
func (s *shelf) at(state workflow.State) {
	s.written.Flow = testdb.Move(s.T, s.DB.Store(), s.Who, s.written.Flow, state)
}

// reset sends the workflow back from the gate PUBLISH.
func (s *shelf) reset(to workflow.StepKey) {
	s.Helper()
	moved, err := s.Engine.RejectPublishing(s.Context(), s.Who, engine.RejectGateInput{
		WorkflowID: s.written.Flow.ID, ResetTo: to, Feedback: "Again.",
	})
	if err != nil {
		s.Fatal(err)
	}
	s.written.Flow = moved.Workflow
}

// rows counts what a verb may write.
func (s *shelf) rows() string {
	s.Helper()
	var counts []string
	for _, table := range []string{
		"step_unit_events", "article_versions", "article_decisions", "workflow_transitions", "gate_decisions", "publications",
	} {
		counts = append(counts, fmt.Sprintf("%s %d", table, s.Count(s.T, `SELECT count(*) FROM `+table)))
	}
	return strings.Join(counts, ", ")
}

// outcome acts with a verb and returns the answer of the matrix.
func (s *shelf) outcome(v verb) (answer string, changed bool) {
	s.Helper()
	before := s.rows()
	n, err := v.act(s.Context(), *s)
	changed = s.rows() != before
	switch kind := fault.KindOf(err); {
	case kind != "":
		answer = map[fault.Kind]string{
			fault.Conflict: "C", fault.StaleState: "S", fault.TerminalState: "T", fault.NotFound: "N", fault.LostRun: "L",
			fault.RevisionConflict: "R",
		}[kind]
		if answer == "" {
			answer = string(kind)
		}
	case n == 0:
		answer = "0"
	default:
		answer = "+"
	}
	if changed && answer != "+" {
		answer += "!"
	}
	return answer, changed
}

// articleState is a state of an article, with the answers of all verbs in the order of articleVerbs.
type articleState struct {
	name  string
	setup func(*shelf)
	want  string
}

// The states of an article while its step runs or has failed. + is a change, 0 is none; C, S, T, N and L are CONFLICT,
// STALE_STATE, TERMINAL_STATE, NOT_FOUND and LOST_RUN; ! is a change in spite of the refusal.
func articleStates() []articleState {
	return []articleState{
		//                                  edit     reject  approve* section  retry publish reopen    beat   fail
		//                                    approve  sendback  sendback*  dry  skip   plan   leaveout  finish
		{"waits", (*shelf).parked, "             C C C C 0 0 C C C + S S C + L L L"},
		{"runs", (*shelf).running, "             C C C C 0 0 C C C C S S C C + + +"},
		{"has failed", (*shelf).failing, "       C C C C 0 0 C C + + S S + + L L L"},
		{"is left out", (*shelf).left, "         C C C C 0 0 C C + C S S + C L L L"},
		{"is written", (*shelf).done, "          + + + + + + + + C C S S + C L L L"},
		{"is approved", (*shelf).approved, "     + 0 + + 0 + + + C C S S + C L L L"},
		{"is rejected", (*shelf).rejected, "     + + 0 + + + + + C C S S + C L L L"},
		{"is sent back", (*shelf).sentBack, "    + C C 0 0 0 C C C + S S C + L L L"},
		{"gets a section", (*shelf).sectioned, " + C C C 0 0 C C C + S S C + L L L"},
		{"is rewritten", (*shelf).rewriting, "   + C C 0 0 0 C C C C S S C C + + +"},
		{"rewrite failed", (*shelf).unwritten, " + + + + + + + + + + S S + + L L L"},
		{"text left out", (*shelf).leftAfter, "  + + + + 0 0 + + + C S S + C L L L"},
		{"step failed", func(s *shelf) {
			s.failing()
			s.at(workflow.ArticleFailed)
		}, "C C C C 0 0 C C + + S S + + L L L"},
		{"step failed, written", func(s *shelf) {
			s.done()
			s.at(workflow.ArticleFailed)
		}, "+ + + + + + + + C C S S + C L L L"},
	}
}

// The states of an article at the gate PUBLISH and behind it, and after a RESET.
func laterArticleStates() []articleState {
	gate := func(setup func(*shelf), then ...func(*shelf)) func(*shelf) {
		return func(s *shelf) {
			setup(s)
			s.at(workflow.ArticleCompleted)
			for _, do := range then {
				do(s)
			}
		}
	}
	verbs := func(names ...string) func(*shelf) { return func(s *shelf) { s.do(names...) } }
	reset := func(to workflow.StepKey) func(*shelf) { return func(s *shelf) { s.reset(to) } }
	moved := func(to workflow.State) func(*shelf) { return func(s *shelf) { s.at(to) } }
	return []articleState{
		{"waits for publishing", gate((*shelf).done), "       + + + + + + + + C S + S + S L L L"},
		{"rejected", gate((*shelf).rejected), "               + + 0 + + + + + C S C S + S L L L"},
		{"sent back", gate((*shelf).done, verbs("sendback")), "+ C C 0 0 0 C C C S C S C S L L L"},
		{"rewritten", gate((*shelf).rewriting), "              + C C 0 0 0 C C C S C S C S L L L!"},
		{
			"rewritten at the gate", gate((*shelf).done, verbs("sendback"), (*shelf).claimed),
			"                                                 + C C 0 0 0 C C C S C S C S + + +",
		},
		{
			"rewrite failed", gate((*shelf).done, verbs("sendback"), (*shelf).claimed, verbs("fail")),
			"                                                 + + + + + + + + + S C S + S L L L",
		},
		{"left out", gate((*shelf).left), "                   C C C C 0 0 C C + S C S + S L L L"},
		{"published", gate((*shelf).done, verbs("publish")), "S S S S S S S S S S S S S S L L L"},
		{
			"published, runs", gate((*shelf).rewriting, moved(workflow.PublishPending)),
			"                                                 S S S S S S S S S S S S S S L L L!",
		},
		{"cancelled", gate((*shelf).done, moved(workflow.Cancelled)), "T T T T T T T T T T T T T T L L L"},
		{
			"cancelled, runs", gate((*shelf).done, verbs("sendback"), (*shelf).claimed, moved(workflow.Cancelled)),
			"                                                 T T T T T T T T T T T T T T L L L!",
		},
		{"reset", gate((*shelf).done, reset(workflow.StepArticle)), "S S S S S S S S S S S S S S L L L"},
		{
			"reset, runs", gate((*shelf).done, verbs("sendback"), (*shelf).claimed, reset(workflow.StepArticle)),
			"                                                 S S S S S S S S S S S S S S L L L!",
		},
		{"reset to the plan", gate((*shelf).done, reset(workflow.StepValidation)), "S S S S S S S S S S S S S S L L L"},
		// The article waits in a new visit. Its unit and its text are those of the visit before.
		{
			"begun again", gate((*shelf).done, reset(workflow.StepArticle), (*shelf).again),
			"                                                 C C C C 0 0 C C C + S S S S L L L",
		},
	}
}

// Each verb about an article answers in each state as it must, and a refusal changes nothing.
func TestArticleVerbs_InEachState(t *testing.T) {
	t.Parallel()
	for _, state := range append(articleStates(), laterArticleStates()...) {
		t.Run(state.name, func(t *testing.T) {
			t.Parallel()
			f := testengine.NewWith(t, func(o *engine.Options) { o.Drives = []workflow.StepKey{workflow.StepArticle} })
			testdb.Gates(t, f.DB, f.Who, false)
			target := testdb.PublishTarget(t, f.DB, f.Who).ID
			fresh := func() *shelf {
				s := &shelf{T: t, Fixture: f, revision: 1, target: target}
				s.plan()
				state.setup(s)
				return s
			}
			s, verbs, want := fresh(), articleVerbs(), strings.Fields(state.want)
			if len(verbs) != len(want) {
				t.Fatalf("got %d verbs and %d answers", len(verbs), len(want))
			}
			for i, v := range verbs {
				answer, changed := s.outcome(v)
				if answer != want[i] {
					t.Errorf("%s: got %s, want %s", v.name, answer, want[i])
				}
				if changed {
					s = fresh()
				}
			}
			f.Sound(t)
		})
	}
}
