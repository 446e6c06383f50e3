package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// settlement is what a call cost and how sure that is.
type settlement struct {
	SettleInput
	// late says that the word is the provider's own: what differs from an earlier booking is an adjustment. Without it
	// the same call with another content is a mistake of the client.
	late bool
	at   time.Time
}

// Settle books what a call cost, in full, whatever the limits: the money is spent. The same settlement again is
// replayed; with other content it is IDEMPOTENCY_MISMATCH. A call whose cost was assumed is adjusted.
func (e *Engine) Settle(ctx context.Context, who caller.Caller, in SettleInput) (Charged, error) {
	return e.settle(ctx, who, in, false)
}

// SettleLate is Settle for the word of the provider itself: it is always recorded, as an adjustment when something else
// was booked before.
func (e *Engine) SettleLate(ctx context.Context, who caller.Caller, in SettleInput) (Charged, error) {
	return e.settle(ctx, who, in, true)
}

func (e *Engine) settle(
	ctx context.Context, who caller.Caller, in SettleInput, late bool,
) (_ Charged, err error) {
	ctx, end := e.begin(ctx, "Settle")
	defer end(&err)
	call, err := e.Call(ctx, who, in.CallID)
	if err != nil {
		return Charged{}, err
	}
	at, key := e.now(), in.IdempotencyKey
	in.IdempotencyKey = ""
	replayed := false
	replay, err := e.once(ctx, who, request{
		key: key, operation: "settleUsage", content: in, flow: call.WorkflowID, call: &in.CallID, at: at,
	}, func(tx *postgres.Store) (err error) {
		replayed, err = e.settleIn(ctx, tx, who, settlement{SettleInput: in, late: late, at: at})
		return err
	})
	if err != nil {
		return Charged{}, fmt.Errorf("settle call %s: %w", in.CallID, err)
	}
	return e.charged(ctx, who, in.CallID, replayed || replay != nil)
}

// settleIn books a settlement within a transaction, and tells of the answer of a model that was not asked. replayed is
// true when it had been booked before.
func (e *Engine) settleIn(
	ctx context.Context, tx *postgres.Store, who caller.Caller, in settlement,
) (replayed bool, err error) {
	if replayed, err = e.bookCost(ctx, tx, who, in); err != nil || in.Failure != workflow.FailureModelDrift {
		return replayed, err
	}
	return replayed, e.raise(ctx, tx, cost.Alert{
		OrganizationID: who.OrganizationID, Kind: cost.AlertDrift, At: in.at, CallID: &in.CallID,
	})
}

func (e *Engine) bookCost(
	ctx context.Context, tx *postgres.Store, who caller.Caller, in settlement,
) (replayed bool, err error) {
	call, there, err := tx.LockCall(ctx, who, in.CallID)
	if call, err = found(call, there, err, "call"); err != nil {
		return false, err
	}
	bill, err := e.bill(ctx, tx, call, in)
	if err != nil {
		return false, err
	}
	if !call.State.Open() {
		return e.settleAgain(ctx, tx, who, again{settlement: in, call: call, bill: bill})
	}
	settled, won, err := tx.SettleCall(ctx, who, in.CallID, bill)
	if err != nil || !won {
		return false, lostUnless(won, err)
	}
	return false, e.book(ctx, tx, who, postgres.Booking{
		Kind: cost.EntrySettle, Call: settled, Delta: cost.Delta{Settled: bill.Cost, Held: -settled.Hold},
		Overage: settled.Overage, Reason: string(in.Failure), At: in.at,
	})
}

// bill puts together what a call cost: what the provider reported, or the price table's figure, which is kept beside it
// in any case.
func (e *Engine) bill(
	ctx context.Context, tx *postgres.Store, call postgres.Call, in settlement,
) (postgres.Bill, error) {
	if err := in.Usage.Check(); err != nil {
		return postgres.Bill{}, err
	}
	usage := in.Usage
	if usage.WebSearches == 0 {
		usage.WebSearches = call.WebSearches
	}
	bill := postgres.Bill{
		Usage: usage, Model: in.Model, Provider: in.Provider, GenerationID: in.GenerationID, Failure: in.Failure,
		At: in.at,
	}
	prices, err := tx.Prices(ctx, call.OrganizationID, []string{in.Model}, call.ReservedAt)
	if err != nil {
		return bill, fmt.Errorf("read prices: %w", err)
	}
	listed, err := cost.ListCost(prices, in.Model, usage, call.ReservedAt)
	switch {
	case err == nil:
		bill.ListCost, bill.Cost = &listed, listed
	case in.Cost == nil:
		return bill, err
	}
	if in.Cost != nil {
		bill.Cost = *in.Cost
	}
	if in.late { // The provider's word, which its client has read as an amount that is not negative.
		return bill, nil
	}
	return bill, checkTold(bill.Cost)
}

// checkTold refuses what a caller says a call cost when no call costs that.
func checkTold(told cost.Pico) error {
	if told < 0 {
		return fault.Invalid([]string{"cost"}, "A cost cannot be negative.")
	}
	if told > cost.MaxToldCost {
		return fault.Invalid([]string{"cost"}, "No call costs more than $%s.", cost.MaxToldCost)
	}
	return nil
}

// again is a settlement of a call that has an outcome.
type again struct {
	settlement
	call postgres.Call
	bill postgres.Bill
}

