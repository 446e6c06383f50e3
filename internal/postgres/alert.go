package postgres

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
)

// WriteAlert writes an alert, unless one with the same keys exists. addressed reports that it was written and that the
// organization has a webhook: then it has a delivery, which a sweeper claims from wakeAt on.
func (s *Store) WriteAlert(ctx context.Context, a cost.Alert, wakeAt time.Time) (addressed bool, err error) {
	in := dbsqlc.AlertWriteParams{
		OrganizationID: a.OrganizationID,
		ID:             a.ID,
		Kind:           a.Kind,
		AccountID:      a.AccountID,
		CallID:         a.CallID,
		ProposalID:     a.ProposalID,
		Threshold:      pointer(a.Threshold),
		At:             a.At,
		Pending:        cost.DeliveryPending,
		WakeAt:         wakeAt,
	}
	if a.AccountID != nil {
		in.Sequence = &a.Sequence
	}
	if a.Kind == cost.AlertThreshold {
		in.LimitSequence = &a.LimitSequence
	}
	if d := a.Difference; d != nil {
		day := d.Day.Date()
		in.Provider, in.Day, in.Model, in.BookedCalls, in.ChargedCalls = &d.Provider, &day, &a.Model, &d.BookedCalls,
			&d.ChargedCalls
		in.BookedPico, in.ChargedPico = &d.Booked, &d.Charged
	}
	row, err := s.forTenant(a.OrganizationID).AlertWrite(ctx, in)
	addressed, _, err = one(row, err, func(addressed bool) bool { return addressed })
	return addressed, err
}

// AlertPage selects alerts of some kinds: those before a cursor, those just after it when Ascending, or the one of an
// id. A nil cursor starts at the end. Ascending ones come with the oldest first, all others with the newest first.
type AlertPage struct {
	Unread    bool // only alerts that the caller has not read
	Kinds     []cost.AlertKind
	ID        *uuid.UUID
	Ascending bool
	At        *time.Time
	CursorID  *uuid.UUID
	First     int32
}

// AlertsThere returns those of the ids that alerts have.
func (s *Store) AlertsThere(ctx context.Context, who caller.Caller, ids []uuid.UUID) ([]uuid.UUID, error) {
	return s.forTenant(who.OrganizationID).AlertIDs(ctx, dbsqlc.AlertIDsParams{
		OrganizationID: who.OrganizationID,
		Ids:            ids,
		PageSize:       int32(len(ids)), //nolint:gosec // The engine limits the ids.
	})
}

// Alerts returns at most First alerts with their subjects.
func (s *Store) Alerts(ctx context.Context, who caller.Caller, page AlertPage) ([]cost.Alert, error) {
	rows, err := s.forTenant(who.OrganizationID).AlertList(ctx, dbsqlc.AlertListParams{
		OrganizationID: who.OrganizationID,
		Kinds:          texts(page.Kinds),
		ID:             page.ID,
		Ascending:      page.Ascending,
		CursorAt:       page.At,
		CursorID:       page.CursorID,
		PageSize:       page.First,
		Unread:         page.Unread,
		Actor:          who.Actor,
	})
	alerts, err := many(rows, err, toAlert)
	if err == nil {
		err = s.addReadMarks(ctx, who, alerts)
	}
	for i := range alerts {
		alerts[i].OrganizationID = who.OrganizationID
	}
	if page.Ascending {
		slices.Reverse(alerts)
	}
	return alerts, err
}

// CountAlerts counts the alerts of some kinds, and with unread those of them that the caller has not read.
func (s *Store) CountAlerts(
	ctx context.Context, who caller.Caller, kinds []cost.AlertKind, unread bool,
) (int, error) {
	n, err := s.forTenant(who.OrganizationID).AlertCount(ctx, dbsqlc.AlertCountParams{
		OrganizationID: who.OrganizationID,
		Kinds:          texts(kinds),
		Unread:         unread,
		Actor:          who.Actor,
	})
	return int(n), translate(err)
}

// EachEntryAlert calls visit for every alert of every organization that an entry has caused, in the order of their
// keys. Such an alert has the columns of its own row only.
func (s *Store) EachEntryAlert(ctx context.Context, visit func(cost.Alert) error) error {
	in := dbsqlc.AlertListAllParams{PageSize: auditPage}
	return pages(func() ([]dbsqlc.Alert, error) { return s.forAudit().AlertListAll(ctx, in) },
		func(r dbsqlc.Alert) error {
			in.AfterOrganizationID, in.AfterID = r.OrganizationID, r.ID
			return visit(cost.Alert{
				OrganizationID: r.OrganizationID,
				ID:             r.ID,
				Kind:           r.Kind,
				At:             r.CreatedAt.UTC(),
				AccountID:      r.AccountID,
				Sequence:       value(r.Sequence),
				LimitSequence:  value(r.LimitSequence),
				Threshold:      value(r.Threshold),
				CallID:         r.CallID,
			})
		})
}

func toAlert(r dbsqlc.AlertListRow) cost.Alert {
	a := cost.Alert{
		ID:          r.ID,
		Kind:        r.Kind,
		At:          r.CreatedAt.UTC(),
		AccountID:   r.AccountID,
		AccountKind: cost.AccountKind(r.AccountKind),
		Sequence:    value(r.Sequence),
		Threshold:   value(r.Threshold),
		Settled:     cost.Pico(r.SettledPico),
		Limit:       cost.Limit(r.LimitPico),
		CallID:      r.CallID,
		WorkflowID:  r.WorkflowID,
		Recorded:    r.Recorded,
		Hold:        cost.Pico(r.HoldPico),
		Cost:        cost.Pico(r.CostPico),
		ProposalID:  r.ProposalID,
		Model:       r.Model,
		Component:   cost.Component(r.Component),
		Unit:        cost.Pico(r.UnitPico),
		Difference: difference(r.Provider, r.Day, cost.Difference{
			BookedCalls:  value(r.BookedCalls),
			ChargedCalls: value(r.ChargedCalls),
			Booked:       value(r.BookedPico),
			Charged:      value(r.ChargedPico),
		}),
	}
	if a.CallID == nil {
		a.CallID = r.EntryCallID
	}
	if a.AccountKind == cost.AccountWorkflow {
		a.WorkflowID = a.AccountID
	}
	if r.PeriodStart != nil && r.PeriodEnd != nil {
		a.Period = &cost.Period{Start: r.PeriodStart.UTC(), End: r.PeriodEnd.UTC()}
	}
	if r.State != "" {
		a.Delivery = &cost.Delivery{
			State:       cost.DeliveryState(r.State),
			Attempts:    r.Attempts,
			AttemptedAt: utc(r.AttemptedAt),
			LastStatus:  r.LastStatus,
			LastError:   r.LastError,
			EndedAt:     utc(r.EndedAt),
			NextAt:      utc(r.NextAt),
		}
	}
	return a
}

// difference completes a difference; nil without a provider.
func difference(provider *string, day *time.Time, d cost.Difference) *cost.Difference {
	if provider == nil {
		return nil
	}
	d.Provider, d.Day = *provider, cost.NewDay(value(day))
	return &d
}
