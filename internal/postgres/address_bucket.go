package postgres

import (
	"context"

	"github.com/infin8content/engine/internal/postgres/dbsqlc"
)

// AddressSlots is how many slots network addresses share.
const AddressSlots = 1 << 20

// TakeAddress takes from the bucket of a slot of network addresses, as TakeCost does.
func (s *Store) TakeAddress(ctx context.Context, slot int, d TakeRequest) (taken bool, err error) {
	n, err := s.unscoped().AddressBucketTake(ctx, dbsqlc.AddressBucketTakeParams{
		Slot:           slot,
		RestMicro:      d.CapacityMicro - d.AmountMicro,
		At:             d.At,
		CapacityMicro:  d.CapacityMicro,
		MicroPerSecond: d.MicroPerSecond,
		AmountMicro:    d.AmountMicro,
	})
	return n == 1, translate(err)
}
