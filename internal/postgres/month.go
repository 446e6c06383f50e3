package postgres

import (
	"context"
	"time"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
)

// Month is a month that was opened, with the limit at its beginning and the balance at its end, or now while it runs.
type Month struct {
	cost.Account
	OpeningLimit cost.Limit
	Closing      cost.Balance
}

// MonthPage selects the months that begin before a time, the newest first, or after it, the oldest first.
type MonthPage struct {
	Ascending bool
	Start     time.Time
	First     int32
}

// Months returns at most First months of the caller's organization.
func (s *Store) Months(ctx context.Context, who caller.Caller, p MonthPage) ([]Month, error) {
	q := s.forTenant(who.OrganizationID)
	if p.Ascending {
		rows, err := q.MonthListAscending(ctx, dbsqlc.MonthListAscendingParams{
			OrganizationID: who.OrganizationID, CursorStart: p.Start, PageSize: p.First,
		})
		return many(rows, err, func(r dbsqlc.MonthListAscendingRow) Month { return toMonth(dbsqlc.MonthListRow(r)) })
	}
	rows, err := q.MonthList(ctx, dbsqlc.MonthListParams{
		OrganizationID: who.OrganizationID, CursorStart: p.Start, PageSize: p.First,
	})
	return many(rows, err, toMonth)
}

// CountMonths counts the months of the caller's organization.
func (s *Store) CountMonths(ctx context.Context, who caller.Caller) (int, error) {
	n, err := s.forTenant(who.OrganizationID).MonthCount(ctx, who.OrganizationID)
	return int(n), translate(err)
}

func toMonth(r dbsqlc.MonthListRow) Month {
	return Month{
		Account:      toAccount(r.UsageAccount),
		OpeningLimit: r.OpeningLimit,
		Closing: cost.Balance{
			Settled: r.SettledAfter,
			Held:    r.HeldAfter,
			Limit:   r.LimitAfter,
			Stopped: r.StoppedAfter,
		},
	}
}
