package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// TakenUnit is the answer to ClaimUnit.
type TakenUnit struct {
	// Unit is nil when there is nothing to do now, all places are taken, or another worker was first.
	Unit     *workflow.Unit
	Workflow workflow.Workflow
	// RetryAt is when the unit may be tried again, if that is later than now.
	RetryAt *time.Time
}

// ClaimUnit claims an attempt at a unit. Of any number of workers one gets it, and over all servers no more units run
// at once than the limits allow: of one workflow, of one organization, and one of a lane. A unit that finds no place
// gets one when another unit ends.
func (e *Engine) ClaimUnit(ctx context.Context, who caller.Caller, id uuid.UUID) (taken TakenUnit, err error) {
	ctx, end := e.begin(ctx, "ClaimUnit")
	defer end(&err)
	err = e.store.InTx(ctx, func(tx *postgres.Store) error {
		l, err := e.lockUnit(ctx, tx, who, id)
		if fault.KindOf(err) == fault.NotFound {
			return nil
		}
		if err != nil {
			return err
		}
		taken.Workflow = l.flow
		if l.unit.State != workflow.UnitPending || !l.isLive() || !e.drives[l.unit.Step] {
			return nil
		}
		if at := l.unit.RetryAt; at != nil && at.After(l.at) {
			taken.RetryAt = at
			return nil
		}
		free, err := e.hasPlace(ctx, tx, who, l.unit)
		if err != nil {
			return err
		}
		if !free {
			return tx.PlaceUnit(ctx, who, l.unit, nil)
		}
		taken.Unit, err = e.claim(ctx, tx, who, l)
		return err
	})
	if err != nil {
		return TakenUnit{}, fmt.Errorf("claim unit %s: %w", id, err)
	}
	return taken, nil
}

func (e *Engine) claim(
	ctx context.Context, tx *postgres.Store, who caller.Caller, l lockedUnit,
) (*workflow.Unit, error) {
	claimed, err := l.unit.Claim(who.Actor, l.at.Add(e.lease), l.at)
	if err != nil {
		return nil, err
	}
	m := postgres.UnitMove{Before: l.unit, After: claimed, Kind: workflow.UnitClaim}
	return &claimed, e.moveUnit(ctx, tx, who, m)
}

// hasPlace reports whether a unit may run beside those that do. The units of the organization are locked.
func (e *Engine) hasPlace(
	ctx context.Context, tx *postgres.Store, who caller.Caller, unit workflow.Unit,
) (bool, error) {
	running, err := tx.RunningUnits(ctx, who, unit)
	if err != nil {
		return false, fmt.Errorf("count the running units: %w", err)
	}
	return running.OfWorkflow < e.unitLimits.PerWorkflow && running.OfOrganization < e.unitLimits.PerOrganization &&
		running.OfLane == 0, nil
}

// HeartbeatUnit renews the lease of an attempt. The error is *LostRunError when the worker has lost it.
func (e *Engine) HeartbeatUnit(ctx context.Context, who caller.Caller, unit workflow.Unit) (err error) {
	ctx, end := e.begin(ctx, "HeartbeatUnit")
	defer end(&err)
	won, err := e.store.RenewUnit(ctx, who, unit, e.now().Add(e.lease))
	if err != nil {
		return fmt.Errorf("renew the lease of unit %s: %w", unit.ID, err)
	}
	if !won {
		return e.lost(ctx, who, unit.Run())
	}
	return nil
}

// WatchUnit returns *LostRunError when the workflow has moved on or another attempt has begun.
func (e *Engine) WatchUnit(ctx context.Context, who caller.Caller, unit workflow.Unit) error {
	live, err := e.store.WatchUnit(ctx, who, unit)
	if err != nil {
		return fmt.Errorf("watch unit %s: %w", unit.ID, err)
	}
	if !live {
		return e.lost(ctx, who, unit.Run())
	}
	return nil
}
