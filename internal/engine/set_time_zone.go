package engine

import (
	"context"
	"fmt"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres"
)

// SetTimeZoneInput names an IANA time zone.
type SetTimeZoneInput struct {
	TimeZone       string
	Reason         string
	IdempotencyKey string
}

// Zoned is an organization after its time zone was set.
type Zoned struct {
	Organization Organization
	Replayed     bool
}

// SetTimeZone sets the zone by which months begin. The running month keeps its end; the next one begins there. The zone
// that the organization has already changes nothing.
func (e *Engine) SetTimeZone(ctx context.Context, who caller.Caller, in SetTimeZoneInput) (_ Zoned, err error) {
	ctx, end := e.begin(ctx, "SetTimeZone")
	defer end(&err)
	if err := cost.CheckTimeZone(in.TimeZone); err != nil {
		return Zoned{}, err
	}
	if err := checkReason(in.Reason); err != nil {
		return Zoned{}, err
	}
	at, key := e.now(), in.IdempotencyKey
	in.IdempotencyKey = ""
	if _, err := e.month(ctx, who, at); err != nil { // So that the running month has its end.
		return Zoned{}, fmt.Errorf("find the month: %w", err)
	}
	replay, err := e.once(ctx, who, request{
		key:       key,
		operation: "setTimeZone",
		content:   in,
		at:        at,
	}, func(tx *postgres.Store) error {
		return e.changeIn(ctx, tx, who, settingsChange{
			reason: in.Reason, at: at, apply: func(o *postgres.Organization) { o.TimeZone = in.TimeZone },
		})
	})
	if err != nil {
		return Zoned{}, fmt.Errorf("set the time zone: %w", err)
	}
	organization, err := e.Organization(ctx, who)
	return Zoned{Organization: organization, Replayed: replay != nil}, err
}
