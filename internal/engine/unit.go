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

// NewUnit is a unit to be planned.
type NewUnit = postgres.NewUnit

// UnitLimits are how many units run at once over all servers.
type UnitLimits struct {
	// PerWorkflow and PerOrganization are 3 and 6 when zero.
	PerWorkflow, PerOrganization int64
}

// MaxUnits is the largest number of units of a visit.
const MaxUnits = 500

// maxUnitLabel limits the name of a unit, in characters.
const maxUnitLabel = 200

func (l UnitLimits) withDefaults() UnitLimits {
	if l.PerWorkflow <= 0 {
		l.PerWorkflow = 3
	}
	if l.PerOrganization <= 0 {
		l.PerOrganization = 6
	}
	return l
}

// Units returns the units of the current visit of a step, by workflow. A workflow without units is not in the map.
func (e *Engine) Units(
	ctx context.Context, who caller.Caller, flows []uuid.UUID, step workflow.StepKey,
) (map[uuid.UUID][]workflow.Unit, error) {
	visits, err := e.store.CurrentVisits(ctx, who, flows, step)
	if err != nil {
		return nil, fmt.Errorf("read the current visits of step %s: %w", step, err)
	}
	if len(visits) == 0 {
		return nil, nil
	}
	units, err := e.store.Units(ctx, who, visits)
	if err != nil {
		return nil, fmt.Errorf("read the units of step %s: %w", step, err)
	}
	return units, nil
}

// UnitsOf returns the units of the visit that a run belongs to.
func (e *Engine) UnitsOf(ctx context.Context, who caller.Caller, run workflow.Run, visit int) ([]workflow.Unit, error) {
	units, err := e.store.Units(ctx, who, map[uuid.UUID]int{run.WorkflowID: visit})
	return units[run.WorkflowID], err
}

// Unit returns one unit, or NOT_FOUND.
func (e *Engine) Unit(ctx context.Context, who caller.Caller, id uuid.UUID) (workflow.Unit, error) {
	unit, there, err := e.store.Unit(ctx, who, id)
	return found(unit, there, err, "unit")
}

// LastUnitEvent returns the sequence number of the last event of a workflow's units; −1 when there is none.
func (e *Engine) LastUnitEvent(ctx context.Context, who caller.Caller, flow uuid.UUID) (int, error) {
	return e.store.LastUnitEvent(ctx, who, flow)
}

// lockedUnit is a unit with its workflow, both locked until the transaction ends.
type lockedUnit struct {
	flow workflow.Workflow
	unit workflow.Unit
	at   time.Time
}

// isLive reports whether the workflow is where the unit belongs.
func (l lockedUnit) isLive() bool { return l.unit.Token == l.flow.Version }

// lockUnit locks in the order of all transactions about units: the units of the organization, the workflow, the unit.
func (e *Engine) lockUnit(
	ctx context.Context, tx *postgres.Store, who caller.Caller, id uuid.UUID,
) (l lockedUnit, err error) {
	if err := tx.LockUnits(ctx, who); err != nil {
		return l, fmt.Errorf("lock the units of organization %s: %w", who.OrganizationID, err)
	}
	unit, there, err := tx.Unit(ctx, who, id)
	if unit, err = found(unit, there, err, "unit"); err != nil {
		return l, err
	}
	flow, there, err := tx.LockWorkflow(ctx, who, unit.WorkflowID)
	if l.flow, err = found(flow, there, err, "workflow"); err != nil {
		return l, err
	}
	unit, there, err = tx.LockUnit(ctx, who, id)
	l.unit, err = found(unit, there, err, "unit")
	l.at = e.now()
	return l, err
}

// moveUnit writes a move of a locked unit.
func (e *Engine) moveUnit(ctx context.Context, tx *postgres.Store, who caller.Caller, m postgres.UnitMove) error {
	won, err := tx.MoveUnit(ctx, who, m)
	if err != nil {
		return fmt.Errorf("move unit %s to %s: %w", m.After.ID, m.After.State, err)
	}
	return lostUnless(won, nil)
}

