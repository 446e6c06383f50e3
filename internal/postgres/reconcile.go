package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
)

// ServedQuery chooses the calls that a provider has served, by the time they were sent.
type ServedQuery struct {
	Provider     string
	Organization *uuid.UUID // nil: all organizations
	From, To     time.Time  // To is exclusive
}

// ServedDay is what was booked for the calls that were sent on one day, in UTC, and answered by one model. Open calls
// have no outcome yet and hold Held.
type ServedDay struct {
	Day          cost.Day
	Model        string
	Calls, Open  int64
	Booked, Held cost.Pico
}

// servedMost is far above the days of a range times the models of a provider.
const servedMost = 100_000

// Served adds up the calls that a provider has served, by day and model.
func (s *Store) Served(ctx context.Context, in ServedQuery) ([]ServedDay, error) {
	rows, err := s.ofAudit().ReconcileListByDay(ctx, dbsqlc.ReconcileListByDayParams{
		Provider: in.Provider, OrganizationID: in.Organization, FromTime: in.From, ToTime: in.To,
		Reserved: cost.CallReserved, Released: cost.CallReleased, PageSize: servedMost,
	})
	return many(rows, err, func(r dbsqlc.ReconcileListByDayRow) ServedDay {
		return ServedDay{
			Day: cost.NewDay(r.Day), Model: r.Model, Calls: r.Calls, Open: r.Open, Booked: cost.Pico(r.Booked),
			Held: cost.Pico(r.Held),
		}
	})
}
