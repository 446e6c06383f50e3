package engine

import (
	"context"
	"fmt"
	"slices"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// OutsideSteps are the steps that programs outside drive in an organization.
type OutsideSteps = postgres.OutsideSteps

// OutsideSteps returns the steps that programs outside drive in the caller's organization.
func (e *Engine) OutsideSteps(ctx context.Context, who caller.Caller) (OutsideSteps, error) {
	steps, err := e.store.OutsideSteps(ctx, who)
	if err != nil {
		return steps, fmt.Errorf("read the steps of programs outside: %w", err)
	}
	return steps, nil
}

// SetOutsideStepsInput names the steps that programs outside drive. All other steps are the engine's.
type SetOutsideStepsInput struct {
	Steps          []workflow.StepKey
	Reason         string
	IdempotencyKey string
}

// SetOutside are the steps of programs outside after a change.
type SetOutside struct {
	OutsideSteps
	Replayed bool
}

// SetOutsideSteps sets the steps that programs outside drive. Workers of the engine take no workflow in such a step
// from then on; a run that they have goes on. Workflows in a step that leaves the list get a worker of the engine at
// the next sweep. Setting the list to what it is changes nothing.
func (e *Engine) SetOutsideSteps(
	ctx context.Context, who caller.Caller, in SetOutsideStepsInput,
) (_ SetOutside, err error) {
	ctx, end := e.begin(ctx, "SetOutsideSteps")
	defer end(&err)
	if err := checkReason(in.Reason); err != nil {
		return SetOutside{}, err
	}
	key, at := in.IdempotencyKey, e.now()
	in.IdempotencyKey = ""
	if in.Steps, err = automatic(in.Steps, "steps"); err != nil {
		return SetOutside{}, err
	}
	replay, err := e.once(ctx, who, request{
		key:       key,
		operation: "setOutsideSteps",
		content:   in,
		at:        at,
	}, func(tx *postgres.Store) error {
		before, err := tx.OutsideSteps(ctx, who)
		if err != nil || slices.Equal(before.Steps, in.Steps) {
			return err
		}
		set, err := tx.SetOutsideSteps(ctx, who, OutsideSteps{
			Version: before.Version + 1,
			Steps:   in.Steps,
			Reason:  in.Reason,
			At:      at,
		})
		if err != nil {
			return err
		}
		if !set {
			return fault.New(fault.Conflict, "Another request has just set the steps. Read them again.")
		}
		var waiting []workflow.State
		for _, key := range before.Steps {
			if step, _ := workflow.StepOf(key); e.drives[key] && !slices.Contains(in.Steps, key) {
				waiting = append(waiting, step.Pending, step.Failed)
			}
		}
		return tx.WakeNow(ctx, who, waiting, at)
	})
	if err != nil {
		return SetOutside{}, err
	}
	steps, err := e.OutsideSteps(ctx, who)
	return SetOutside{OutsideSteps: steps, Replayed: replay != nil}, err
}

// automatic returns steps in their order, each once. It refuses a step for people.
func automatic(keys []workflow.StepKey, field string) ([]workflow.StepKey, error) {
	ordered := []workflow.StepKey{}
	for i, key := range keys {
		if step, known := workflow.StepOf(key); !known || step.Kind != workflow.Automatic {
			return nil, fault.Invalid([]string{field, fmt.Sprint(i)}, "Programs drive automatic steps only.")
		}
	}
	for _, step := range workflow.Steps() {
		if slices.Contains(keys, step.Key) {
			ordered = append(ordered, step.Key)
		}
	}
	return ordered, nil
}
