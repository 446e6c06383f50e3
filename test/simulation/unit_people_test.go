package simulation_test

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/workflow"
)

// writers are the roles of an organization that writes articles.
var writers = slices.Concat(
	slices.Repeat([]role{{"unit worker", 0, true, unitWorker}}, 10),
	slices.Repeat([]role{{"worker", 0, true, worker}, {"planner", 0, false, planner}}, 3),
	slices.Repeat([]role{
		{"unit sweeper", 0, true, sweepUnits},
		{"editor", 0, false, editor},
		{"guide", 0, false, guide},
	}, 2),
	[]role{
		{"run sweeper", 0, true, sweepRuns},
		{"gatekeeper", 0, false, gatekeeper},
		{"raiser", 0, false, raiser},
	},
)

// writingArticles is an organization that writes articles.
func writingArticles(fragility int) profile {
	return profile{
		begin:       beginWithPlans,
		roles:       writers,
		crowd:       mostActors,
		passesOneIn: 40,
		fragility:   fragility,
		patience:    8,
		overcharge:  cent / 2,
		rests:       true,
		length:      3,
	}
}

// beginWithPlans creates two workflows with an article plan. Their articles are approved already, but not the plans.
// The first one may write its articles already.
func beginWithPlans(w *world, e *engine.Engine, who caller.Caller) error {
	for range 2 {
		flow, err := w.forward(e, who, workflow.StepValidation)
		if err != nil {
			return err
		}
		w.flows = append(w.flows, flow)
		if err := approveArticles(e, who, engine.DecideArticlePlansInput{
			WorkflowID: flow, Where: &content.PlanFilter{}, Choice: content.PlanApproved,
		}); err != nil {
			return err
		}
	}
	if w.oneIn(2) {
		return w.parkArticles(e, who, w.flows[0])
	}
	return nil
}

func approveArticles(e *engine.Engine, who caller.Caller, in engine.DecideArticlePlansInput) error {
	_, err := e.DecideArticlePlans(context.Background(), who, in)
	return err
}

// beginWithOneArticle creates a workflow that writes one article.
func beginWithOneArticle(w *world, e *engine.Engine, who caller.Caller) error {
	flow, err := w.forward(e, who, workflow.StepValidation)
	if err != nil {
		return err
	}
	w.flows = []uuid.UUID{flow}
	plans, err := e.Plans(context.Background(), who, w.flows)
	if err != nil {
		return err
	}
	err = approveArticles(e, who, engine.DecideArticlePlansInput{WorkflowID: flow, Items: []engine.PlanItemInput{{
		ArticleID: plans[flow].Items[0].Page.ID, Choice: content.PlanApproved,
	}}})
	if err != nil {
		return err
	}
	return w.parkArticles(e, who, flow)
}

// parkArticles approves the plan of a workflow and hands the step to its units.
func (w *world) parkArticles(e *engine.Engine, who caller.Caller, id uuid.UUID) error {
	ctx := context.Background()
	flow, err := e.Workflow(ctx, who, id)
	if err != nil {
		return err
	}
	plans, err := e.Plans(ctx, who, []uuid.UUID{id})
	if err != nil {
		return err
	}
	selection := plans[id].Selection()
	_, err = e.ApproveArticlePlan(ctx, who, engine.ApproveArticlePlanInput{
		WorkflowID: id, ExpectedVersion: flow.Version, Digest: selection.Digest[:],
	})
	if err != nil {
		return err
	}
	taken, err := e.Take(ctx, who, id)
	if err != nil {
		return err
	}
	visit, err := e.VisitOf(ctx, who, *taken.Run)
	if err != nil {
		return err
	}
	return e.ParkArticles(ctx, who, *taken.Run, visit)
}

// raiser sets high limits, so that articles are written.
func raiser(a *actor) {
	who, limit := a.as(), cost.Limit(workflowLimit+a.w.amount())
	a.w.books.limits[limit] = true
	in := engine.SetWorkflowLimitInput{
		WorkflowID: pick(a.w, a.w.flows), Limit: limit, Reason: a.request(), IdempotencyKey: a.key(),
	}
	_ = a.persist("set a workflow's limit", func(ctx context.Context, e *engine.Engine) error {
		_, err := e.SetWorkflowLimit(ctx, who, in)
		return err
	})
}

// readPlan reads a workflow and its plan, in two requests as a page does.
func (a *actor) readPlan(who caller.Caller, id uuid.UUID) (flow workflow.Workflow, plan content.Plan, ok bool) {
	err := a.persist("read a plan", func(ctx context.Context, e *engine.Engine) (err error) {
		if flow, err = e.Workflow(ctx, who, id); err != nil {
			return err
		}
		plans, err := e.Plans(ctx, who, []uuid.UUID{id})
		plan = plans[id]
		return err
	})
	return flow, plan, err == nil
}

