package rate

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/postgres"
)

// The pauses of a caller that waits for a slot.
const (
	minSlotPause = 50 * time.Millisecond
	maxSlotPause = time.Second
)

// Slots limit how many requests a service has at once, over all servers. The slots are in the database, and a slot ends
// by itself after its lease.
type Slots struct {
	Store   *postgres.Store
	Service string
	// Most is the number of slots.
	Most int
	// Lease is longer than a request. Wait is the longest wait for a slot.
	Lease, Wait time.Duration
	Now         func() time.Time
}

// Take takes a slot, and waits for one if all are taken. The caller calls free after the request. The error is a
// *LimitedError when no slot has become free in time, else the context's or the database's.
func (s Slots) Take(ctx context.Context) (free func(), err error) {
	holder, end := uuid.New(), s.Now().Add(s.Wait)
	for pause := minSlotPause; ; pause = min(2*pause, maxSlotPause) {
		now := s.Now()
		taken, err := s.Store.TakeSlot(ctx, postgres.SlotRequest{
			Service: s.Service,
			Slots:   rand.Perm(s.Most), // Callers seldom want the same.
			Holder:  holder,
			At:      now,
			Expires: now.Add(s.Lease),
		})
		if err != nil {
			return nil, err
		}
		if taken {
			return func() { s.free(ctx, holder) }, nil
		}
		if !now.Before(end) {
			return nil, &LimitedError{maxSlotPause}
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(pause/2 + rand.N(pause)): //nolint:gosec // No secret.
		}
	}
}

// free gives a slot back, also after the end of the request's context. If the database does not answer, the slot ends
// with its lease.
func (s Slots) free(ctx context.Context, holder uuid.UUID) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
	defer cancel()
	_ = s.Store.FreeSlot(ctx, s.Service, holder, s.Now())
}
