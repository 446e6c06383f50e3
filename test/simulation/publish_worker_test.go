package simulation_test

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/publish"
	"github.com/infin8content/engine/internal/publish/sandbox"
	"github.com/infin8content/engine/internal/steps"
	"github.com/infin8content/engine/internal/workflow"
)

// publishers are the roles of an organization that publishes.
var publishers = slices.Concat(
	slices.Repeat([]role{{"unit worker", 0, true, unitWorker}}, 14),
	slices.Repeat([]role{{"webmaster", 0, false, webmaster}}, 4),
	slices.Repeat([]role{
		{"worker", 0, true, worker},
		{"unit sweeper", 0, true, sweepUnits},
		{"releaser", 0, false, releaser},
		{"decider", 0, false, decider},
		{"withdrawer", 0, true, withdrawer},
	}, 2),
	[]role{
		{"editor", 0, false, editor},
		{"guide", 0, false, guide},
		{"run sweeper", 0, true, sweepRuns},
		{"gatekeeper", 0, false, gatekeeper},
	},
)

// publishing is an organization that publishes articles.
func publishing(fragility int) profile {
	p := writingArticles(fragility)
	p.begin, p.roles, p.passesOneIn, p.patience = beginWithTexts, publishers, 25, 4
	p.length, p.acts = 2, 2
	return p
}

// beginWithTexts creates two websites and a workflow. Its texts are written, and may be approved already.
func beginWithTexts(w *world, e *engine.Engine, who caller.Caller) error {
	if err := w.sites.open(who, 2); err != nil {
		return err
	}
	ctx := context.Background()
	id, err := w.forward(e, who, workflow.StepValidation)
	if err != nil {
		return err
	}
	w.flows = []uuid.UUID{id}
	if err := approveArticles(e, who, engine.DecideArticlePlansInput{
		WorkflowID: id, Where: &content.PlanFilter{}, Choice: content.PlanApproved,
	}); err != nil {
		return err
	}
	if err := w.writeArticles(e, who, id); err != nil || w.oneIn(4) {
		return err
	}
	flow, err := e.Workflow(ctx, who, id)
	if err != nil {
		return err
	}
	articles, err := e.Articles(ctx, who, []uuid.UUID{id})
	if err != nil {
		return err
	}
	in := engine.ApprovePublishingInput{WorkflowID: id, ExpectedVersion: flow.Version, Policy: workflow.PublishNow}
	for _, article := range articles[id] {
		in.Articles = append(in.Articles, engine.ApprovedText{
			ArticleID: article.ID, ExpectedRevision: article.Last.Revision,
		})
	}
	for _, site := range w.sites.all {
		in.TargetIDs = append(in.TargetIDs, site.target)
	}
	w.press.read[who.Actor] = in.Articles
	_, err = e.ApprovePublishing(ctx, who, in)
	return err
}

// writeArticles takes a workflow with an approved plan to ARTICLE_COMPLETED, free of charge.
func (w *world) writeArticles(e *engine.Engine, who caller.Caller, id uuid.UUID) error {
	if err := w.parkArticles(e, who, id); err != nil {
		return err
	}
	ctx := context.Background()
	articles, err := e.Articles(ctx, who, []uuid.UUID{id})
	if err != nil {
		return err
	}
	for _, article := range articles[id] {
		taken, err := e.ClaimUnit(ctx, who, article.Unit.ID)
		if err != nil {
			return err
		}
		w.books.check(ofAll) // The judge sees each change by itself.
		err = e.FinishArticle(ctx, who, engine.FinishArticleInput{
			Unit:     *taken.Unit,
			Article:  article.Article,
			Version:  textOf(*taken.Unit, nil),
			Provider: providerName,
		})
		if err != nil {
			return err
		}
		w.books.check(ofAll)
	}
	taken, err := e.Take(ctx, who, id)
	if err != nil {
		return err
	}
	_, err = e.Finish(ctx, who, engine.FinishInput{Run: *taken.Run, Result: stepResult()})
	return err
}

// sitesOf returns the program's own way to the sites.
func (a *actor) sitesOf(beat func(context.Context)) *steps.Sites {
	return &steps.Sites{
		Engine: a.server.engine,
		Client: &http.Client{Transport: transport{a, beat}},
		Open:   func(_, _ uuid.UUID, _ []byte) (string, error) { return sandbox.Password, nil },
		Now:    a.server.now,
	}
}

// publish makes one attempt at a publication by the program's own executor.
func (a *actor) publish(me caller.Caller, taken engine.TakenUnit) {
	_ = a.call("publish", func(ctx context.Context, e *engine.Engine) error {
		ctx, lose := context.WithCancelCause(ctx)
		defer lose(nil)
		o := a.stepOptions()
		o.Sites = a.sitesOf(func(ctx context.Context) {
			if err := e.HeartbeatUnit(ctx, me, *taken.Unit); fault.KindOf(err) == fault.LostRun {
				lose(steps.ErrLost)
			}
		})
		_, units := steps.NewPublishing(steps.PublishOptions{Options: o})
		return units.RunUnit(ctx, me, taken.Workflow, *taken.Unit)
	})
}

