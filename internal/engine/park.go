package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// ParkInput hands the work of a run to units.
type ParkInput struct {
	Run   workflow.Run
	Visit int
	// Units are planned with the run; none when the visit has its units already.
	Units []NewUnit
	// keep writes what the new units stand for within the transaction; nil for nothing.
	keep func(context.Context, *postgres.Store) error
}

// Park hands the work of a run to units: it writes them, takes the run from its worker, and inserts the jobs of the
// first ones, in one transaction. Units of an earlier run of the same visit that have not ended are opened again. The
// last unit that ends inserts the job that ends the run. The error is *LostRunError when the run is lost.
func (e *Engine) Park(ctx context.Context, who caller.Caller, in ParkInput) (err error) {
	ctx, end := e.begin(ctx, "Park")
	defer end(&err)
	units, err := checkUnits(in.Units)
	if err != nil {
		return err
	}
	err = e.store.InTx(ctx, func(tx *postgres.Store) error {
		if err := tx.LockUnits(ctx, who); err != nil {
			return err
		}
		flow, there, err := tx.LockWorkflow(ctx, who, in.Run.WorkflowID)
		if err != nil {
			return err
		}
		if !there || flow.Version != in.Run.Token {
			return errLost
		}
		if _, won, err := tx.ParkRun(ctx, who, in.Run); err != nil || !won {
			return lostUnless(won, err)
		}
		return e.openUnits(ctx, tx, who, in, units)
	})
	if errors.Is(err, errLost) {
		return e.lost(ctx, who, in.Run)
	}
	if err != nil {
		return fmt.Errorf("park run %d of workflow %s: %w", in.Run.Token, in.Run.WorkflowID, err)
	}
	return nil
}

// openUnits plans the units of a parked run, opens older ones again, and begins the first of them.
func (e *Engine) openUnits(
	ctx context.Context, tx *postgres.Store, who caller.Caller, in ParkInput, units []NewUnit,
) error {
	at := e.now()
	if len(units) > 0 {
		err := tx.PlanUnits(ctx, who, postgres.NewUnits{
			WorkflowID: in.Run.WorkflowID,
			Visit:      in.Visit,
			Step:       in.Run.Step,
			Token:      in.Run.Token,
			Units:      units,
			At:         at,
		})
		if err != nil {
			return fmt.Errorf("plan the units: %w", err)
		}
		if in.keep != nil {
			if err := in.keep(ctx, tx); err != nil {
				return err
			}
		}
	} else {
		_, err := e.reopenUnits(ctx, tx, who, reopening{
			flow:   workflow.Workflow{ID: in.Run.WorkflowID, Version: in.Run.Token},
			visit:  in.Visit,
			at:     at,
			choose: func(u workflow.Unit) bool { return u.State.IsOpen() && u.Token != in.Run.Token },
		})
		if err != nil {
			return err
		}
	}
	return e.fillPlaces(ctx, tx, who, at)
}
