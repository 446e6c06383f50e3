package engine

import (
	"context"
	"errors"
	"fmt"

	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

const (
	// unitsSwept and organizationsFilled limit one round of SweepUnits. The next round takes the rest.
	unitsSwept          = 100
	organizationsFilled = 100
)

// SweepUnits ends attempts whose lease has expired, inserts jobs for units whose job is late, and gives free places to
// units that wait for one. It may run on any number of servers at once. It returns the number of units that it has
// moved or woken.
func (e *Engine) SweepUnits(ctx context.Context) (swept int, err error) {
	ctx, end := e.begin(ctx, "SweepUnits")
	defer end(&err)
	due, err := e.store.DueUnits(ctx, e.now(), unitsSwept)
	if err != nil {
		return 0, fmt.Errorf("find the units that are due: %w", err)
	}
	var errs []error
	for _, key := range due {
		moved, err := e.sweepUnit(ctx, key)
		if err != nil {
			errs = append(errs, fmt.Errorf("sweep unit %s: %w", key.UnitID, err))
		}
		if moved {
			swept++
		}
	}
	return swept, errors.Join(append(errs, e.fillAll(ctx))...)
}

// sweepUnit ends an attempt without a lease, or inserts a late job.
func (e *Engine) sweepUnit(ctx context.Context, key postgres.UnitKey) (moved bool, err error) {
	who := sweeperOf(key.OrganizationID)
	err = e.store.InTx(ctx, func(tx *postgres.Store) error {
		l, err := e.lockUnit(ctx, tx, who, key.UnitID)
		if err != nil {
			return err
		}
		switch unit := l.unit; {
		case unit.LeaseExpiresAt != nil && !unit.LeaseExpiresAt.After(l.at):
			moved = true
			if err := tx.CheckCallsNow(ctx, unit.Run(), l.at); err != nil {
				return err
			}
			return e.failUnitIn(ctx, tx, who, l, FailUnitInput{
				Unit:    unit,
				Failure: workflow.FailureLeaseExpired,
				Message: "the lease of " + unit.Worker + " expired",
			})
		case unit.WakeAt == nil || unit.WakeAt.After(l.at):
			return nil // Another server was first.
		case !l.isLive():
			return tx.PlaceUnit(ctx, who, unit, nil)
		default:
			moved = true
			again := l.at.Add(wakeAfter)
			if err := tx.PlaceUnit(ctx, who, unit, &again); err != nil {
				return err
			}
			return e.jobs.Unit(ctx, tx.Tx(), unit, l.at)
		}
	})
	return moved, err
}

// fillAll gives free places to the waiting units of all organizations.
func (e *Engine) fillAll(ctx context.Context) error {
	waiting, err := e.store.OrganizationsWaiting(ctx, organizationsFilled)
	if err != nil {
		return fmt.Errorf("find the organizations with waiting units: %w", err)
	}
	var errs []error
	for _, organization := range waiting {
		who := sweeperOf(organization)
		errs = append(errs, e.store.InTx(ctx, func(tx *postgres.Store) error {
			if err := tx.LockUnits(ctx, who); err != nil {
				return err
			}
			return e.fillPlaces(ctx, tx, who, e.now())
		}))
	}
	return errors.Join(errs...)
}