// settleAgain compares a settlement with what was booked. The same is a replay; what the provider says, and what comes
// for an assumed call, is booked as an adjustment; anything else is a mistake.
func (e *Engine) settleAgain(
	ctx context.Context, tx *postgres.Store, who caller.Caller, in again,
) (replayed bool, err error) {
	if in.call.State == cost.CallSettled && !in.late {
		same := *in.call.Cost == in.bill.Cost && in.call.AnsweredModel == in.bill.Model &&
			in.call.Usage == in.bill.Usage
		if !same {
			return false, fault.New(fault.IdempotencyMismatch, "The call was settled before, with other figures.")
		}
		return true, nil
	}
	if in.call.State == cost.CallReleased && !in.late {
		return false, fault.New(fault.Conflict, "The call was released: it was said that it cost nothing.")
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
		Kind: cost.EntryAdjust, Call: in.call, Delta: cost.Delta{Settled: delta}, At: in.at,
		Reason: "the cost became known after the call had ended",
	})
}

// Release gives a hold back. It is for calls that were proved to have cost nothing: never sent, or refused before the
// model started. Releasing again is a replay; a call that was settled or assumed is a CONFLICT.
func (e *Engine) Release(ctx context.Context, who caller.Caller, in ReleaseInput) (_ Charged, err error) {
	ctx, end := e.begin(ctx, "Release")
	defer end(&err)
	if err := checkReason(in.Reason); err != nil {
		return Charged{}, err
	}
	call, err := e.Call(ctx, who, in.CallID)
	if err != nil {
		return Charged{}, err
	}
	at, key := e.now(), in.IdempotencyKey
	in.IdempotencyKey = ""
	replayed := false
	replay, err := e.once(ctx, who, request{
		key: key, operation: "releaseUsage", content: in, flow: call.WorkflowID, call: &in.CallID, at: at,
	}, func(tx *postgres.Store) error {
		released, err := e.releaseIn(ctx, tx, who, release{ReleaseInput: in, at: at})
		replayed = !released
		return err
	})
	if err != nil {
		return Charged{}, fmt.Errorf("release call %s: %w", in.CallID, err)
	}
	return e.charged(ctx, who, in.CallID, replayed || replay != nil)
}

// release is a hold to be given back. from limits it to calls in these states, and leaves the others alone; nil is for
// all open ones, and for an ended one it is a CONFLICT.
type release struct {
	ReleaseInput
	from []cost.CallState
	at   time.Time
}

// releaseIn gives a hold back within a transaction. released is false when that had happened before.
func (e *Engine) releaseIn(
	ctx context.Context, tx *postgres.Store, who caller.Caller, in release,
) (released bool, err error) {
	call, won, err := tx.ReleaseCall(ctx, who, in.CallID, in.from, in.Failure, in.at)
	if err != nil || !won && in.from != nil {
		return false, err
	}
	if !won {
		call, there, err := tx.Call(ctx, who, in.CallID)
		if call, err = found(call, there, err, "call"); err != nil || call.State == cost.CallReleased {
			return false, err
		}
		return false, fault.New(fault.Conflict, "The call is %s: its money cannot be released.", call.State)
	}
	return true, e.book(ctx, tx, who, postgres.Booking{
		Kind: cost.EntryRelease, Call: call, Delta: cost.Delta{Held: -call.Hold}, Reason: in.Reason, At: in.at,
	})
}

// Dispatch marks a call as sent, before it is. *LostRunError when the run that reserved it is over, CONFLICT when the
// call is not RESERVED any more: then it must not be sent.
func (e *Engine) Dispatch(ctx context.Context, who caller.Caller, id uuid.UUID, provider string) (err error) {
	ctx, end := e.begin(ctx, "Dispatch")
	defer end(&err)
	_, won, err := e.store.DispatchCall(ctx, who, id, provider, e.now())
	if err != nil {
		return fmt.Errorf("dispatch call %s: %w", id, err)
	}
	if won {
		return nil
	}
	call, err := e.Call(ctx, who, id)
	if err != nil {
		return err
	}
	if call.State != cost.CallReserved {
		return fault.New(fault.Conflict, "The call is %s: it must not be sent.", call.State)
	}
	return e.lost(ctx, who, workflow.Run{WorkflowID: call.WorkflowID})
}

// Identify stores the provider's name for the generation, by which it can be asked later.
func (e *Engine) Identify(
	ctx context.Context, who caller.Caller, id uuid.UUID, provider, generationID string,
) (err error) {
	ctx, end := e.begin(ctx, "Identify")
	defer end(&err)
	if err := e.store.IdentifyCall(ctx, who, id, provider, generationID); err != nil {
		return fmt.Errorf("identify call %s: %w", id, err)
	}
	return nil
}

// Suspect says that nobody knows whether a call was charged. The hold stays, and the sweeper begins to ask. A call that
// has an outcome keeps it.
func (e *Engine) Suspect(ctx context.Context, who caller.Caller, id uuid.UUID, why workflow.FailureCode) (err error) {
	ctx, end := e.begin(ctx, "Suspect")
	defer end(&err)
	at := e.now()
	err = e.store.InTx(ctx, func(tx *postgres.Store) error {
		call, suspected, err := tx.SuspectCall(ctx, who, id, why, at, at.Add(pause(0)))
		if err != nil || !suspected || why != workflow.FailureModelDrift {
			return err
		}
		return e.raise(ctx, tx, aboutCall(cost.AlertDrift, call, at))
	})
	if err != nil {
		return fmt.Errorf("suspect call %s: %w", id, err)
	}
	return nil
}
