package report

import (
	"context"
	"fmt"
	"time"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
)

// Forecast is the expected cost of the running month at the present rate.
type Forecast struct {
	AsOf    time.Time
	Period  cost.Period
	Balance cost.Balance // of the month so far
	// Spend is the expected settled amount at the month's end; cost.Forecast has the formula.
	Spend cost.Figure
	// ExhaustedAt is the expected time at which the limit is reached, nil when not in this month; cost.ExhaustedAt has
	// the formula.
	ExhaustedAt *time.Time
}

// Forecast returns the forecast of the running month.
func (r *Reporter) Forecast(ctx context.Context, who caller.Caller) (Forecast, error) {
	o, found, err := r.store.OrganizationInMonth(ctx, who, r.now())
	if err != nil {
		return Forecast{}, fmt.Errorf("read organization %s: %w", who.OrganizationID, err)
	}
	if !found {
		return Forecast{}, errNoOrganization
	}
	f := Forecast{AsOf: r.now(), Period: *o.Month.Period, Balance: o.Month.Balance}
	if f.AsOf.After(f.Period.End) {
		f.AsOf = f.Period.End // The month ended while it was read.
	}
	f.Spend = cost.Forecast(f.Balance.Settled, f.Period, f.AsOf)
	f.ExhaustedAt = cost.ExhaustedAt(f.Balance, f.Period, f.AsOf)
	return f, nil
}
