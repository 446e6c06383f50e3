package postgres

import (
	"context"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
)

// WriteOperatorAlert writes an alert for the operator, unless one with the same keys exists.
func (s *Store) WriteOperatorAlert(ctx context.Context, a cost.Alert) error {
	in := dbsqlc.OperatorAlertAddParams{
		ID:         a.ID,
		Kind:       a.Kind,
		ProposalID: a.ProposalID,
		At:         a.At,
	}
	if d := a.Difference; d != nil {
		day := d.Day.Date()
		in.Provider, in.Day, in.Model, in.BookedCalls, in.ChargedCalls = &d.Provider, &day, &a.Model, &d.BookedCalls,
			&d.ChargedCalls
		in.BookedPico, in.ChargedPico = &d.Booked, &d.Charged
	}
	_, err := s.unscoped().OperatorAlertAdd(ctx, in)
	return translate(err)
}

// OperatorAlerts returns the last alerts for the operator.
func (s *Store) OperatorAlerts(ctx context.Context, first int32) ([]cost.Alert, error) {
	rows, err := s.unscoped().OperatorAlertList(ctx, first)
	return many(rows, err, func(r dbsqlc.OperatorAlertListRow) cost.Alert {
		return cost.Alert{
			ID:         r.ID,
			Kind:       r.Kind,
			At:         r.CreatedAt.UTC(),
			ProposalID: r.ProposalID,
			Model:      r.Model,
			Component:  cost.Component(r.Component),
			Unit:       cost.Pico(r.UnitPico),
			Difference: difference(r.Provider, r.Day, cost.Difference{
				BookedCalls:  value(r.BookedCalls),
				ChargedCalls: value(r.ChargedCalls),
				Booked:       value(r.BookedPico),
				Charged:      value(r.ChargedPico),
			}),
		}
	})
}
