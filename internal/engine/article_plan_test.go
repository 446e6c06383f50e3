package engine_test

import (
	"context"
	"fmt"
	"slices"
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

// planned is a workflow at the gate PLAN with an engine.
type planned struct {
	bundle
	testdb.Planned
}

func setupPlan(t *testing.T, fourEyes bool) planned {
	t.Helper()
	b := setup(t)
	reviewed := testdb.Review(t, b.DB, b.Who)
	testdb.Move(t, b.DB.Store(), b.Who, reviewed.Flow, workflow.SeedReviewCompleted)
	p := planned{b, testdb.Plan(t, b.DB, b.Who, testdb.Cluster(t, b.DB, b.Who, reviewed))}
	human := workflow.GateHuman
	_, err := b.Engine.SetGates(context.Background(), b.Who, engine.SetGatesInput{Plan: &human, FourEyes: &fourEyes})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func (p planned) plan(t *testing.T) content.Plan {
	t.Helper()
	plans, err := p.Engine.Plans(context.Background(), p.Who, []uuid.UUID{p.Planned.Flow.ID})
	if err != nil {
		t.Fatal(err)
	}
	return plans[p.Planned.Flow.ID]
}

func (p planned) decide(items ...engine.PlanItemInput) (engine.Planned, error) {
	return p.Engine.DecideArticlePlans(context.Background(), p.Who, engine.DecideArticlePlansInput{
		WorkflowID: p.Planned.Flow.ID, Items: items,
	})
}

func (p planned) approve(who caller.Caller, seen content.Selection) (engine.Moved, error) {
	return p.Engine.ApproveArticlePlan(context.Background(), who, engine.ApproveArticlePlanInput{
		WorkflowID: p.Planned.Flow.ID, ExpectedVersion: p.Planned.Flow.Version, Digest: seen.Digest[:],
	})
}

func (p planned) article(i int) uuid.UUID { return p.Plan.Items[i].Page.ID }

func TestDecideArticlePlans(t *testing.T) {
	t.Parallel()
	title := func(text string) *content.BriefEdit { return &content.BriefEdit{Title: &text} }
	t.Run("MovesAnApprovalToTheNewRevision", func(t *testing.T) {
		t.Parallel()
		p := setupPlan(t, false)
		first, err := p.decide(engine.PlanItemInput{ArticleID: p.article(0), Choice: content.PlanApproved})
		if err != nil || first.Affected != 1 || first.Selection.Count != 1 {
			t.Fatalf("approve: got %+v, %v", first, err)
		}
		again, err := p.decide(engine.PlanItemInput{ArticleID: p.article(0), Choice: content.PlanApproved})
		if err != nil || again.Affected != 0 || again.Selection != first.Selection {
			t.Errorf("approve again: got %+v, %v, want no change", again, err)
		}
		editor := p
		editor.Who.Actor = "bob"
		edited, err := editor.decide(engine.PlanItemInput{ArticleID: p.article(0), Brief: title("Another title")})
		if err != nil || edited.Selection.Count != 1 || edited.Selection == first.Selection {
			t.Fatalf("edit: got %+v, %v, want the new revision to be approved", edited, err)
		}
		item, _ := p.plan(t).Item(p.article(0))
		if item.Plan.Revision != 2 || item.Plan.DecidedBy != "bob" || item.Plan.Author != content.AuthorPerson {
			t.Errorf("got %+v, want revision 2, approved by its editor", item.Plan)
		}
		if _, err := p.approve(p.Who, first.Selection); fault.KindOf(err) != fault.StaleState {
			t.Errorf("approve the old plan: got %v, want STALE_STATE", err)
		}
	})
	t.Run("RefusesABadBrief", func(t *testing.T) {
		t.Parallel()
		p := setupPlan(t, false)
		words := 5
		_, err := p.decide(engine.PlanItemInput{ArticleID: p.article(0), Brief: &content.BriefEdit{TargetWords: &words}})
		if got := fmt.Sprint(fault.FieldOf(err)); fault.KindOf(err) != fault.InvalidInput ||
			got != "[items 0 brief targetWords]" {
			t.Errorf("got %v at %s", err, got)
		}
		_, err = p.decide(engine.PlanItemInput{ArticleID: uuid.New(), Choice: content.PlanApproved})
		if fault.KindOf(err) != fault.NotFound {
			t.Errorf("got %v, want NOT_FOUND", err)
		}
	})
	t.Run("DecidesByAFilter", func(t *testing.T) {
		t.Parallel()
		p := setupPlan(t, false)
		all, err := p.Engine.DecideArticlePlans(context.Background(), p.Who, engine.DecideArticlePlansInput{
			WorkflowID: p.Planned.Flow.ID,
			Where:      &content.PlanFilter{Verdicts: []content.Verdict{content.VerdictValid, content.VerdictWeak}},
			Choice:     content.PlanRejected,
		})
		if err != nil || all.Affected != len(p.Plan.Items) || all.Selection.Count != 0 {
			t.Errorf("got %+v, %v, want all %d rejected", all, err, len(p.Plan.Items))
		}
		if _, err := p.approve(p.Who, p.plan(t).Selection()); fault.KindOf(err) != fault.NothingApproved {
			t.Errorf("got %v, want NOTHING_APPROVED", err)
		}
	})
}

func TestApproveArticlePlan(t *testing.T) {
	t.Parallel()
	t.Run("OneOfTwentyReviewersWins", func(t *testing.T) {
		t.Parallel()
		p := setupPlan(t, false)
		decided, err := p.decide(engine.PlanItemInput{ArticleID: p.article(0), Choice: content.PlanApproved})
		if err != nil {
			t.Fatal(err)
		}
		var won, stale atomic.Int32
		var group sync.WaitGroup
		for i := range 20 {
			group.Go(func() {
				who := p.Who
				who.Actor = fmt.Sprintf("reviewer %d", i)
				switch _, err := p.approve(who, decided.Selection); {
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
		if won.Load() != 1 || stale.Load() != 19 {
			t.Errorf("got %d approvals and %d refusals, want 1 and 19", won.Load(), stale.Load())
		}
		if got := p.state(t, p.Planned.Flow.ID); got != workflow.ArticlePending {
			t.Errorf("got %s, want %s", got, workflow.ArticlePending)
		}
	})
	t.Run("AsksForASecondPerson", func(t *testing.T) {
		t.Parallel()
		p := setupPlan(t, true)
		decided, err := p.decide(engine.PlanItemInput{ArticleID: p.article(0), Choice: content.PlanApproved})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.approve(p.Who, decided.Selection); fault.KindOf(err) != fault.FourEyes {
			t.Errorf("the preparer: got %v, want FOUR_EYES", err)
		}
		second := p.Who
		second.Actor = "bob"
		if _, err := p.approve(second, decided.Selection); err != nil {
			t.Errorf("the second person: %v", err)
		}
	})
	t.Run("KeepsTheGateClosed", func(t *testing.T) {
		t.Parallel()
		p := setupPlan(t, false)
		_, err := p.Engine.Transition(context.Background(), p.Who, engine.TransitionInput{
			WorkflowID: p.Planned.Flow.ID, From: workflow.ValidationCompleted, To: workflow.ArticlePending,
		})
		if fault.KindOf(err) != fault.GateClosed {
			t.Errorf("got %v, want GATE_CLOSED", err)
		}
	})
}

// The database compares a decision with the selection, whatever program writes it.
func TestApproveArticlePlan_TheDatabaseComparesTheSelection(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*postgres.GateDecision){
		"Digest": func(d *postgres.GateDecision) { d.SelectionDigest = make([]byte, 32) },
		"Number": func(d *postgres.GateDecision) { d.Selected = 2 },
		"Actor":  func(d *postgres.GateDecision) { d.PreparedBy = "carol" },
		"Right":  func(*postgres.GateDecision) {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, ctx := setupPlan(t, false), context.Background()
			decided, err := p.decide(engine.PlanItemInput{ArticleID: p.article(0), Choice: content.PlanApproved})
			if err != nil {
				t.Fatal(err)
			}
			err = p.DB.Store().InTx(ctx, func(tx *postgres.Store) error {
				at := testdb.Now()
				flow, _, _, err := tx.Transition(ctx, p.Who, postgres.Move{
					WorkflowID: p.Planned.Flow.ID,
					From:       workflow.ValidationCompleted,
					To:         workflow.ArticlePending,
					Kind:       workflow.Advance,
					At:         at,
				})
				if err != nil {
					return err
				}
				version := 0
				decision := postgres.GateDecision{
					WorkflowID:      p.Planned.Flow.ID,
					Version:         flow.Version,
					Gate:            workflow.GatePlan,
					Verdict:         workflow.GateApproved,
					SelectionDigest: decided.Selection.Digest[:],
					Selected:        1,
					SettingsVersion: &version,
					PreparedBy:      p.Who.Actor,
					At:              at,
				}
				change(&decision)
				_, err = tx.WriteGateDecision(ctx, p.Who, decision)
				return err
			})
			if (err == nil) != (name == "Right") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestRejectArticlePlan_GoesBackWithTheFeedback(t *testing.T) {
	t.Parallel()
	for _, step := range []workflow.StepKey{
		workflow.StepICP, workflow.StepCompetitor, workflow.StepSeedReview, workflow.StepClustering,
		workflow.StepValidation,
	} {
		t.Run(string(step), func(t *testing.T) {
			t.Parallel()
			p := setupPlan(t, true)
			moved, err := p.Engine.RejectArticlePlan(context.Background(), p.Who, engine.RejectGateInput{
				WorkflowID: p.Planned.Flow.ID, ResetTo: step, Feedback: "Fewer comparisons.",
			})
			if err != nil || string(moved.Workflow.State) != string(step)+"_PENDING" {
				t.Fatalf("got %+v, %v", moved.Workflow, err)
			}
			if got := p.plan(t); len(got.Items) != 0 {
				t.Errorf("got %d current articles after the reset, want none", len(got.Items))
			}
		})
	}
	p := setupPlan(t, false)
	_, err := p.Engine.RejectArticlePlan(context.Background(), p.Who, engine.RejectGateInput{
		WorkflowID: p.Planned.Flow.ID, ResetTo: workflow.StepArticle,
	})
	if fault.KindOf(err) != fault.InvalidInput {
		t.Errorf("got %v, want INVALID_INPUT", err)
	}
}

func TestAttachKeyword(t *testing.T) {
	t.Parallel()
	p := setupPlan(t, false)
	ctx := context.Background()
	clusterings, err := p.Engine.Clusterings(ctx, p.Who, []uuid.UUID{p.Planned.Flow.ID})
	if err != nil {
		t.Fatal(err)
	}
	alone := clusterings[p.Planned.Flow.ID].Unclustered()
	attach := func(keyword uuid.UUID, article *uuid.UUID) (engine.Attached, error) {
		return p.Engine.AttachKeyword(ctx, p.Who, engine.AttachKeywordInput{
			WorkflowID: p.Planned.Flow.ID, KeywordID: keyword, ArticleID: article,
		})
	}
	first := p.article(0)
	if got, err := attach(alone[0].ID, &first); err != nil || got.ArticleID != first {
		t.Fatalf("attach to a page: got %+v, %v", got, err)
	}
	item, _ := p.plan(t).Item(first)
	if !slices.Contains(item.Plan.Brief.SecondaryKeywords, alone[0].Text) || item.Plan.Revision != 2 {
		t.Errorf("got %+v, want the keyword in a new revision", item.Plan)
	}
	own, err := attach(alone[1].ID, nil)
	if err != nil {
		t.Fatal(err)
	}
	approved := engine.PlanItemInput{ArticleID: own.ArticleID, Choice: content.PlanApproved}
	if _, err := p.decide(approved); fault.KindOf(err) != fault.InvalidInput {
		t.Errorf("approve without a brief: got %v, want INVALID_INPUT", err)
	}
	title := "An article of its own"
	approved.Brief = &content.BriefEdit{Title: &title}
	if got, err := p.decide(approved); err != nil || got.Selection.Count != 1 {
		t.Errorf("approve with a brief: got %+v, %v", got, err)
	}
	for _, k := range clusterings[p.Planned.Flow.ID].Keywords {
		if k.IsUnclustered() {
			continue
		}
		if _, err := attach(k.ID, nil); fault.KindOf(err) != fault.NotFound {
			t.Errorf("attach %q, which has a place: got %v, want NOT_FOUND", k.Text, err)
		}
	}
}

func TestAutopilot(t *testing.T) {
	t.Parallel()
	t.Run("ApprovesKeywordsAndThePlan", func(t *testing.T) {
		t.Parallel()
		p, ctx := setupPlan(t, false), context.Background()
		auto := workflow.GateAuto
		if got, err := p.Engine.Autopilot(ctx, p.Who.OrganizationID, p.Planned.Flow.ID); err != nil || got {
			t.Errorf("at a gate for people: got %t, %v, want no decision", got, err)
		}
		_, err := p.Engine.SetGates(ctx, p.Who, engine.SetGatesInput{Seeds: &auto, Plan: &auto})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := p.Engine.Autopilot(ctx, p.Who.OrganizationID, p.Planned.Flow.ID); err != nil || !got {
			t.Fatalf("the plan: got %t, %v, want a decision", got, err)
		}
		decisions, err := p.Engine.GateDecisions(ctx, p.Who, []uuid.UUID{p.Planned.Flow.ID})
		if last := decisions[p.Planned.Flow.ID][0]; err != nil || last.DecidedBy != "autopilot" || last.Selected == 0 {
			t.Errorf("got %+v, %v, want a decision of the autopilot", last, err)
		}
		review := testdb.Review(t, p.DB, p.Who)
		if got, err := p.Engine.Autopilot(ctx, p.Who.OrganizationID, review.Flow.ID); err != nil || !got {
			t.Errorf("the review: got %t, %v, want a decision", got, err)
		}
		if got := p.state(t, review.Flow.ID); got != workflow.SeedReviewCompleted {
			t.Errorf("got %s, want %s", got, workflow.SeedReviewCompleted)
		}
	})
	t.Run("LeavesAnEmptyPlanToAPerson", func(t *testing.T) {
		t.Parallel()
		p, ctx := setupPlan(t, false), context.Background()
		auto := workflow.GateAuto
		if _, err := p.Engine.SetGates(ctx, p.Who, engine.SetGatesInput{Plan: &auto}); err != nil {
			t.Fatal(err)
		}
		for _, item := range p.Plan.Items {
			if _, err := p.decide(engine.PlanItemInput{ArticleID: item.Page.ID, Choice: content.PlanRejected}); err != nil {
				t.Fatal(err)
			}
		}
		got, err := p.Engine.Autopilot(ctx, p.Who.OrganizationID, p.Planned.Flow.ID)
		if got || fault.KindOf(err) != fault.NothingApproved {
			t.Errorf("got %t, %v, want NOTHING_APPROVED", got, err)
		}
	})
}