// planner decides about articles of a plan, and ends the gate by a decision about what it has read. Others may change
// the plan meanwhile.
func planner(a *actor) {
	who, id := a.as(), pick(a.w, a.w.flows)
	flow, plan, ok := a.readPlan(who, id)
	if !ok || flow.State != workflow.ValidationCompleted || len(plan.Items) == 0 {
		return
	}
	if a.w.oneIn(2) {
		a.pause()
		a.decidePlan(who, id, plan)
		if flow, plan, ok = a.readPlan(who, id); !ok {
			return
		}
		if a.w.oneIn(2) {
			who = a.as() // The second person.
		}
	}
	a.pause()
	key := "plan " + a.key()
	if a.w.oneIn(8) {
		_ = a.persist("reject a plan", func(ctx context.Context, e *engine.Engine) error {
			_, err := e.RejectArticlePlan(ctx, who, engine.RejectGateInput{
				WorkflowID: id, ResetTo: workflow.StepValidation, Feedback: "again", IdempotencyKey: key,
			})
			return err
		})
		return
	}
	selection := plan.Selection()
	a.approved(who, workflow.GatePlan, flow.Version, a.persist("approve a plan",
		func(ctx context.Context, e *engine.Engine) error {
			_, err := e.ApproveArticlePlan(ctx, who, engine.ApproveArticlePlanInput{
				WorkflowID:      id,
				ExpectedVersion: flow.Version,
				Digest:          selection.Digest[:],
				IdempotencyKey:  key,
			})
			return err
		}))
}

// decidePlan approves or rejects an article of a plan, or approves all.
func (a *actor) decidePlan(who caller.Caller, id uuid.UUID, plan content.Plan) {
	in := engine.DecideArticlePlansInput{WorkflowID: id, IdempotencyKey: a.key()}
	if a.w.oneIn(2) {
		in.Where, in.Choice = &content.PlanFilter{}, content.PlanApproved
	} else {
		in.Items = []engine.PlanItemInput{{
			ArticleID: pick(a.w, plan.Items).Page.ID,
			Choice:    pick(a.w, []content.PlanChoice{content.PlanApproved, content.PlanRejected, content.PlanCleared}),
			Reason:    "as simulated",
		}}
	}
	_ = a.persist("decide about a plan", func(ctx context.Context, e *engine.Engine) error {
		_, err := e.DecideArticlePlans(ctx, who, in)
		return err
	})
}

// approved records an approval for the judge.
func (a *actor) approved(who caller.Caller, gate workflow.Gate, version int, err error) {
	if err == nil {
		a.w.saw("the gate " + string(gate) + " is approved")
		a.w.units.approvals[who.Actor] = version
	} else if !ambiguous(err) {
		a.w.units.refused[who.Actor] = true
	}
}

// editor decides about articles that are being written or are written.
func editor(a *actor) {
	who, id := a.as(), pick(a.w, a.w.flows)
	var articles []engine.Article
	err := a.persist("read articles", func(ctx context.Context, e *engine.Engine) error {
		found, err := e.Articles(ctx, who, []uuid.UUID{id})
		articles = found[id]
		return err
	})
	if err != nil || len(articles) == 0 {
		return
	}
	article := pick(a.w, articles)
	if failed := slices.DeleteFunc(slices.Clone(articles), func(x engine.Article) bool {
		return x.Unit.State != workflow.UnitFailed
	}); len(failed) > 0 && a.w.oneIn(2) {
		article = pick(a.w, failed)
	}
	a.pause()
	key := "editor " + a.key()
	switch {
	case article.Last != nil && a.w.oneIn(2):
		a.judgeText(who, article, key)
	case a.w.oneIn(2):
		a.ask(who, "skip", func(ctx context.Context, e *engine.Engine) error {
			_, err := e.SkipArticle(ctx, who, engine.SkipArticleInput{
				ArticleID: article.ID, Reason: "as simulated", IdempotencyKey: key,
			})
			return err
		})
	default:
		a.ask(who, "reopen", func(ctx context.Context, e *engine.Engine) error {
			_, err := e.RetryArticle(ctx, who, engine.RetryArticleInput{ArticleID: article.ID, IdempotencyKey: key})
			return err
		})
	}
}

// ask makes a request of a person about a unit. A refused one must leave no event.
func (a *actor) ask(who caller.Caller, verb string, do func(context.Context, *engine.Engine) error) {
	err := a.persist(verb, do)
	if err != nil && !ambiguous(err) {
		a.w.units.refused[who.Actor] = true
	}
	if err == nil && a.w.oneIn(4) {
		_ = a.persist(verb, do) // The judge counts the events of the request.
		a.w.saw(verb + " replayed")
	}
}

// judgeText decides about a text, or writes another one.
func (a *actor) judgeText(who caller.Caller, article engine.Article, key string) {
	if a.w.oneIn(3) {
		title := "Edited by " + who.Actor
		a.ask(who, "edit", func(ctx context.Context, e *engine.Engine) error {
			_, err := e.UpdateArticle(ctx, who, engine.UpdateArticleInput{
				ArticleID:        article.ID,
				ExpectedRevision: article.Last.Revision,
				Title:            &title,
				IdempotencyKey:   key,
			})
			return err
		})
		return
	}
	item := engine.ArticleItemInput{
		ArticleID: article.ID, ExpectedRevision: article.Last.Revision, Verdict: content.ArticleApproved,
	}
	if a.w.oneIn(2) {
		item.Verdict, item.Feedback = content.ArticleRejected, "again"
	}
	a.ask(who, "decide about texts", func(ctx context.Context, e *engine.Engine) error {
		_, err := e.DecideArticles(ctx, who, engine.DecideArticlesInput{
			WorkflowID: article.WorkflowID, Items: []engine.ArticleItemInput{item}, IdempotencyKey: key,
		})
		return err
	})
}
