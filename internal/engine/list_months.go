package engine

import (
	"context"
	"fmt"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres"
)

// Month is a month that was opened, with the limit at its beginning and the balance at its end.
type Month struct {
	postgres.Month
	IsRunning bool
}

// MonthsInput selects months, the newest first. After is the cursor of the last month of the page before: its start.
type MonthsInput struct {
	Backward bool
	After    *Cursor
	First    int
}

// Months returns at most First months of the caller's organization. A month without a call was never opened and is not
// among them.
func (e *Engine) Months(ctx context.Context, who caller.Caller, in MonthsInput) ([]Month, error) {
	rows, err := e.store.Months(ctx, who, postgres.MonthPage{
		Ascending: in.Backward, Start: in.After.from(!in.Backward).At, First: int32(in.First),
	})
	if err != nil {
		return nil, fmt.Errorf("list the months of organization %s: %w", who.OrganizationID, err)
	}
	months, now := make([]Month, len(rows)), e.now()
	for i, row := range rows {
		months[i] = Month{Month: row, IsRunning: row.Period.Contains(now)}
	}
	return months, nil
}

// CountMonths counts the months of the caller's organization that were opened.
func (e *Engine) CountMonths(ctx context.Context, who caller.Caller) (int, error) {
	n, err := e.store.CountMonths(ctx, who)
	if err != nil {
		return 0, fmt.Errorf("count the months of organization %s: %w", who.OrganizationID, err)
	}
	return n, nil
}
