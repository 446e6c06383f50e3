package postgres

import (
	"context"

	"github.com/infin8content/engine/internal/postgres/dbsqlc"
)

// TakeService takes from the bucket of a service, as TakeCost does.
func (s *Store) TakeService(ctx context.Context, service string, d TakeRequest) (taken bool, err error) {
	n, err := s.unscoped().ServiceBucketTake(ctx, dbsqlc.ServiceBucketTakeParams{
		Service:        service,
		RestMicro:      d.CapacityMicro - d.AmountMicro,
		At:             d.At,
		CapacityMicro:  d.CapacityMicro,
		MicroPerSecond: d.MicroPerSecond,
		AmountMicro:    d.AmountMicro,
	})
	return n == 1, translate(err)
}
