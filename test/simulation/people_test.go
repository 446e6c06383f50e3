package simulation_test

import (
	"context"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/workflow"
)

// seen is a review as a person has read it.
type seen struct {
	flow     workflow.Workflow
	keywords []content.SeedKeyword
}

// readReview reads a workflow and its keywords, in two requests as a page does.
func (a *actor) readReview(who caller.Caller, flow uuid.UUID) (read seen, ok bool) {
	err := a.persist("read a review", func(ctx context.Context, e *engine.Engine) (err error) {
		if read.flow, err = e.Workflow(ctx, who, flow); err != nil {
			return err
		}
		keywords, err := e.Keywords(ctx, who, []uuid.UUID{flow})
		read.keywords = keywords[flow]
		return err
	})
	return read, err == nil
}

// decide decides about some keywords of a review, by id or by a filter, or adds one.
func (a *actor) decide(who caller.Caller, r seen) {
	key := a.key()
	if a.w.oneIn(4) {
		_ = a.persist("add keywords", func(ctx context.Context, e *engine.Engine) error {
			_, err := e.AddKeywords(ctx, who, engine.AddKeywordsInput{
				WorkflowID: r.flow.ID, Texts: []string{"own words of " + who.Actor}, IdempotencyKey: key,
			})
			return err
		})
		return
	}
	in := engine.DecideKeywordsInput{
		WorkflowID:     r.flow.ID,
		Choice:         pick(a.w, []content.Choice{content.ChoiceSelected, content.ChoiceSelected, content.ChoiceRejected}),
		IdempotencyKey: key,
	}
	if a.w.oneIn(3) {
		in.IDs = []uuid.UUID{pick(a.w, r.keywords).ID}
	} else {
		in.Where = &content.KeywordFilter{}
	}
	var got engine.Reviewed
	do := func(ctx context.Context, e *engine.Engine) (err error) {
		got, err = e.DecideKeywords(ctx, who, in)
		return err
	}
	if a.persist("decide", do) == nil && a.w.oneIn(4) {
		if a.persist("decide", do) == nil && !got.Replayed {
			a.w.failf("the same decision of %s is made twice", who.Actor)
		}
		a.w.saw("decide replayed")
	}
}

// reviewer decides about keywords.
func reviewer(a *actor) {
	who := a.as()
	if read, ok := a.readReview(who, pick(a.w, a.w.flows)); ok && len(read.keywords) > 0 {
		a.pause()
		a.decide(who, read)
	}
}

// approver ends a review by a decision about what it has read. It may have prepared the selection itself, and others
// may change the selection meanwhile.
func approver(a *actor) {
	who, flow := a.as(), pick(a.w, a.w.flows)
	read, ok := a.readReview(who, flow)
	if !ok || read.flow.State != workflow.SeedReviewPending || len(read.keywords) == 0 {
		return
	}
	if a.w.oneIn(2) {
		a.decide(who, read)
		if read, ok = a.readReview(who, flow); !ok {
			return
		}
		if a.w.oneIn(2) {
			who = a.as() // The second person.
		}
	}
	a.pause()
	key := "gate " + a.key()
	if a.w.oneIn(5) {
		_ = a.persist("reject", func(ctx context.Context, e *engine.Engine) error {
			_, err := e.RejectSeeds(ctx, who, engine.RejectGateInput{
				WorkflowID: flow, ResetTo: workflow.StepCompetitor, Feedback: "again", IdempotencyKey: key,
			})
			return err
		})
		return
	}
	selection := content.SelectionOf(read.keywords)
	a.approve(who, engine.ApproveSeedsInput{
		WorkflowID:      flow,
		ExpectedVersion: read.flow.Version,
		SelectionDigest: selection.Digest[:],
		IdempotencyKey:  key,
	})
}

func (a *actor) approve(who caller.Caller, in engine.ApproveSeedsInput) {
	var got engine.Moved
	do := func(ctx context.Context, e *engine.Engine) (err error) {
		got, err = e.ApproveSeeds(ctx, who, in)
		return err
	}
	if a.persist("approve", do) != nil || !a.w.oneIn(3) {
		return
	}
	first := got.Transition.Version
	if a.persist("approve", do) == nil && (!got.Replayed || got.Transition.Version != first) {
		a.w.failf("the same approval of %s is made twice", who.Actor)
	}
	a.w.saw("approve replayed")
}

// gatekeeper sets a gate, and whether two people must approve.
func gatekeeper(a *actor) {
	mode, fourEyes, who := workflow.GateHuman, a.w.oneIn(2), a.as()
	if a.w.oneIn(4) {
		mode = workflow.GateOff
	}
	in := engine.SetGatesInput{FourEyes: &fourEyes, Reason: "as simulated", IdempotencyKey: a.key()}
	switch pick(a.w, workflow.Gates()) {
	case workflow.GateSeeds:
		in.Seeds = &mode
	case workflow.GatePlan:
		in.Plan = &mode
	case workflow.GatePublish:
		in.Publish = &mode
	}
	_ = a.persist("set gates", func(ctx context.Context, e *engine.Engine) error {
		_, err := e.SetGates(ctx, who, in)
		return err
	})
}

// guide takes a workflow on from where it rests: it starts the next step, repeats a failed one, sends it back, or tries
// to go around the gate.
func guide(a *actor) {
	who, flow, key := a.as(), workflow.Workflow{}, a.key()
	id := pick(a.w, a.w.flows)
	err := a.persist("read", func(ctx context.Context, e *engine.Engine) (err error) {
		flow, err = e.Workflow(ctx, who, id)
		return err
	})
	if err != nil {
		return
	}
	a.pause()
	move := func(verb string, to workflow.State) {
		err := a.persist(verb, func(ctx context.Context, e *engine.Engine) error {
			_, err := e.Transition(ctx, who, engine.TransitionInput{
				WorkflowID: id, From: flow.State, To: to, IdempotencyKey: key,
			})
			return err
		})
		if fault.KindOf(err) == fault.GateClosed {
			a.w.saw("the gate stays closed")
		}
	}
	switch step := flow.Step(); {
	case flow.State == workflow.SeedReviewPending:
		move("cross", workflow.SeedReviewCompleted)
	case step != nil && step.Key == workflow.StepPublish && flow.State == step.Failed && a.w.oneIn(2):
		move("reset", workflow.ArticlePending)
	case flow.Status() == workflow.StatusFailed:
		_ = a.persist("retry", func(ctx context.Context, e *engine.Engine) error {
			_, err := e.RetryStep(ctx, who, engine.RetryStepInput{WorkflowID: id, IdempotencyKey: key})
			return err
		})
	case step == nil || flow.State != step.Completed:
	case a.w.oneIn(4) && step.Number > 1:
		to := workflow.CompetitorPending
		if step.Number >= 6 {
			to = pick(a.w, []workflow.State{workflow.ValidationPending, workflow.ArticlePending})
		}
		move("reset", to)
	default:
		_ = a.persist("start", func(ctx context.Context, e *engine.Engine) error {
			_, err := e.StartStep(ctx, who, engine.StartStepInput{WorkflowID: id, IdempotencyKey: key})
			return err
		})
	}
}
