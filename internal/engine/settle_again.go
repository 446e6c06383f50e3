package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
)

// again is a settlement of a call that has an outcome.
type again struct {
	settlement
	call postgres.Call
	bill postgres.Bill
}

// settleAgain compares a settlement with the booked one. The same settlement is a replay. The provider's own answer and
// the first settlement of an assumed call become an adjustment. Other settlements are refused.
func (e *Engine) settleAgain(
	ctx context.Context, tx *postgres.Store, who caller.Caller, in again,
) (replayed bool, err error) {
	switch {
	case in.late:
	case in.call.State == cost.CallSettled:
		return true, in.differs()
	case in.call.State == cost.CallReleased:
		return false, fault.New(fault.Conflict, "The call was released, because it was reported to cost nothing.")
	default:
		return e.settleAssumed(ctx, tx, who, in)
	}
	if in.call.State == cost.CallSettled && in.Cost == nil {
		return true, nil // The price table does not correct a figure of the provider.
	}
	booked, err := tx.BookedFor(ctx, in.call)
	if err != nil {
		return false, fmt.Errorf("read the booked cost of call %s: %w", in.call.ID, err)
	}
	delta, err := in.bill.Cost.Sub(booked)
	if err != nil || delta == 0 {
		return delta == 0, err
	}
	return false, e.book(ctx, tx, who, postgres.Booking{
		Kind:   cost.EntryAdjust,
		Call:   in.call,
		Delta:  cost.Delta{Settled: delta},
		At:     in.at,
		Reason: in.reason(),
	})
}

// differs returns an error that names the first difference from the booked settlement; nil when there is none. A call
// of a worker has its provider and generation already, so a settlement may leave them out.
func (in again) differs() error {
	was, is := in.call, in.bill
	if was.DispatchedAt != nil {
		is.Provider, is.GenerationID = cmp.Or(is.Provider, was.Provider), cmp.Or(is.GenerationID, was.GenerationID)
	}
	for _, content := range []struct {
		field string
		same  bool
	}{
		{"cost", *was.Cost == is.Cost},
		{"model", was.AnsweredModel == is.Model},
		{"usage", was.Usage == is.Usage},
		{"provider", was.Provider == is.Provider},
		{"generationId", was.GenerationID == is.GenerationID},
		{"failureCode", was.FailureCode == string(is.Failure)},
	} {
		if !content.same {
			return settledOtherwise(content.field)
		}
	}
	return nil
}

func settledOtherwise(field string) error {
	return fault.New(fault.IdempotencyMismatch,
		"The call was settled before, with another %s. Correct what was booked with adjustUsage.", field)
}

// reason describes a late answer for the ledger, since the row of an ended call does not change.
func (in again) reason() string {
	b := in.bill
	text := fmt.Sprintf("the cost became known after the call had ended: $%s, model %q, provider %q, generation %q, "+
		"failure %q, tokens %d (%d cached) and %d (%d reasoning), searches %d", b.Cost, b.Model, b.Provider,
		b.GenerationID, b.Failure, b.Usage.PromptTokens, b.Usage.CachedTokens, b.Usage.CompletionTokens,
		b.Usage.ReasoningTokens, b.Usage.WebSearches)
	if b.Usage.Items > 0 {
		text += fmt.Sprintf(", items %d", b.Usage.Items)
	}
	return text
}

// settleAssumed books the first settlement of a call whose cost was assumed. It writes an entry for the report of the
// caller even when the assumption was right.
func (e *Engine) settleAssumed(
	ctx context.Context, tx *postgres.Store, who caller.Caller, in again,
) (replayed bool, err error) {
	before, there, err := tx.LastEntryOf(ctx, in.call, cost.EntryAdjust)
	switch {
	case err != nil:
		return false, fmt.Errorf("read how call %s was settled: %w", in.call.ID, err)
	case there && before.Reason == in.reason():
		return true, nil
	case there:
		return false, settledOtherwise("content")
	}
	if in.GenerationID != "" && in.call.GenerationID != in.GenerationID {
		if err := e.identifyEnded(ctx, tx, who, in); err != nil {
			return false, err
		}
	}
	booked, err := tx.BookedFor(ctx, in.call)
	if err != nil {
		return false, fmt.Errorf("read the booked cost of call %s: %w", in.call.ID, err)
	}
	delta, err := in.bill.Cost.Sub(booked)
	if err != nil {
		return false, err
	}
	return false, e.book(ctx, tx, who, postgres.Booking{
		Kind:   cost.EntryAdjust,
		Call:   in.call,
		Delta:  cost.Delta{Settled: delta},
		At:     in.at,
		Reason: in.reason(),
	})
}

// identifyEnded gives an assumed call the generation that a caller names for it.
func (e *Engine) identifyEnded(ctx context.Context, tx *postgres.Store, who caller.Caller, in again) error {
	if in.call.GenerationID != "" {
		return fault.New(fault.Conflict, "The call has another generation: %q.", in.call.GenerationID)
	}
	switch _, there, err := tx.CallOfGeneration(ctx, who, in.GenerationID); {
	case err != nil:
		return fmt.Errorf("find generation %q: %w", in.GenerationID, err)
	case there:
		return fault.New(fault.DuplicateGeneration, "Another call has this generation.")
	}
	return tx.IdentifyCall(ctx, who, in.call.ID, in.call.Provider, in.GenerationID)
}

// explainDuplicate names the call that a generation was charged to.
func (e *Engine) explainDuplicate(ctx context.Context, who caller.Caller, generationID string, err error) error {
	if fault.KindOf(err) != fault.DuplicateGeneration {
		return err
	}
	other, there, lookErr := e.store.CallOfGeneration(ctx, who, generationID)
	if lookErr != nil || !there {
		return errors.Join(err, lookErr)
	}
	existing, lookErr := e.charged(ctx, who, other.ID, false)
	if fault.KindOf(lookErr) == fault.NotFound { // A call out of the caller's reach.
		return fault.New(fault.DuplicateGeneration, "The generation was charged to another call. An answer is booked once.")
	}
	if lookErr != nil {
		return errors.Join(err, lookErr)
	}
	return &DuplicateGenerationError{GenerationID: generationID, Existing: existing}
}
