//go:build unix

package main

import (
	"context"
	"time"

	"github.com/infin8content/engine/internal/workflow"
)

// seenArticle is an article as a pilot reads it.
type seenArticle struct {
	ID           string
	Revision     int
	Unit         struct{ State workflow.UnitState }
	Decision     *struct{ Verdict string }
	Publications []struct {
		ID    string
		State workflow.PublicationState
	}
}

func (p *pilot) articles(ctx context.Context) ([]seenArticle, bool) {
	var read struct {
		Articles struct{ Nodes []seenArticle }
	}
	there := p.ask(ctx, `query ($id: ID!) { result: workflow(id: $id) { articles(first: 10) { nodes {
		id revision unit { state } decision { verdict } publications { id state } } } } }`,
		map[string]any{"id": p.flow}, &read)
	return read.Articles.Nodes, there
}

// publish edits or rejects an article at times, and approves the others for the site.
func (p *pilot) publish(ctx context.Context, flow seenFlow) {
	if p.reject(ctx, "rejectPublishing", flow, workflow.StepArticle, workflow.StepValidation) {
		return
	}
	all, there := p.articles(ctx)
	if !there {
		return
	}
	var articles []map[string]any
	for _, a := range all {
		if a.Unit.State != workflow.UnitDone || a.Decision != nil && a.Decision.Verdict == "REJECTED" {
			continue
		}
		if p.isWild(15) && p.change(ctx, a) {
			return
		}
		articles = append(articles, map[string]any{"articleId": a.ID, "expectedRevision": a.Revision})
	}
	target := p.target(ctx)
	switch {
	case len(articles) == 0:
		p.giveUp(ctx)
	case target != "":
		p.act(ctx, "approvePublishing", map[string]any{
			"workflowId":      p.flow,
			"expectedVersion": flow.Version,
			"articles":        articles,
			"targetIds":       []string{target},
			"policy":          "PUBLISH",
		}, "")
	}
}

// change edits an article, asks for another section, or rejects the article with feedback.
func (p *pilot) change(ctx context.Context, a seenArticle) (done bool) {
	switch p.random.IntN(3) {
	case 0:
		_, done = p.act(ctx, "updateArticle", map[string]any{
			"articleId":        a.ID,
			"expectedRevision": a.Revision,
			"title":            "By a person",
			"markdown":         "## A heading\n\nA person has written this paragraph.\n",
		}, "")
	case 1:
		_, done = p.act(ctx, "regenerateSection", map[string]any{
			"articleId":        a.ID,
			"expectedRevision": a.Revision,
			"section":          0,
			"instruction":      "Shorter.",
		}, "")
	default:
		_, done = p.act(ctx, "decideArticles", map[string]any{
			"workflowId": p.flow,
			"items": []map[string]any{{
				"articleId":        a.ID,
				"expectedRevision": a.Revision,
				"verdict":          "REJECTED",
				"feedback":         "Too long.",
			}},
		}, "")
	}
	return done
}

// recover tries a failed step again, leaves a failed article out, or gives the workflow up.
func (p *pilot) recover(ctx context.Context, flow seenFlow) {
	if flow.Activity.Code == "RETRY_SCHEDULED" && !p.chance(20) {
		return
	}
	p.giveUp(ctx)
	if flow.State == workflow.ArticleFailed && p.chance(30) {
		all, _ := p.articles(ctx)
		for _, a := range all {
			switch {
			case a.Unit.State != workflow.UnitFailed:
			case p.chance(50):
				p.act(ctx, "retryArticle", map[string]any{"articleId": a.ID}, "")
			default:
				p.act(ctx, "skipArticle", map[string]any{"articleId": a.ID, "reason": "It fails."}, "")
			}
		}
		return
	}
	if flow.State == workflow.PublishFailed {
		p.conclude(ctx)
	}
	p.act(ctx, "retryStep", map[string]any{"workflowId": p.flow}, "")
}

// conclude decides about publications that wait for a person.
func (p *pilot) conclude(ctx context.Context) {
	all, _ := p.articles(ctx)
	for _, a := range all {
		for _, publication := range a.Publications {
			if publication.State != workflow.PublicationNeedsDecision {
				continue
			}
			p.failed++
			choice := "OVERWRITE"
			if p.isWild(10) {
				choice = "SKIP"
			}
			p.act(ctx, "decidePublication", map[string]any{
				"publicationId": publication.ID,
				"choice":        choice,
				"reason":        "The pilot has decided.",
			}, "")
		}
	}
}

// interfere does something that its pilot does not expect to a workflow of another pilot.
func (p *pilot) interfere(ctx context.Context) {
	pause(ctx, p.between(100*time.Millisecond, 600*time.Millisecond))
	flow, there := p.round.sharedFlows.pick(p.random)
	if !there {
		return
	}
	p.flow, p.rejected, p.failed = id("wf", flow), 0, 0
	seen, there := p.see(ctx)
	if !there {
		return
	}
	if seen.IsTerminal {
		p.round.sharedFlows.drop(flow)
		return
	}
	if p.chance(1) {
		p.act(ctx, "cancelWorkflow", map[string]any{"workflowId": p.flow}, "")
	}
	switch {
	case seen.State == workflow.SeedReviewPending, seen.State == workflow.ValidationCompleted, seen.Status == "FAILED":
		p.turn(ctx)
	case seen.State == workflow.ArticleProcessing, seen.State == workflow.ArticleCompleted:
		all, _ := p.articles(ctx)
		if len(all) < 2 || !p.chance(30) {
			return
		}
		if a := all[p.random.IntN(len(all))]; a.Unit.State == workflow.UnitDone {
			p.change(ctx, a)
		} else if p.chance(10) {
			p.act(ctx, "skipArticle", map[string]any{"articleId": a.ID, "reason": "Others have it."}, "")
		}
	}
}

// target returns a target that is ready: the round's. The first pilot that needs one makes it.
func (p *pilot) target(ctx context.Context) string {
	var read struct {
		PublishTargets []struct{ ID, State string }
	}
	query := `query { result: organization { publishTargets { id state } } }`
	if !p.ask(ctx, query, nil, &read) {
		return ""
	}
	for _, t := range read.PublishTargets {
		switch t.State {
		case "READY":
			return t.ID
		case "CHECKING":
		default:
			p.act(ctx, "testPublishTarget", map[string]any{"targetId": t.ID}, "")
		}
	}
	if len(read.PublishTargets) == 0 {
		p.act(ctx, "createPublishTarget", map[string]any{
			"name":     "The site",
			"kind":     "WORDPRESS",
			"baseUrl":  p.round.siteURL,
			"username": siteLogin,
			"secret":   sitePassword,
		}, "")
	}
	return ""
}