// withdrawer takes a post from its readers by the program's own way.
func withdrawer(a *actor) {
	jobs := a.w.sites.withdrawals
	if len(jobs) == 0 {
		return
	}
	id := jobs[0]
	a.w.sites.withdrawals = jobs[1:]
	who, last, again := a.as(), a.w.oneIn(3), false
	_ = a.call("withdraw", func(ctx context.Context, _ *engine.Engine) error {
		err := a.sitesOf(nil).Unpublish(ctx, who, id, last)
		if failed := (*publish.Error)(nil); errors.As(err, &failed) {
			again, err = true, nil
		}
		return err
	})
	if again && !last {
		a.w.sites.withdrawals = append(a.w.sites.withdrawals, id)
	}
}

// releaser approves written articles for the sites by the texts that it has read. Others may change them meanwhile.
func releaser(a *actor) {
	who, id := a.as(), pick(a.w, a.w.flows)
	var flow workflow.Workflow
	var articles []engine.Article
	err := a.persist("read the texts", func(ctx context.Context, e *engine.Engine) (err error) {
		if flow, err = e.Workflow(ctx, who, id); err != nil {
			return err
		}
		found, err := e.Articles(ctx, who, []uuid.UUID{id})
		articles = found[id]
		return err
	})
	if err != nil || flow.State != workflow.ArticleCompleted {
		return
	}
	in := engine.ApprovePublishingInput{WorkflowID: id, ExpectedVersion: flow.Version, Policy: workflow.PublishNow}
	if a.w.oneIn(5) {
		in.Policy = workflow.PublishDraft
	}
	for _, article := range articles {
		if article.Last != nil && article.Unit.State == workflow.UnitDone && !a.w.oneIn(5) {
			in.Articles = append(in.Articles, engine.ApprovedText{
				ArticleID: article.ID, ExpectedRevision: article.Last.Revision,
			})
		}
	}
	for _, site := range a.w.sites.all {
		if !a.w.oneIn(4) {
			in.TargetIDs = append(in.TargetIDs, site.target)
		}
	}
	if len(in.Articles) == 0 || len(in.TargetIDs) == 0 {
		return
	}
	a.pause()
	in.IdempotencyKey = "publish " + a.key()
	if a.w.oneIn(10) {
		_ = a.persist("reject the texts", func(ctx context.Context, e *engine.Engine) error {
			_, err := e.RejectPublishing(ctx, who, engine.RejectGateInput{
				WorkflowID: id, ResetTo: workflow.StepArticle, Feedback: "again", IdempotencyKey: in.IdempotencyKey,
			})
			return err
		})
		return
	}
	a.w.press.read[who.Actor] = in.Articles
	a.approved(who, workflow.GatePublish, flow.Version, a.persist("approve publishing",
		func(ctx context.Context, e *engine.Engine) error {
			_, err := e.ApprovePublishing(ctx, who, in)
			return err
		}))
}

// decider decides about a publication that waits for a person, or takes a public one from its readers.
func decider(a *actor) {
	who := a.as()
	var waiting, public []workflow.Publication
	err := a.persist("read publications", func(ctx context.Context, e *engine.Engine) error {
		found, err := e.Publications(ctx, who, a.w.flows)
		waiting, public = nil, nil
		for _, flow := range a.w.flows {
			for _, p := range found[flow] {
				switch p.State {
				case workflow.PublicationNeedsDecision:
					waiting = append(waiting, p)
				case workflow.PublicationLive, workflow.PublicationOrphaned:
					public = append(public, p)
				}
			}
		}
		return err
	})
	if err != nil {
		return
	}
	in := engine.DecidePublicationInput{Reason: "as simulated", IdempotencyKey: "decide " + a.key()}
	switch {
	case len(waiting) > 0:
		in.PublicationID = pick(a.w, waiting).ID
		in.Choice = pick(a.w, []engine.PublicationChoice{
			engine.ChoiceAdopt, engine.ChoiceOverwrite, engine.ChoiceOverwrite, engine.ChoiceSkip, engine.ChoiceUnpublish,
		})
	case len(public) > 0 && a.w.oneIn(3):
		in.PublicationID, in.Choice = pick(a.w, public).ID, engine.ChoiceUnpublish
	default:
		return
	}
	a.pause()
	_ = a.persist("decide about a post", func(ctx context.Context, e *engine.Engine) error {
		_, err := e.DecidePublication(ctx, who, in)
		return err
	})
}
