package steps

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/publish"
	"github.com/infin8content/engine/internal/workflow"
)

// DefaultLooks are the times after a lost answer at which a site is asked for the post. After the last one the post is
// absent, and a draft may be sent once more.
func DefaultLooks() []time.Duration {
	return []time.Duration{0, 2 * time.Second, 10 * time.Second, time.Minute, 5 * time.Minute}
}

// PublishOptions configure the step PUBLISH.
type PublishOptions struct {
	Options
	// Article returns an article at a revision, as sites get it; the engine's when nil.
	Article func(ctx context.Context, who caller.Caller, article uuid.UUID, revision int) (engine.PublishedText, error)
}

func (o PublishOptions) withDefaults() PublishOptions {
	o.Options = o.Options.withDefaults()
	if o.Article == nil {
		o.Article = o.Engine.PublishedText
	}
	return o
}

// NewPublishing returns the executor of the step PUBLISH and that of its units.
func NewPublishing(o PublishOptions) (Executor, UnitExecutor) {
	o = o.withDefaults()
	return &publishing{o}, &publishingUnit{o}
}

// publishing is the run of the step PUBLISH: one unit for each article on each target.
type publishing struct{ options PublishOptions }

// Key returns the step.
func (p *publishing) Key() workflow.StepKey { return workflow.StepPublish }

// Run plans the units, or ends the step when all of them have ended. Its contract is that of Executor.
func (p *publishing) Run(ctx context.Context, who caller.Caller, _ workflow.Workflow, run workflow.Run) error {
	r := runner{options: p.options.Options, who: who, run: run}
	return r.overUnits(ctx, unitPlan{
		park:   p.park,
		result: p.result,
		empty:  "Every publication was skipped.",
	})
}

func (p *publishing) park(ctx context.Context, v visit) error {
	var units []engine.NewUnit
	err := v.book(ctx, func(ctx context.Context) (err error) {
		units, err = p.units(ctx, v.who, v.run, v.Number)
		return err
	})
	if err != nil {
		return err
	}
	if len(units) == 0 {
		return &emptyError{"No decision at the gate PUBLISH has approved an article."}
	}
	return v.book(ctx, func(ctx context.Context) error {
		return p.options.Engine.Park(ctx, v.who, engine.ParkInput{Run: v.run, Visit: v.Number, Units: units})
	})
}

// result counts the publications that the sites have. A unit that is done does not say so: a person may have withdrawn
// its post since.
func (p *publishing) result(ctx context.Context, v visit, _ []workflow.Unit) (engine.Result, error) {
	var publications []workflow.Publication
	err := v.book(ctx, func(ctx context.Context) (err error) {
		publications, err = p.options.Engine.PublicationsOf(ctx, v.who, v.run.WorkflowID, v.Number)
		return err
	})
	if err != nil {
		return engine.Result{}, err
	}
	reached := 0
	for _, publication := range publications {
		if publication.IsReached() {
			reached++
		}
	}
	if reached == 0 {
		return engine.Result{}, &emptyError{"No publication is on its site: all were left out or withdrawn."}
	}
	encoded, err := json.Marshal(map[string]int{"published": reached, "skipped": len(publications) - reached})
	return engine.Result{Content: encoded}, err
}

func (p *publishing) units(
	ctx context.Context, who caller.Caller, run workflow.Run, visit int,
) ([]engine.NewUnit, error) {
	publications, err := p.options.Engine.PublicationsOf(ctx, who, run.WorkflowID, visit)
	if err != nil {
		return nil, err
	}
	targets, err := p.options.Engine.PublishTargets(ctx, who)
	if err != nil {
		return nil, err
	}
	names := map[uuid.UUID]string{}
	for _, target := range targets {
		names[target.ID] = target.Name
	}
	articles, err := p.options.Engine.Articles(ctx, who, []uuid.UUID{run.WorkflowID})
	if err != nil {
		return nil, err
	}
	titles := map[uuid.UUID]string{}
	for _, article := range articles[run.WorkflowID] {
		titles[article.ID] = article.Title()
	}
	var units []engine.NewUnit
	for _, publication := range publications {
		title := cmp.Or(titles[publication.ArticleID], publication.Keyword, "Article")
		units = append(units, engine.NewUnit{
			ID:    publication.UnitOf(visit),
			Label: unitLabel(title, names[publication.TargetID]),
			Lane:  publication.TargetID,
		})
	}
	return units, nil
}

