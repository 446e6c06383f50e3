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

// ReleaseInput gives the hold of a call back.
type ReleaseInput struct {
	CallID         uuid.UUID
	Reason         string
	Failure        workflow.FailureCode
	IdempotencyKey string
}

// Release gives a hold back. It is for calls that have provably cost nothing: never sent, or refused before the model
// started. The same release again is a replay; with another reason or failure the error is IDEMPOTENCY_MISMATCH. For a
// settled or assumed call it is CONFLICT.
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
		key:       key,
		operation: "releaseUsage",
		content:   in,
		flow:      call.WorkflowID,
		call:      &in.CallID,
		at:        at,
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

// release is a ReleaseInput with its time. from limits it to calls in these states and ignores others. With nil it is
// for all open calls, and an ended call is a CONFLICT.
type release struct {
	ReleaseInput
	from []cost.CallState
	at   time.Time
}

// releaseIn gives a hold back within a transaction. released is false when it was released before.
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
		return false, fault.New(fault.Conflict, "The call is %s: its money cannot be released.", inWords(call.State))
	}
	return true, e.book(ctx, tx, who, postgres.Booking{
		Kind:   cost.EntryRelease,
		Call:   call,
		Delta:  cost.Delta{Held: -call.Hold},
		Reason: in.Reason,
		At:     in.at,
	})
}

// releasedOtherwise refuses a release that differs from the booked one.
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
