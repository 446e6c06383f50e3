package engine

import (
	"context"
	"fmt"

	"github.com/infin8content/engine/internal/postgres"
)

// batchesWoken limits one round of SweepBatches.
const batchesWoken = 100

// SweepBatches inserts jobs for batches whose worker has not come or has died. It may run on any number of servers at
// once. It returns the number of jobs.
func (e *Engine) SweepBatches(ctx context.Context) (woken int, err error) {
	at := e.now()
	err = e.store.InTx(ctx, func(tx *postgres.Store) error {
		late, err := tx.WakeBatches(ctx, at, at.Add(wakeAfter), batchesWoken)
		if err != nil {
			return err
		}
		for _, b := range late {
			if err := e.jobs.Batch(ctx, tx.Tx(), b.OrganizationID, b.ID, at); err != nil {
				return err
			}
			woken++
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("wake batches: %w", err)
	}
	return woken, nil
}