// unitLabel names an article on a target in at most 200 characters.
func unitLabel(title, target string) string {
	const most = 95
	cut := func(text string) string {
		if runes := []rune(text); len(runes) > most {
			return string(runes[:most-1]) + "…"
		}
		return text
	}
	return cut(title) + " → " + cut(target)
}

// publishingUnit works on the publication of one article on one target.
type publishingUnit struct{ options PublishOptions }

// Key returns the step.
func (p *publishingUnit) Key() workflow.StepKey { return workflow.StepPublish }

// RunUnit makes one attempt.
func (p *publishingUnit) RunUnit(
	ctx context.Context, who caller.Caller, _ workflow.Workflow, unit workflow.Unit,
) error {
	r := runner{
		options: p.options.Options,
		who:     who,
		run:     unit.Run(),
		unit:    &unit,
	}
	err := p.publish(ctx, r)
	if err == nil {
		err = r.book(ctx, func(ctx context.Context) error {
			return p.options.Engine.FinishUnit(ctx, who, engine.FinishUnitInput{Unit: unit})
		})
	}
	if err == nil {
		return nil
	}
	return r.fail(ctx, err)
}

// publish brings the publication of a unit to its end.
func (p *publishingUnit) publish(ctx context.Context, r runner) error {
	publication, err := p.options.Engine.PublicationOfUnit(ctx, r.who, *r.unit)
	if err != nil || publication.HasEnded() && !leavesTwins(publication) {
		return err
	}
	target, err := p.options.Engine.PublishTarget(ctx, r.who, publication.TargetID)
	if err != nil {
		return err
	}
	article, err := p.options.Article(ctx, r.who, publication.ArticleID, publication.Revision)
	if err != nil {
		return err
	}
	if err := checkUsable(target, article); err != nil {
		return err
	}
	w := publisher{
		runner:      r,
		options:     p.options,
		target:      target,
		article:     article,
		publication: publication,
	}
	if target.Kind == workflow.TargetWebhook || target.Kind == workflow.TargetFile {
		return w.deliver(ctx)
	}
	if w.site, err = p.options.Sites.open(r.who, target); err != nil {
		return err
	}
	w.post = w.compose()
	if err := w.reach(ctx, w.step); err != nil {
		return err
	}
	return w.tidy(ctx)
}

// leavesTwins reports whether a lost answer may have left other drafts beside a post that the site has.
func leavesTwins(p workflow.Publication) bool { return p.Lost > 0 && p.IsReached() }

// checkUsable refuses a target that has ended, and a made-up article for a real site.
func checkUsable(t engine.PublishTarget, a engine.PublishedText) error {
	if t.State == workflow.TargetRetired {
		return &publish.Error{Class: publish.InvalidRequest, Message: "the target is retired"}
	}
	if !engine.MayPublish(t, a.IsSynthetic) {
		return &publish.Error{
			Class: publish.InvalidRequest, Message: "the article was made by the sandbox, and the target is a real site",
		}
	}
	return nil
}

// decisionError means that only a person can go on with a publication.
type decisionError struct {
	code    workflow.FailureCode
	message string
}

func (e *decisionError) Error() string { return e.message }

// laterError means that a site is asked again after a wait.
type laterError struct{ wait time.Duration }

func (e *laterError) Error() string {
	return fmt.Sprintf("The answer of the site was lost. It is asked for the post again in %s.", e.wait.Round(time.Second))
}

// publishEndOf returns the end of an attempt for an error of the step PUBLISH.
func publishEndOf(ctx context.Context, err error) (runEnd, bool) {
	var (
		failed  *publish.Error
		decides *decisionError
		later   *laterError
	)
	switch {
	case errors.As(err, &decides):
		return runEnd{code: decides.code, message: decides.message}, true
	case errors.As(err, &later):
		return runEnd{code: workflow.FailureRemoteUnknown, message: later.Error(), retryAfter: later.wait}, true
	case errors.As(err, &failed) && failed.Class != publish.Cancelled && ctx.Err() == nil:
		return runEnd{
			code: workflow.FailureCode(failed.Class), message: failed.Message, retryAfter: failed.RetryAfter,
		}, true
	}
	return runEnd{}, false
}
