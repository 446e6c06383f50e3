package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/postgres/dbsqlc"
)

// SlotRequest is a request for one of the slots of a service, in the order of preference.
type SlotRequest struct {
	Service     string
	Slots       []int
	Holder      uuid.UUID
	At, Expires time.Time
}

// TakeSlot takes a free slot. taken is false when there is none, or when another caller was faster.
func (s *Store) TakeSlot(ctx context.Context, r SlotRequest) (taken bool, err error) {
	n, err := s.unscoped().ServiceSlotTake(ctx, dbsqlc.ServiceSlotTakeParams{
		Service:   r.Service,
		Slots:     r.Slots,
		Holder:    r.Holder,
		At:        r.At,
		ExpiresAt: r.Expires,
	})
	return n == 1, translate(err)
}

// FreeSlot gives the slot of a holder back.
func (s *Store) FreeSlot(ctx context.Context, service string, holder uuid.UUID, at time.Time) error {
	return translate(s.unscoped().ServiceSlotFree(ctx, dbsqlc.ServiceSlotFreeParams{
		Service: service, Holder: holder, At: at,
	}))
}
