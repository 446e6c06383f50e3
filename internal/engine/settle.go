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

// SettleInput is the cost of a call.
type SettleInput struct {
	CallID uuid.UUID
	Model  string
	Usage  cost.Usage
	// Cost is the figure of the provider; the price table's figure is used when nil.
	Cost           *cost.Pico
	Provider       string
	GenerationID   string
	Failure        workflow.FailureCode // why the answer is unusable; "" when it is usable
	IdempotencyKey string
}

// settlement is a SettleInput with its source and time.
type settlement struct {
	SettleInput
	// late is true for the provider's own answer: a difference from an earlier booking becomes an adjustment.
	// Otherwise a second settlement with other content is a mistake of the client.
	late bool
	at   time.Time
}

// Settle books the cost of a call in full, whatever the limits: the money is spent. The same settlement again is a
// replay, with other content the error is IDEMPOTENCY_MISMATCH. A call whose cost was assumed is adjusted, once.
//
// Errors: INVALID_INPUT; *cost.PriceUnknownError without a cost when the model had no price; *DuplicateGenerationError
// when the generation was charged to another call; CONFLICT when the call was released, or has another generation.
func (e *Engine) Settle(ctx context.Context, who caller.Caller, in SettleInput) (Charged, error) {
	return e.settle(ctx, who, in, false)
}

// SettleLate is Settle for the provider's own answer. It always records the answer, as an adjustment when another cost
// was booked before. It corrects contradictory token counts, and marks a generation that another call has.
func (e *Engine) SettleLate(ctx context.Context, who caller.Caller, in SettleInput) (Charged, error) {
	return e.settle(ctx, who, clean(in), true)
}

// clean bounds the names and the id beside a provider's cost, so that they cannot prevent the booking. bill does so for
// the counts.
func clean(in SettleInput) SettleInput {
	in.Model, in.Provider = cost.CleanName(in.Model), cost.CleanName(in.Provider)
	in.GenerationID = cost.CleanGenerationID(in.GenerationID)
	return in
}

func (e *Engine) settle(
	ctx context.Context, who caller.Caller, in SettleInput, late bool,
) (_ Charged, err error) {
	ctx, end := e.begin(ctx, "Settle")
	defer end(&err)
	call, err := e.readCall(ctx, who, in.CallID)
	if err != nil {
		return Charged{}, err
	}
	at, key := e.now(), in.IdempotencyKey
	in.IdempotencyKey = ""
	r := request{
		key:       key,
		operation: "settleUsage",
		content:   in,
		flow:      call.WorkflowID,
		call:      &in.CallID,
		at:        at,
	}
	replayed, settled := false, settlement{SettleInput: in, late: late, at: at}
	charged, booked, err := e.settleAtOnce(ctx, who, r, settled, call)
	if booked {
		return charged, nil
	}
	var replay *postgres.IdempotencyRecord
	if err == nil {
		replay, err = e.once(ctx, who, r, func(tx *postgres.Store) (err error) {
			replayed, err = e.settleIn(ctx, tx, who, settled)
			return err
		})
	}
	if err != nil {
		err = e.explainDuplicate(ctx, who, in.GenerationID, err)
		return Charged{}, fmt.Errorf("settle call %s: %w", in.CallID, err)
	}
	return e.charged(ctx, who, in.CallID, replayed || replay != nil)
}

// settleAtOnce settles a call by one statement. booked is false when nothing was changed, as for all but the usual
// settlements: settleIn decides about the others. It also explains a fault of the report, because a used key comes
// first.
func (e *Engine) settleAtOnce(
	ctx context.Context, who caller.Caller, r request, in settlement, call postgres.Call,
) (_ Charged, booked bool, err error) {
	if in.late || in.Failure == workflow.FailureModelDrift || !call.State.Open() || call.ArticleID != nil {
		return Charged{}, false, nil
	}
	print, err := fingerprintForKey(r)
	if err != nil {
		return Charged{}, false, err
	}
	bill, err := e.bill(ctx, e.store, call, in)
	if err != nil {
		return Charged{}, false, nil
	}
	made, err := e.bookings.settle(ctx, postgres.NewSettlement{
		Call:        call,
		Bill:        bill,
		Actor:       who.Actor,
		Key:         r.key,
		Fingerprint: print,
	})
	if err != nil || !made.Booked {
		return Charged{}, false, err
	}
	return Charged{Call: made.Call.Call, Workflow: made.Flow}, true, nil
}

