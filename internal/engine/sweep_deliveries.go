package engine

import (
	"context"
	"fmt"

	"github.com/infin8content/engine/internal/postgres"
)

// SweepDeliveries inserts jobs for due deliveries whose worker has not come or has died. It may run on any number of
// servers at once. It returns the number of jobs.
func (e *Engine) SweepDeliveries(ctx context.Context) (woken int, err error) {
	at := e.now()
	err = e.store.InTx(ctx, func(tx *postgres.Store) error {
		late, err := tx.WakeDeliveries(ctx, at, at.Add(wakeAfter), deliveriesWoken)
		if err != nil {
			return err
		}
		for _, d := range late {
			if err := e.jobs.Deliver(ctx, tx.Tx(), d.OrganizationID, d.AlertID, at); err != nil {
				return err
			}
			woken++
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("wake deliveries: %w", err)
	}
	return woken, nil
}
