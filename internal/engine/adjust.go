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
)

// AdjustInput corrects the booked cost of a call.
type AdjustInput struct {
	AccountID      uuid.UUID // with Sequence: the entry that is corrected
	Sequence       int64
	Cost           cost.Pico // the whole cost of the call after the correction
	Reason         string    // required
	IdempotencyKey string
}

// Adjusted is a correction that was booked.
type Adjusted struct {
	Charged
	Entry cost.Entry
}

// Adjust corrects an entry that booked the outcome of a call, or an earlier correction: afterwards the call has cost
// Cost. The correction is an entry of its own on both accounts and names the one it corrects; nothing is rewritten. A
// call that has no outcome yet is a CONFLICT.
func (e *Engine) Adjust(ctx context.Context, who caller.Caller, in AdjustInput) (_ Adjusted, err error) {
	ctx, end := e.begin(ctx, "Adjust")
	defer end(&err)
	if err := checkAdjust(in); err != nil {
		return Adjusted{}, err
	}
	entry, err := e.EntryAt(ctx, who, in.AccountID, in.Sequence)
	if err != nil {
		return Adjusted{}, err
	}
	if entry.CallID == nil {
		return Adjusted{}, notAnOutcome()
	}
	at, key := e.now(), in.IdempotencyKey
	in.IdempotencyKey = ""
	var made cost.Entry
	replay, err := e.once(ctx, who, request{
		key:       key,
		operation: "adjustUsage",
		content:   in,
		call:      entry.CallID,
		at:        at,
	}, func(tx *postgres.Store) (err error) {
		made, err = e.adjustIn(ctx, tx, who, adjustment{AdjustInput: in, entry: entry, at: at})
		if err != nil || key == "" {
			return err
		}
		done := postgres.Made{AccountID: &made.AccountID, Sequence: &made.Sequence}
		return tx.CompleteIdempotencyRecord(ctx, who, key, done)
	})
	if err != nil {
		return Adjusted{}, fmt.Errorf("adjust entry %d: %w", in.Sequence, err)
	}
	if replay != nil && replay.Sequence != nil {
		if made, err = e.EntryAt(ctx, who, *replay.AccountID, *replay.Sequence); err != nil {
			return Adjusted{}, err
		}
	}
	charged, err := e.charged(ctx, who, *entry.CallID, replay != nil)
	return Adjusted{Charged: charged, Entry: made}, err
}

// maxCorrectionReason leaves room for the words by which the ledger names the corrected entry.
const maxCorrectionReason = 1900

func checkAdjust(in AdjustInput) error {
	switch {
	case saysNothing(in.Reason):
		return fault.Invalid([]string{"reason"}, "A correction needs a reason.")
	case len([]rune(in.Reason)) > maxCorrectionReason:
		return fault.Invalid([]string{"reason"}, "The reason of a correction has at most %d characters.", maxCorrectionReason)
	}
	if err := checkReportedCost(in.Cost); err != nil {
		return err
	}
	return checkReason(in.Reason)
}

func notAnOutcome() error {
	return fault.Invalid([]string{"entryId"}, "Only an entry that booked the outcome of a call can be corrected.")
}

// adjustment is a correction of an entry.
type adjustment struct {
	AdjustInput
	entry cost.Entry
	at    time.Time
}

func (e *Engine) adjustIn(
	ctx context.Context, tx *postgres.Store, who caller.Caller, in adjustment,
) (cost.Entry, error) {
	call, there, err := tx.LockCall(ctx, who, *in.entry.CallID)
	if call, err = found(call, there, err, "call"); err != nil {
		return cost.Entry{}, err
	}
	if call.State.Open() {
		return cost.Entry{}, fault.New(fault.Conflict, "The call has no outcome yet: settle it.")
	}
	if in.entry.Kind == cost.EntryReserve {
		return cost.Entry{}, notAnOutcome()
	}
	booked, err := tx.BookedFor(ctx, call)
	if err != nil {
		return cost.Entry{}, fmt.Errorf("read the booked cost of call %s: %w", call.ID, err)
	}
	delta, err := in.Cost.Sub(booked)
	if err != nil {
		return cost.Entry{}, err
	}
	entry, moves, err := tx.AdjustCall(ctx, who, postgres.Adjust{
		Entry:  in.entry,
		Call:   call,
		Delta:  delta,
		Reason: in.Reason,
		At:     in.at,
	})
	if err != nil {
		return entry, err
	}
	return entry, e.watch(ctx, tx, moves)
}
