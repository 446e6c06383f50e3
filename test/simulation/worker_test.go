package simulation_test

import (
	"context"
	"fmt"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/llm"
	"github.com/infin8content/engine/internal/workflow"
)

// worker runs one attempt of a workflow's step, like the program's workers. In the first step it reserves money, sends
// the request, books the cost and ends the run.
func worker(a *actor) {
	flow, me := pick(a.w, a.w.flows), a.as()
	if len(a.w.waiting) > 0 {
		flow, a.w.waiting = a.w.waiting[0], a.w.waiting[1:]
	}
	var run *workflow.Run
	err := a.persist("take", func(ctx context.Context, e *engine.Engine) error {
		taken, err := e.Take(ctx, me, flow)
		run = taken.Run
		return err
	})
	if err != nil || run == nil {
		return
	}
	a.w.saw("a run is taken")
	a.pause()
	switch {
	case run.Step.HasUnits():
		a.overUnits(me, flow, *run)
		return
	case run.Step != workflow.StepICP:
		a.runStep(run)
		return
	}
	amount := a.w.amount()
	call, admitted := a.reserve(engine.ReserveInput{
		WorkflowID:     flow,
		RunToken:       &run.Token,
		Amount:         &amount,
		IdempotencyKey: fmt.Sprintf("run/%s/%d", flow, run.Token),
	})
	if !admitted {
		a.fail(run, workflow.FailureBudget)
		return
	}
	a.disturb(run, 12)
	a.pause()
	if a.w.oneIn(3) {
		_ = a.persist("renew", func(ctx context.Context, e *engine.Engine) error { return e.Heartbeat(ctx, me, *run) })
	}
	err = a.persist("dispatch", func(ctx context.Context, e *engine.Engine) error {
		return e.Dispatch(ctx, me, call.ID, providerName)
	})
	if err != nil {
		a.release(call.ID, "never sent")
		a.fail(run, workflow.FailureNetwork)
		return
	}
	a.conclude(run, a.w.provider.send(a, call))
}

// conclude books the result of a request and ends the run.
func (a *actor) conclude(run *workflow.Run, request *charge) {
	a.pause()
	a.disturb(run, 5)
	for a.w.oneIn(2) { // The answer may take longer than the lease.
		a.pause()
	}
	if request.fate != lost && request.fate != refused && !a.w.oneIn(8) {
		who := a.as()
		_ = a.persist("identify", func(ctx context.Context, e *engine.Engine) error {
			return e.Identify(ctx, who, request.call, providerName, request.heard.GenerationID)
		})
		a.pause()
	}
	settle := request.settlement()
	if request.fate == unpriced {
		settle.Cost = nil
	}
	switch request.fate {
	case priced, unpriced:
		if request.failed || a.w.oneIn(4) {
			a.settleLate(settle, workflow.FailureInvalidOutput)
			a.fail(run, workflow.FailureInvalidOutput)
			return
		}
		a.finish(run, settle, request.heard)
	case refused:
		a.release(request.call, "refused by the provider")
		a.fail(run, workflow.FailureRateLimited)
	default:
		who := a.as()
		_ = a.persist("mark unknown", func(ctx context.Context, e *engine.Engine) error {
			return e.MarkUnknown(ctx, who, request.call, workflow.FailureTimeout)
		})
		a.fail(run, workflow.FailureTimeout)
	}
}

// disturb cancels the workflow of a run once in so many times.
func (a *actor) disturb(run *workflow.Run, times int) {
	if a.w.oneIn(times) {
		a.cancelFlow(run.WorkflowID)
	}
}

// settleLate books the cost of an answer that cannot be used.
func (a *actor) settleLate(in engine.SettleInput, why workflow.FailureCode) {
	who := a.as()
	in.Failure = why
	_ = a.persist("settle late", func(ctx context.Context, e *engine.Engine) error {
		_, err := e.SettleLate(ctx, who, in)
		return err
	})
}

func (a *actor) finish(run *workflow.Run, settle engine.SettleInput, answer llm.Answer) {
	who := a.as()
	err := a.persist("finish", func(ctx context.Context, e *engine.Engine) error {
		_, err := e.Finish(ctx, who, engine.FinishInput{
			Run: *run, Settle: &settle, Result: engine.Result{
				Content: []byte(`{}`), Provider: answer.Provider, Model: answer.Model,
			},
		})
		return err
	})
	if fault.KindOf(err) == fault.LostRun {
		a.w.saw("a lost run is fenced and its cost is booked")
	}
}