// settleIn books a settlement within a transaction. It writes an alert when a model that was not asked has answered.
// replayed is true when the settlement was booked before.
func (e *Engine) settleIn(
	ctx context.Context, tx *postgres.Store, who caller.Caller, in settlement,
) (replayed bool, err error) {
	if replayed, err = e.bookCost(ctx, tx, who, in); err != nil || in.Failure != workflow.FailureModelDrift {
		return replayed, err
	}
	return replayed, e.raise(ctx, tx, cost.Alert{
		OrganizationID: who.OrganizationID,
		Kind:           cost.AlertDrift,
		At:             in.at,
		CallID:         &in.CallID,
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
		return false, fault.New(fault.Conflict, "The call has another generation: %q.", call.GenerationID)
	}
	settled, won, err := tx.SettleCall(ctx, who, in.CallID, bill)
	if in.late && fault.KindOf(err) == fault.DuplicateGeneration {
		return false, fault.New(fault.Unavailable, "Another request is giving the same generation to a call. Try again.")
	}
	if err != nil || !won {
		return false, lostUnless(won, err)
	}
	return false, e.book(ctx, tx, who, postgres.Booking{
		Kind:    cost.EntrySettle,
		Call:    settled,
		Delta:   cost.Delta{Settled: bill.Cost, Held: -settled.Hold},
		Overage: settled.Overage,
		Reason:  string(in.Failure),
		At:      in.at,
	})
}

// bill returns the cost of a call: the provider's figure, or the price table's. It keeps the price table's figure in
// any case.
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
			return bill, fmt.Errorf("find generation %q: %w", in.GenerationID, err)
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
	if in.late { // The client of the provider has refused a negative amount.
		return bill, nil
	}
	return bill, checkReportedCost(bill.Cost)
}

// check refuses an impossible report of a caller. It lets the provider's own answer pass.
func (in settlement) check() error {
	if in.late {
		return nil
	}
	if strings.TrimSpace(in.Model) == "" {
		return fault.Invalid([]string{"model"}, "Name the model that answered.")
	}
	if strings.TrimSpace(in.GenerationID) != in.GenerationID { // It would be a second id of the same answer.
		return fault.Invalid([]string{"generationId"}, "A generation id has no white space around it.")
	}
	for _, name := range []struct{ field, text, clean string }{
		{"model", in.Model, cost.CleanName(in.Model)},
		{"provider", in.Provider, cost.CleanName(in.Provider)},
		{"generationId", in.GenerationID, cost.CleanGenerationID(in.GenerationID)},
	} {
		if name.text != name.clean {
			return fault.Invalid([]string{name.field}, "%s has at most 200 characters, all of them printable.", name.field)
		}
	}
	return in.Usage.CheckReported()
}

// made marks the error of an unknown price: the call was made already.
func made(err error) error {
	var unknown *cost.PriceUnknownError
	if errors.As(err, &unknown) {
		return &cost.PriceUnknownError{Model: unknown.Model, Made: true}
	}
	return err
}

// checkReportedCost refuses an impossible cost of a caller.
func checkReportedCost(reported cost.Pico) error {
	if reported < 0 {
		return fault.Invalid([]string{"cost"}, "A cost cannot be negative.")
	}
	if reported > cost.MaxCallCost {
		return fault.Invalid([]string{"cost"}, "No call costs more than $%s.", cost.MaxCallCost)
	}
	return nil
}
