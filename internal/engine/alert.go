package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres"
)

// book writes a booking into both accounts of its call, and the alerts that it causes.
func (e *Engine) book(ctx context.Context, tx *postgres.Store, who caller.Caller, b postgres.Booking) error {
	moves, err := tx.Book(ctx, who, b)
	if err != nil {
		return err
	}
	return e.watchCall(ctx, tx, b.Call, moves)
}

// watchCall is watch for the entries of a call. It also writes one alert for an overage, at the first entry with one.
func (e *Engine) watchCall(
	ctx context.Context, tx *postgres.Store, call postgres.Call, moves []postgres.Movement,
) error {
	for _, m := range moves {
		if m.Overage {
			over := aboutCall(cost.AlertOverage, call, m.At)
			over.AccountID, over.Sequence = &m.Account.ID, m.Account.Sequence
			if err := e.raise(ctx, tx, over); err != nil {
				return err
			}
			break
		}
	}
	return e.watch(ctx, tx, moves)
}

// watch writes an alert for each threshold that entries have crossed, in the transaction of the entries. Every change
// of a settled amount or of a limit must call it; verify reports a missing alert.
func (e *Engine) watch(ctx context.Context, tx *postgres.Store, moves []postgres.Movement) error {
	for _, m := range moves {
		before := m.Account.Balance
		before.Settled -= m.Delta.Settled // The balance before the entry.
		before.Limit -= m.Delta.Limit
		for _, threshold := range cost.Crossed(before, m.Account.Balance) {
			err := e.raise(ctx, tx, cost.Alert{
				OrganizationID: m.Account.OrganizationID,
				Kind:           cost.AlertThreshold,
				At:             m.At,
				Threshold:      threshold,
				AccountID:      &m.Account.ID,
				Sequence:       m.Account.Sequence,
				LimitSequence:  m.Account.LimitSequence,
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func aboutCall(kind cost.AlertKind, call postgres.Call, at time.Time) cost.Alert {
	return cost.Alert{
		OrganizationID: call.OrganizationID,
		Kind:           kind,
		At:             at,
		CallID:         &call.ID,
	}
}

// raise writes an alert and inserts its delivery job when the organization has a webhook. An alert that exists already
// changes nothing.
func (e *Engine) raise(ctx context.Context, tx *postgres.Store, a cost.Alert) error {
	a.ID = e.newID()
	addressed, err := tx.WriteAlert(ctx, a, a.At.Add(wakeAfter))
	if err != nil {
		return fmt.Errorf("write an alert: %w", err)
	}
	if !addressed {
		return nil
	}
	return e.jobs.Deliver(ctx, tx.Tx(), a.OrganizationID, a.ID, a.At)
}

// alert writes alerts as raise does, and those without an organization for the operator.
func (e *Engine) alert(ctx context.Context, tx *postgres.Store, alerts ...cost.Alert) error {
	for _, a := range alerts {
		if a.OrganizationID != uuid.Nil {
			if err := e.raise(ctx, tx, a); err != nil {
				return err
			}
			continue
		}
		a.ID = e.newID()
		if err := tx.WriteOperatorAlert(ctx, a); err != nil {
			return fmt.Errorf("write an alert of the operator: %w", err)
		}
	}
	return nil
}
