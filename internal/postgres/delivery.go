package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
)

// Delivery is the delivery of an alert, with the ids of both.
type Delivery struct {
	OrganizationID, AlertID uuid.UUID
	cost.Delivery
}

// ClaimDelivery takes a delivery for one attempt until lease. claimed is false when it is over, not due or taken.
func (s *Store) ClaimDelivery(
	ctx context.Context, who caller.Caller, alert uuid.UUID, at, lease time.Time,
) (d Delivery, claimed bool, err error) {
	row, err := s.forTenant(who.OrganizationID).DeliveryClaim(ctx, dbsqlc.DeliveryClaimParams{
		OrganizationID: who.OrganizationID,
		AlertID:        alert,
		Pending:        cost.DeliveryPending,
		At:             at,
		LeaseAt:        lease,
	})
	return one(row, err, toDelivery)
}

// Delivery returns the delivery of an alert.
func (s *Store) Delivery(
	ctx context.Context, who caller.Caller, alert uuid.UUID,
) (d Delivery, found bool, err error) {
	row, err := s.forTenant(who.OrganizationID).DeliveryGet(ctx, dbsqlc.DeliveryGetParams{
		OrganizationID: who.OrganizationID, AlertID: alert,
	})
	return one(row, err, toDelivery)
}

// EndedDelivery is a delivery that is over, with how its last attempt ended. A Status of 0 is no answer. An Attempt
// ends it only while it is the last one; 0: whichever it was, since the receiver's answer counts.
type EndedDelivery struct {
	AlertID uuid.UUID
	Attempt int
	State   cost.DeliveryState
	Status  int
	Problem string
	At      time.Time
}

// EndDelivery ends a delivery. It changes nothing when the delivery was over, or when a later attempt than the given
// one has begun.
func (s *Store) EndDelivery(ctx context.Context, who caller.Caller, d EndedDelivery) error {
	_, err := s.forTenant(who.OrganizationID).DeliveryEnd(ctx, dbsqlc.DeliveryEndParams{
		OrganizationID: who.OrganizationID,
		AlertID:        d.AlertID,
		State:          d.State,
		LastStatus:     pointer(d.Status),
		LastError:      d.Problem,
		At:             d.At,
		Pending:        cost.DeliveryPending,
		Attempts:       pointer(d.Attempt),
	})
	return translate(err)
}

// FailedAttempt is an attempt without success, and when the next one is due.
type FailedAttempt struct {
	AlertID        uuid.UUID
	Attempt        int
	Status         int
	Problem        string
	NextAt, WakeAt time.Time
}

// PostponeDelivery plans the next attempt. mine is false when the delivery is over or another worker has claimed it.
func (s *Store) PostponeDelivery(ctx context.Context, who caller.Caller, f FailedAttempt) (mine bool, err error) {
	n, err := s.forTenant(who.OrganizationID).DeliveryPostpone(ctx, dbsqlc.DeliveryPostponeParams{
		OrganizationID: who.OrganizationID,
		AlertID:        f.AlertID,
		Attempts:       f.Attempt,
		LastStatus:     pointer(f.Status),
		LastError:      f.Problem,
		NextAt:         f.NextAt,
		WakeAt:         f.WakeAt,
		Pending:        cost.DeliveryPending,
	})
	return n == 1, translate(err)
}

// WakeDeliveries claims at most limit due deliveries that no worker has taken, of all organizations, and postpones
// their next wake.
func (s *Store) WakeDeliveries(ctx context.Context, at, next time.Time, limit int32) ([]Delivery, error) {
	rows, err := s.forSweeper().DeliveryWake(ctx, dbsqlc.DeliveryWakeParams{At: &at, NextWakeAt: next, PageSize: limit})
	return many(rows, err, func(r dbsqlc.DeliveryWakeRow) Delivery {
		return Delivery{OrganizationID: r.OrganizationID, AlertID: r.AlertID}
	})
}

func toDelivery(r dbsqlc.AlertDelivery) Delivery {
	return Delivery{OrganizationID: r.OrganizationID, AlertID: r.AlertID, Delivery: cost.Delivery{
		State:       r.State,
		Attempts:    r.Attempts,
		AttemptedAt: utc(r.AttemptedAt),
		LastStatus:  r.LastStatus,
		LastError:   r.LastError,
		EndedAt:     utc(r.EndedAt),
		NextAt:      utc(r.NextAt),
	}}
}
