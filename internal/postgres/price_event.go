package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
)

// PriceEvent is an event of an organization's own prices: a price was added, or put into quarantine, or decided.
type PriceEvent struct {
	At            time.Time
	Kind          string
	Actor, Reason string
	Model         string
	Component     cost.Component
	MinPromptSize int64
	Unit          cost.Pico
	Previous      *cost.Pico // nil: there was none
	ValidFrom     *time.Time // nil: not in force
	Source        string
	ProposalID    uuid.UUID // the nil UUID: no proposal
	Key           string    // unique among the events of one moment
}

// PriceEventPage selects events before a place, the newest first, or after it, the oldest first.
type PriceEventPage struct {
	Ascending bool
	At        time.Time
	Key       string
	First     int32
}

// PriceEvents returns at most First events of the caller's own prices.
func (s *Store) PriceEvents(ctx context.Context, who caller.Caller, p PriceEventPage) ([]PriceEvent, error) {
	rows, err := s.forTenant(who.OrganizationID).PriceEventList(ctx, dbsqlc.PriceEventListParams{
		OrganizationID: who.OrganizationID,
		Ascending:      p.Ascending,
		CursorAt:       p.At,
		CursorKey:      p.Key,
		PageSize:       p.First,
	})
	return many(rows, err, toPriceEvent)
}

// CountPriceEvents counts the events of the caller's own prices.
func (s *Store) CountPriceEvents(ctx context.Context, who caller.Caller) (int, error) {
	n, err := s.forTenant(who.OrganizationID).PriceEventCount(ctx, who.OrganizationID)
	return int(n), translate(err)
}

func toPriceEvent(r dbsqlc.PriceEventListRow) PriceEvent {
	e := PriceEvent{
		At:            r.OccurredAt.UTC(),
		Kind:          r.Kind,
		Actor:         r.Actor,
		Reason:        r.Reason,
		Model:         r.Model,
		Component:     cost.Component(r.Component),
		MinPromptSize: r.MinPromptTokens,
		Unit:          cost.Pico(r.UnitPico),
		Source:        r.Source,
		ProposalID:    r.ProposalID,
		Key:           r.Key,
	}
	if r.PreviousPico >= 0 {
		e.Previous = pointer(cost.Pico(r.PreviousPico))
	}
	if from := r.ValidFrom.UTC(); from.Unix() != 0 {
		e.ValidFrom = &from
	}
	return e
}
