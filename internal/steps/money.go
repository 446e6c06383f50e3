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

// bookFailure books the money of a failed request: a release with a proof, a settlement with a cost, else UNKNOWN.
func (a *attempt) bookFailure(ctx context.Context, failed *llm.Error) error {
	code := workflow.FailureCode(failed.Class)
	switch failed.Charge {
	case llm.ChargeNone:
		return a.release(ctx, "The provider charged nothing: "+failed.Message, code)
	case llm.ChargeKnown:
		return a.settle(ctx, failed.Answer, code)
	default:
		return a.markUnknown(ctx, failed.Answer, code)
	}
}

// settle books the cost of an answer; why is the failure code of an unusable one. After the end of the lease a sweeper
// may have booked the provider's figure already. That figure then counts, and one of the price table is dropped.
func (a *attempt) settle(ctx context.Context, answer llm.Answer, why workflow.FailureCode) error {
	in, known := a.settlement(answer, why)
	if !known {
		return a.markUnknown(ctx, answer, why)
	}
	return a.enter(ctx, *in)
}

// enter books a settlement. It logs an error at once when that fails.
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

// settlement returns the settlement of an answer: with the final cost, or without a cost for the price table's figure
// of the final usage. It returns false when neither is certain, and for a model without a price.
func (a *attempt) settlement(answer llm.Answer, why workflow.FailureCode) (*engine.SettleInput, bool) {
	in := &engine.SettleInput{
		CallID:       a.call,
		Model:        priced(answer.Model),
		Usage:        answer.Usage,
		Cost:         answer.Cost,
		Provider:     a.options.Gateway.Name,
		GenerationID: answer.GenerationID,
		Failure:      why,
	}
	if in.Cost != nil {
		return in, true
	}
	if answer.Unclear || in.Usage == (cost.Usage{}) || !slices.Contains(a.question.models(), in.Model) {
		return nil, false
	}
	return in, true
}

// release gives the hold back. The reason is the proof that nothing was charged. A sweeper may have released the call
// before, for another reason.
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

// markUnknown keeps the hold until the look-up of the generation. It stores the generation id of a refusal, whose
// headers come too late for ask.
func (a *attempt) markUnknown(ctx context.Context, answer llm.Answer, why workflow.FailureCode) error {
	if id := answer.GenerationID; id != "" && !a.identified {
		a.identify(ctx, id)
	}
	return a.book(ctx, func(ctx context.Context) error {
		return a.options.Engine.MarkUnknown(ctx, a.who, a.call, why)
	})
}
