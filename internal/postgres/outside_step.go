package postgres

import (
	"context"
	"slices"
	"time"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
	"github.com/infin8content/engine/internal/workflow"
)

// OutsideSteps are the steps that programs outside drive in an organization. Version is -1 for an organization that
// never set them.
type OutsideSteps struct {
	Version       int
	Steps         []workflow.StepKey
	Actor, Reason string
	At            time.Time
}

// Has reports whether programs outside drive the step.
func (o OutsideSteps) Has(step workflow.StepKey) bool { return slices.Contains(o.Steps, step) }

// OutsideSteps returns the steps in force. There are none when the organization never set them.
func (s *Store) OutsideSteps(ctx context.Context, who caller.Caller) (OutsideSteps, error) {
	row, err := s.forTenant(who.OrganizationID).OutsideStepGet(ctx, who.OrganizationID)
	steps, found, err := one(row, err, toOutsideSteps)
	if err == nil && !found {
		return OutsideSteps{Version: -1}, nil
	}
	return steps, err
}

// SetOutsideSteps writes the steps with their version. set is false when another request has set that version.
func (s *Store) SetOutsideSteps(ctx context.Context, who caller.Caller, o OutsideSteps) (set bool, err error) {
	row, err := s.forTenant(who.OrganizationID).OutsideStepInsert(ctx, dbsqlc.OutsideStepInsertParams{
		OrganizationID: who.OrganizationID,
		Version:        o.Version,
		Steps:          texts(o.Steps),
		Actor:          who.Actor,
		Reason:         o.Reason,
		At:             o.At,
	})
	_, set, err = one(row, err, toOutsideSteps)
	return set, err
}

func toOutsideSteps(r dbsqlc.OutsideStep) OutsideSteps {
	steps := make([]workflow.StepKey, len(r.Steps))
	for i, step := range r.Steps {
		steps[i] = workflow.StepKey(step)
	}
	return OutsideSteps{
		Version: r.Version,
		Steps:   steps,
		Actor:   r.Actor,
		Reason:  r.Reason,
		At:      r.OccurredAt.UTC(),
	}
}
