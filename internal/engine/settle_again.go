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

// settleAgain compares a settlement with what was booked. The same is a replay. The provider's own answer, and the
// first settlement of an assumed call, are booked as an adjustment. Anything else is a mistake.
func (e *Engine) settleAgain(
	ctx context.Context, tx *postgres.Store, who caller.Caller, in again,
) (replayed bool, err error) {
	switch {
	case in.late:
	case in.call.State == cost.CallSettled:
		return true, in.differs()
	case in.call.State == cost.CallReleased:
		return false, fault.New(fault.Conflict, "The call was released: it was said that it cost nothing.")
	default:
		return e.settleAssumed(ctx, tx, who, in)
	}
	if in.call.State == cost.CallSettled && in.Cost == nil {
		return true, nil // What was booked is the provider's word or the same figure; a price table does not correct it.
	}
	booked, err := tx.BookedFor(ctx, in.call)
	if err != nil {
		return false, fmt.Errorf("read what was booked for call %s: %w", in.call.ID, err)
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

// differs says in what a settlement differs from the one that was booked; nil when it is the same. Of a call that a
// worker of ours has sent, the provider and the generation were known before: leaving them out contradicts nothing.
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

// reason keeps in the ledger what is said of a call that has ended: its row does not change any more.
func (in again) reason() string {
	b := in.bill
	return fmt.Sprintf("the cost became known after the call had ended: $%s, model %q, provider %q, generation %q, "+
		"failure %q, tokens %d (%d cached) and %d (%d reasoning), searches %d", b.Cost, b.Model, b.Provider,
		b.GenerationID, b.Failure, b.Usage.PromptTokens, b.Usage.CachedTokens, b.Usage.CompletionTokens,
		b.Usage.ReasoningTokens, b.Usage.WebSearches)
}

// settleAssumed books the first settlement of a call whose cost was assumed, also when the assumption was right: the
// entry keeps what the caller has reported.
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
		return false, fmt.Errorf("read what was booked for call %s: %w", in.call.ID, err)
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
		return fault.New(fault.Conflict, "The call is known by another generation: %q.", in.call.GenerationID)
	}
	switch _, there, err := tx.CallOfGeneration(ctx, who, in.GenerationID); {
	case err != nil:
		return fmt.Errorf("look for generation %q: %w", in.GenerationID, err)
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
	if lookErr != nil {
		return errors.Join(err, lookErr)
	}
	return &DuplicateGenerationError{GenerationID: generationID, Existing: existing}
}
