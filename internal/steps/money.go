package steps

import (
	"context"
	"slices"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/llm"
	"github.com/infin8content/engine/internal/workflow"
)

// bookFailure books the money of a request that has failed: released with proof, settled with a cost, else unknown.
func (a *attempt) bookFailure(ctx context.Context, failed *llm.Error) error {
	code := workflow.FailureCode(failed.Class)
	switch failed.Charge {
	case llm.ChargeNone:
		return a.release(ctx, "The provider charged nothing: "+failed.Message, code)
	case llm.ChargeKnown:
		return a.settle(ctx, failed.Answer, code)
	default:
		return a.suspect(ctx, failed.Answer, code)
	}
}

// settle books what an answer cost. why says why it could not be used. A sweeper that took the worker for dead may have
// asked the provider meanwhile: then the provider's word counts, and a figure from the price table is dropped.
func (a *attempt) settle(ctx context.Context, answer llm.Answer, why workflow.FailureCode) error {
	in, known := a.settlement(answer, why)
	if !known {
		return a.suspect(ctx, answer, why)
	}
	return a.enter(ctx, *in)
}

// enter makes the entry of a settlement, and logs an error at once when the books do not take it.
func (a *attempt) enter(ctx context.Context, in engine.SettleInput) error {
	err := a.book(ctx, func(ctx context.Context) error {
		_, err := a.options.Engine.SettleLate(ctx, a.who, in)
		return err
	})
	if err != nil {
		a.log().Error("a cost was not booked", "call", a.call, "generation", in.GenerationID, "error", err)
	}
	return err
}

// settlement says what an answer cost: what the provider reported, else the price table's figure for the reported
// usage. Without either, and when a model answered that has no price here, nobody knows: nil and false.
func (a *attempt) settlement(answer llm.Answer, why workflow.FailureCode) (*engine.SettleInput, bool) {
	in := &engine.SettleInput{
		CallID: a.call, Model: priced(answer.Model), Usage: answer.Usage, Cost: answer.Cost,
		Provider: a.options.Gateway.Name, GenerationID: answer.GenerationID, Failure: why,
	}
	if in.Cost != nil {
		return in, true
	}
	if answer.Unclear || in.Usage == (cost.Usage{}) || !slices.Contains(a.question.request.Models, in.Model) {
		return nil, false
	}
	return in, true
}

// release gives the hold back. The reason is the proof that nothing was charged. A sweeper that was faster has given
// another one.
func (a *attempt) release(ctx context.Context, reason string, why workflow.FailureCode) error {
	err := a.book(ctx, func(ctx context.Context) error {
		_, err := a.options.Engine.Release(ctx, a.who, engine.ReleaseInput{
			CallID: a.call, Reason: reason, Failure: why,
		})
		return err
	})
	if fault.KindOf(err) == fault.IdempotencyMismatch {
		return nil
	}
	return err
}

// suspect leaves the hold in place until the provider has been asked. The generation id is what it is asked by; a
// refusal brings it with its headers, too late for identify.
func (a *attempt) suspect(ctx context.Context, answer llm.Answer, why workflow.FailureCode) error {
	if id := answer.GenerationID; id != "" && !a.identified {
		a.identify(ctx, id)
	}
	return a.book(ctx, func(ctx context.Context) error {
		return a.options.Engine.Suspect(ctx, a.who, a.call, why)
	})
}
