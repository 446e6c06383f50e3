package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
)

// Booked is a call with all its ledger entries, by account and in order.
type Booked struct {
	Call    Call
	Entries []cost.Entry
}

// EachCall calls visit for every call of every organization.
func (s *Store) EachCall(ctx context.Context, visit func(Booked) error) error {
	in := dbsqlc.CallListAllParams{PageSize: auditPage}
	for {
		calls, err := s.forAudit().CallListAll(ctx, in)
		if err != nil {
			return translate(err)
		}
		entries, err := s.entriesOfCalls(ctx, calls)
		if err != nil {
			return err
		}
		for _, r := range calls { // Both lists are in the order of the calls' keys.
			b, n := Booked{Call: toCall(r)}, 0
			for ; n < len(entries) && *entries[n].CallID == r.ID && entries[n].OrganizationID == r.OrganizationID; n++ {
				b.Entries = append(b.Entries, entries[n])
			}
			if err := visit(b); err != nil {
				return err
			}
			entries = entries[n:]
			in.AfterOrganizationID, in.AfterID = r.OrganizationID, r.ID
		}
		if len(calls) < auditPage {
			return nil
		}
	}
}

// ServedQuery chooses the calls that a provider has served, by the time they were sent.
type ServedQuery struct {
	Provider     string
	Organization *uuid.UUID // nil: all organizations
	From, To     time.Time  // To is exclusive
}

// ServedDay is the booked cost of the calls that were sent on one UTC day and answered by one model. Open calls have
// no outcome yet and hold Held.
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
	rows, err := s.forAudit().CallListByDay(ctx, dbsqlc.CallListByDayParams{
		Provider:       in.Provider,
		OrganizationID: in.Organization,
		FromTime:       in.From,
		ToTime:         in.To,
		Reserved:       cost.CallReserved,
		Released:       cost.CallReleased,
		PageSize:       servedMost,
	})
	return many(rows, err, func(r dbsqlc.CallListByDayRow) ServedDay {
		return ServedDay{
			Day:    cost.NewDay(r.Day),
			Model:  r.Model,
			Calls:  r.Calls,
			Open:   r.Open,
			Booked: cost.Pico(r.Booked),
			Held:   cost.Pico(r.Held),
		}
	})
}
