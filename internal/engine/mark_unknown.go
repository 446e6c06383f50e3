package engine

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// MarkUnknown records that a call may or may not have been charged. The hold stays, and the sweeper begins to query the
// provider. A call that has an outcome keeps it.
func (e *Engine) MarkUnknown(
	ctx context.Context, who caller.Caller, id uuid.UUID, why workflow.FailureCode,
) (err error) {
	ctx, end := e.begin(ctx, "MarkUnknown")
	defer end(&err)
	at := e.now()
	err = e.store.InTx(ctx, func(tx *postgres.Store) error {
		call, marked, err := tx.MarkCallUnknown(ctx, who, id, why, at, at.Add(pause(0)))
		if err != nil || !marked || why != workflow.FailureModelDrift {
			return err
		}
		return e.raise(ctx, tx, aboutCall(cost.AlertDrift, call, at))
	})
	if err != nil {
		return fmt.Errorf("mark call %s as unknown: %w", id, err)
	}
	return nil
}
