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

// book writes a booking into both accounts of its call, and what somebody should hear of because of it.
func (e *Engine) book(ctx context.Context, tx *postgres.Store, who caller.Caller, b postgres.Booking) error {
	moves, err := tx.Book(ctx, who, b)
	if err != nil {
		return err
	}
	return e.watchCall(ctx, tx, b.Call, moves)
}

// watchCall is watch for the entries of a call, which may be an overage: one for the call, at the first entry that says
// so.
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

// watch writes an alert for each threshold that entries have crossed, in the transaction of the entries. Whoever has
// changed what an account has settled, or its limit, calls it; the audit objects otherwise.
func (e *Engine) watch(ctx context.Context, tx *postgres.Store, moves []postgres.Movement) error {
	for _, m := range moves {
		before := m.Account.Balance
		before.Settled -= m.Delta.Settled // What an entry has added can be taken away again.
		before.Limit -= m.Delta.Limit
		for _, threshold := range cost.Crossed(before, m.Account.Balance) {
			err := e.raise(ctx, tx, cost.Alert{
				OrganizationID: m.Account.OrganizationID, Kind: cost.AlertThreshold, At: m.At, Threshold: threshold,
				AccountID: &m.Account.ID, Sequence: m.Account.Sequence, LimitSequence: m.Account.LimitSequence,
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func aboutCall(kind cost.AlertKind, call postgres.Call, at time.Time) cost.Alert {
	return cost.Alert{OrganizationID: call.OrganizationID, Kind: kind, At: at, CallID: &call.ID}
}

// raise writes an alert and, for an organization with a webhook, asks for a worker to deliver it. One that is there
// already changes nothing.
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

// tell writes alerts of organizations as raise does, and those of none for the operator.
func (e *Engine) tell(ctx context.Context, tx *postgres.Store, alerts ...cost.Alert) error {
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

// ModelDifference is a difference for the calls that one model has answered; Model is "" for calls without an answer.
type ModelDifference struct {
	Model string
	cost.Difference
}

// AlertDifferencesInput names the differences between the ledger and a provider's figures. Organization is nil when they
// are not of one organization's calls alone.
type AlertDifferencesInput struct {
	Organization *uuid.UUID
	Differences  []ModelDifference
}

// AlertDifferences writes an alert for each difference, once: of the organization, else of the operator, since a
// provider does not say whose calls it has charged.
func (e *Engine) AlertDifferences(ctx context.Context, in AlertDifferencesInput) error {
	if len(in.Differences) == 0 {
		return nil
	}
	at := e.now()
	alerts := make([]cost.Alert, len(in.Differences))
	for i, d := range in.Differences {
		alerts[i] = cost.Alert{Kind: cost.AlertDifference, At: at, Model: d.Model, Difference: &d.Difference}
		if in.Organization != nil {
			alerts[i].OrganizationID = *in.Organization
		}
	}
	return e.store.InTx(ctx, func(tx *postgres.Store) error { return e.tell(ctx, tx, alerts...) })
}

// AlertsInput asks for alerts of some kinds, the newest first; no kinds are all. Before is the key of the last one
// seen.
type AlertsInput struct {
	Kinds  []cost.AlertKind
	Before *Cursor
	First  int
}

func (in AlertsInput) kinds() []cost.AlertKind {
	if len(in.Kinds) == 0 {
		return cost.AlertKinds()
	}
	return in.Kinds
}

// Alerts returns at most First alerts of the caller's organization.
func (e *Engine) Alerts(ctx context.Context, who caller.Caller, in AlertsInput) ([]cost.Alert, error) {
	page := postgres.AlertPage{Kinds: in.kinds(), First: int32(in.First)}
	if in.Before != nil {
		page.BeforeAt, page.BeforeID = &in.Before.At, &in.Before.ID
	}
	alerts, err := e.store.Alerts(ctx, who, page)
	if err != nil {
		return nil, fmt.Errorf("list alerts: %w", err)
	}
	return alerts, nil
}

// CountAlerts counts what Alerts returns a part of.
func (e *Engine) CountAlerts(ctx context.Context, who caller.Caller, in AlertsInput) (int, error) {
	n, err := e.store.CountAlerts(ctx, who, in.kinds())
	if err != nil {
		return 0, fmt.Errorf("count alerts: %w", err)
	}
	return n, nil
}

// Alert returns one alert of the caller's organization.
func (e *Engine) Alert(ctx context.Context, who caller.Caller, id uuid.UUID) (cost.Alert, error) {
	alerts, err := e.store.Alerts(ctx, who, postgres.AlertPage{Kinds: cost.AlertKinds(), ID: &id, First: 1})
	if err != nil {
		return cost.Alert{}, fmt.Errorf("read an alert: %w", err)
	}
	if len(alerts) == 0 {
		return cost.Alert{}, notFound("alert")
	}
	return alerts[0], nil
}

// OperatorAlerts returns the last alerts that only the operator hears of. The server's role may not read them.
func (e *Engine) OperatorAlerts(ctx context.Context, first int) ([]cost.Alert, error) {
	alerts, err := e.store.OperatorAlerts(ctx, int32(first))
	if err != nil {
		return nil, fmt.Errorf("list the operator's alerts: %w", err)
	}
	return alerts, nil
}
