package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
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
// replayed; with other content it is IDEMPOTENCY_MISMATCH. A call whose cost was assumed is adjusted, once.
//
// Errors: INVALID_INPUT for content that cannot be; *cost.PriceUnknownError without a cost when the model had no price;
// *DuplicateGenerationError when the generation was charged to another call; CONFLICT when the call was released, or is
// known by another generation.
func (e *Engine) Settle(ctx context.Context, who caller.Caller, in SettleInput) (Charged, error) {
	return e.settle(ctx, who, in, false)
}

// SettleLate is Settle for the provider's own answer: it is always recorded, as an adjustment when something else was
// booked before. Token counts that contradict each other are mended, and a generation that another call has is marked.
func (e *Engine) SettleLate(ctx context.Context, who caller.Caller, in SettleInput) (Charged, error) {
	return e.settle(ctx, who, clean(in), true)
}

// clean makes the names, the id and the counts beside a provider's cost fit to be kept, so that none of them stops the
// booking.
func clean(in SettleInput) SettleInput {
	in.Model, in.Provider = cost.CleanName(in.Model), cost.CleanName(in.Provider)
	in.GenerationID, in.Usage = cost.CleanGenerationID(in.GenerationID), in.Usage.Clean()
	return in
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
		err = e.explainDuplicate(ctx, who, in.GenerationID, err)
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
	if in.GenerationID != "" && call.GenerationID != "" && in.GenerationID != call.GenerationID && !in.late {
		return false, fault.New(fault.Conflict, "The call is known by another generation: %q.", call.GenerationID)
	}
	settled, won, err := tx.SettleCall(ctx, who, in.CallID, bill)
	if in.late && fault.KindOf(err) == fault.DuplicateGeneration {
		return false, fault.New(fault.Unavailable, "Another call is just being given the same generation. Try again.")
	}
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
	if err := in.check(); err != nil {
		return postgres.Bill{}, err
	}
	usage := in.Usage.Consistent()
	if usage.WebSearches == 0 {
		usage.WebSearches = call.WebSearches
	}
	bill := postgres.Bill{
		Usage:        usage,
		Model:        in.Model,
		Provider:     in.Provider,
		GenerationID: in.GenerationID,
		Failure:      in.Failure,
		At:           in.at,
	}
	if in.late && in.GenerationID != "" {
		who := caller.Caller{OrganizationID: call.OrganizationID}
		other, there, err := tx.CallOfGeneration(ctx, who, in.GenerationID)
		if err != nil {
			return bill, fmt.Errorf("look for generation %q: %w", in.GenerationID, err)
		}
		bill.GenerationRepeated = there && other.ID != call.ID
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
		return bill, made(err)
	}
	if in.Cost != nil {
		bill.Cost = *in.Cost
	}
	if in.late { // The provider's word, which its client has read as an amount that is not negative.
		return bill, nil
	}
	return bill, checkTold(bill.Cost)
}

// check refuses what a caller reports and cannot be. The provider's own answer is booked whatever it says.
func (in settlement) check() error {
	if in.late {
		return nil
	}
	if strings.TrimSpace(in.Model) == "" {
		return fault.Invalid([]string{"model"}, "Name the model that answered.")
	}
	if strings.TrimSpace(in.GenerationID) != in.GenerationID { // It would be another name of the same answer.
		return fault.Invalid([]string{"generationId"}, "A generation id has no white space around it.")
	}
	return in.Usage.CheckReported()
}

// made says of an unknown price that the call was made already.
func made(err error) error {
	var unknown *cost.PriceUnknownError
	if errors.As(err, &unknown) {
		return &cost.PriceUnknownError{Model: unknown.Model, Made: true}
	}
	return err
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

// Release gives a hold back. It is for calls that were proved to have cost nothing: never sent, or refused before the
// model started. The same release again is a replay, with another reason or failure IDEMPOTENCY_MISMATCH; a call that
// was settled or assumed is a CONFLICT.
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
		if call, err = found(call, there, err, "call"); err != nil {
			return false, err
		}
		if call.State == cost.CallReleased {
			return false, e.releasedOtherwise(ctx, tx, call, in)
		}
		return false, fault.New(fault.Conflict, "The call is %s: its money cannot be released.", call.State)
	}
	return true, e.book(ctx, tx, who, postgres.Booking{
		Kind: cost.EntryRelease, Call: call, Delta: cost.Delta{Held: -call.Hold}, Reason: in.Reason, At: in.at,
	})
}

// releasedOtherwise refuses a release that says something else than the one that was booked.
func (e *Engine) releasedOtherwise(ctx context.Context, tx *postgres.Store, call postgres.Call, in release) error {
	entry, there, err := tx.LastEntryOf(ctx, call, cost.EntryRelease)
	if err != nil {
		return fmt.Errorf("read how call %s was released: %w", call.ID, err)
	}
	if there && entry.Reason == in.Reason && call.FailureCode == string(in.Failure) {
		return nil
	}
	return fault.New(fault.IdempotencyMismatch, "The call was released before, for another reason or failure.")
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

// Identify stores the provider's name for the generation, by which it can be asked later. One that cannot be a name is
// left out: it would only keep a real one from its place.
func (e *Engine) Identify(
	ctx context.Context, who caller.Caller, id uuid.UUID, provider, generationID string,
) (err error) {
	ctx, end := e.begin(ctx, "Identify")
	defer end(&err)
	provider, generationID = cost.CleanName(provider), cost.CleanGenerationID(generationID)
	if generationID == "" {
		return nil
	}
	err = e.store.IdentifyCall(ctx, who, id, provider, generationID)
	if fault.KindOf(err) == fault.DuplicateGeneration {
		err = e.store.IdentifyCall(ctx, who, id, provider, generationID)
	}
	if err != nil {
		return fmt.Errorf("identify call %s: %w", id, err)
	}
	return nil
}

// MarkUnknown says that nobody knows whether a call was charged. The hold stays, and the sweeper begins to ask. A call that
// has an outcome keeps it.
func (e *Engine) MarkUnknown(ctx context.Context, who caller.Caller, id uuid.UUID, why workflow.FailureCode) (err error) {
	ctx, end := e.begin(ctx, "MarkUnknown")
	defer end(&err)
	at := e.now()
	err = e.store.InTx(ctx, func(tx *postgres.Store) error {
		call, suspected, err := tx.MarkCallUnknown(ctx, who, id, why, at, at.Add(pause(0)))
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
