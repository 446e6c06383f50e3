package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/postgres/dbsqlc"
)

// TakeRequest takes an amount from a bucket with a capacity and a refill per second. All amounts are in millionths of
// a token; an amount is at most the capacity.
type TakeRequest struct {
	AmountMicro, CapacityMicro, MicroPerSecond int64
	At                                         time.Time
}

// TakeCost takes from the bucket of an organization. taken is false when there is not as much in it; then nothing is
// taken. Over all servers no token is taken twice.
func (s *Store) TakeCost(ctx context.Context, organization uuid.UUID, d TakeRequest) (taken bool, err error) {
	n, err := s.forTenant(organization).CostBucketTake(ctx, dbsqlc.CostBucketTakeParams{
		OrganizationID: organization,
		RestMicro:      d.CapacityMicro - d.AmountMicro,
		At:             d.At,
		CapacityMicro:  d.CapacityMicro,
		MicroPerSecond: d.MicroPerSecond,
		AmountMicro:    d.AmountMicro,
	})
	return n == 1, translate(err)
}