func (a *actor) fail(run *workflow.Run, why workflow.FailureCode) {
	who := a.as()
	_ = a.persist("fail", func(ctx context.Context, e *engine.Engine) error {
		_, err := e.FailRun(ctx, who, engine.FailRunInput{Run: *run, Failure: why, Message: "as simulated"})
		return err
	})
}

// treasurer sets low and high limits.
func treasurer(a *actor) {
	limit, who, key := cost.Limit(a.w.amount()*cost.Pico(a.w.chance.IntN(20))), a.as(), a.key()
	if a.w.oneIn(8) {
		limit = cost.Unlimited
	}
	a.w.books.limits[limit] = true
	reason, flow, got := a.request(), pick(a.w, a.w.flows), engine.Limited{}
	verb, do := "set a workflow's limit", func(ctx context.Context, e *engine.Engine) (err error) {
		got, err = e.SetWorkflowLimit(ctx, who, engine.SetWorkflowLimitInput{
			WorkflowID:     flow,
			Limit:          limit,
			Reason:         reason,
			IdempotencyKey: key,
		})
		return err
	}
	if a.w.oneIn(2) {
		verb, do = "set the monthly limit", func(ctx context.Context, e *engine.Engine) (err error) {
			got, err = e.SetMonthlyLimit(ctx, who, engine.SetMonthlyLimitInput{
				Limit: limit, Reason: reason, IdempotencyKey: key,
			})
			return err
		}
	}
	if a.persist(verb, do) != nil {
		return
	}
	if got.Entry.Delta.Limit < 0 {
		a.w.saw("a limit is lowered")
	}
	if a.w.oneIn(2) {
		first := got.Entry
		if a.persist(verb, do) == nil && (!got.Replayed || got.Entry.Sequence != first.Sequence) {
			a.w.failf("the same limit of %s is set twice", who.Actor)
		}
		a.w.saw("a limit replayed")
	}
}

// recorder books a call without a reservation.
func recorder(a *actor) {
	amount, who, got := a.w.amount()*cost.Pico(1+a.w.chance.IntN(4)), a.as(), engine.Charged{}
	in := engine.RecordInput{
		WorkflowID:     pick(a.w, a.w.flows),
		Model:          model,
		Cost:           &amount,
		Provider:       "elsewhere",
		IdempotencyKey: a.key(),
		Usage:          cost.Usage{PromptTokens: 10, CompletionTokens: 20},
	}
	a.w.provider.outside[who.Actor] = in
	do := func(ctx context.Context, e *engine.Engine) (err error) {
		got, err = e.Record(ctx, who, in)
		return err
	}
	if a.persist("record", do) == nil && a.w.oneIn(2) {
		if a.persist("record", do) == nil && !got.Replayed {
			a.w.failf("the same record of %s is made twice", who.Actor)
		}
		a.w.saw("record replayed")
	}
}

// accountant corrects a booking: to the provider's figure, or to a wrong one, like a person.
func accountant(a *actor) {
	if len(a.w.books.ended) == 0 {
		return
	}
	entry := pick(a.w, a.w.books.ended)
	c := a.w.books.calls[*entry.CallID]
	amount := a.w.provider.charged(c)
	if a.w.oneIn(2) {
		amount = a.w.amount()
	}
	a.w.corrected[c.id] = true
	a.adjust(entry, amount)
}

func (a *actor) adjust(entry cost.Entry, amount cost.Pico) {
	who, got := a.as(), engine.Adjusted{}
	in := engine.AdjustInput{
		AccountID:      entry.AccountID,
		Sequence:       entry.Sequence,
		Cost:           amount,
		Reason:         a.request(),
		IdempotencyKey: a.key(),
	}
	do := func(ctx context.Context, e *engine.Engine) (err error) {
		got, err = e.Adjust(ctx, who, in)
		return err
	}
	if a.persist("adjust", do) == nil && a.w.oneIn(2) {
		first := got.Entry
		if a.persist("adjust", do) == nil && (!got.Replayed || got.Entry.Sequence != first.Sequence) {
			a.w.failf("the same adjustment of %s is made twice", who.Actor)
		}
		a.w.saw("adjust replayed")
	}
}