// afterUnit continues after a unit was closed: with the end of the step when no unit of its workflow is open, and with
// units that wait for a place.
func (e *Engine) afterUnit(ctx context.Context, tx *postgres.Store, who caller.Caller, l lockedUnit) error {
	if l.isLive() {
		if err := e.wakeParked(ctx, tx, who, l); err != nil {
			return err
		}
	}
	return e.fillPlaces(ctx, tx, who, l.at)
}

// wakeParked inserts the job that ends a parked run, when none of its units is open.
func (e *Engine) wakeParked(ctx context.Context, tx *postgres.Store, who caller.Caller, l lockedUnit) error {
	step := l.flow.Step()
	if step == nil || l.flow.State != step.Processing || !e.drives[step.Key] {
		return nil
	}
	open, err := tx.OpenUnits(ctx, who, l.flow.ID, l.flow.Version)
	if err != nil || open > 0 {
		return err
	}
	if err := tx.WakeWorkflowAt(ctx, who, l.flow, l.at.Add(wakeAfter)); err != nil {
		return err
	}
	return e.jobs.Drive(ctx, tx.Tx(), l.flow.OrganizationID, l.flow.ID, l.at)
}

// fillPlaces inserts jobs for units that have got a free place. The units of the organization are locked.
func (e *Engine) fillPlaces(ctx context.Context, tx *postgres.Store, who caller.Caller, at time.Time) error {
	placed, err := tx.FillPlaces(ctx, who, postgres.Places{
		PerWorkflow:     e.unitLimits.PerWorkflow,
		PerOrganization: e.unitLimits.PerOrganization,
		At:              at,
		WakeAt:          at.Add(wakeAfter),
	})
	if err != nil {
		return fmt.Errorf("give places to waiting units: %w", err)
	}
	for _, unit := range placed {
		if err := e.jobs.Unit(ctx, tx.Tx(), unit, at); err != nil {
			return err
		}
	}
	return nil
}

// reopenUnits opens the units of a visit again that choose accepts, for the workflow's present version. It returns how
// many it has opened. The units of the organization and the workflow are locked.
func (e *Engine) reopenUnits(
	ctx context.Context, tx *postgres.Store, who caller.Caller, r reopening,
) (opened int, err error) {
	units, err := tx.Units(ctx, who, map[uuid.UUID]int{r.flow.ID: r.visit})
	if err != nil {
		return 0, fmt.Errorf("read the units of workflow %s: %w", r.flow.ID, err)
	}
	for _, unit := range units[r.flow.ID] {
		if !r.choose(unit) {
			continue
		}
		next, err := unit.Reopen(r.flow.Version, r.at)
		if err != nil {
			return opened, err
		}
		m := postgres.UnitMove{
			Before: unit,
			After:  next,
			Kind:   workflow.UnitReopen,
			Reason: r.reason,
		}
		if err := e.moveUnit(ctx, tx, who, m); err != nil {
			return opened, err
		}
		opened++
	}
	return opened, nil
}

// reopening says which units are opened again.
type reopening struct {
	flow   workflow.Workflow
	visit  int
	reason string
	at     time.Time
	choose func(workflow.Unit) bool
}

// checkUnits bounds the units of a plan and cleans their labels.
func checkUnits(units []NewUnit) ([]NewUnit, error) {
	if len(units) > MaxUnits {
		return nil, fault.New(fault.InvalidInput, "A step has at most %d units, not %d.", MaxUnits, len(units))
	}
	cleaned := make([]NewUnit, len(units))
	for i, u := range units {
		label := []rune(storable(u.Label))
		if len(label) == 0 {
			label = []rune(fmt.Sprint(i + 1))
		}
		cleaned[i] = NewUnit{ID: u.ID, Label: string(label[:min(len(label), maxUnitLabel)]), Lane: u.Lane}
	}
	return cleaned, nil
}
