package engine_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/workflow"
)

// These are the ends of simulated histories that failed, each reduced to what it takes.

func TestMonth_SlowClockOpensTheMonthBeforeTheNext(t *testing.T) {
	t.Parallel()
	for _, zone := range []string{"UTC", "Europe/Berlin", "Pacific/Kiritimati", "America/Los_Angeles"} {
		t.Run(zone, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			ctx, newYear := context.Background(), time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
			flow := b.Flow(t, workflow.Created)
			b.Clock.Set(newYear.Add(time.Millisecond))
			b.Reserve(t, flow, cent) // Opens the new month, in UTC.
			if _, err := b.Engine.SetTimeZone(ctx, b.Who, engine.SetTimeZoneInput{TimeZone: zone}); err != nil {
				t.Fatal(err)
			}
			b.Clock.Set(newYear.Add(-20 * time.Millisecond))
			call := b.Reserve(t, flow, cent)
			organization, err := b.Engine.Organization(ctx, b.Who)
			if err != nil {
				t.Fatal(err)
			}
			if month := organization.Month; !month.Period.Contains(call.ReservedAt) || !month.Period.End.Equal(newYear) ||
				month.Balance.Held != cent {
				t.Errorf("got %+v held in %+v, want %s in the month that ends with the year", month.Balance, month.Period, cent)
			}
			b.Sound(t)
		})
	}
}

func TestReserve_RefusesACancelledWorkflow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	flow, amount := b.Flow(t, workflow.Cancelled), cost.Pico(cent)
	_, err := b.Engine.Reserve(context.Background(), b.Who, engine.ReserveInput{WorkflowID: flow.ID, Amount: &amount})
	var over *engine.TerminalError
	if !errors.As(err, &over) {
		t.Errorf("reserve: got %v, want *TerminalError", err)
	}
}
