package engine

import (
	"context"
	"fmt"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// SetNameInput is the name of an organization.
type SetNameInput struct {
	Name           string
	Reason         string
	IdempotencyKey string
}

// Named is an organization after its name was set.
type Named struct {
	Organization Organization
	Replayed     bool
}

// OrganizationName returns the name of the caller's organization; "" when none was set.
func (e *Engine) OrganizationName(ctx context.Context, who caller.Caller) (string, error) {
	name, err := e.store.OrganizationName(ctx, who)
	if err != nil {
		return "", fmt.Errorf("read the name of organization %s: %w", who.OrganizationID, err)
	}
	return name.Name, nil
}

// SetName sets the name of the caller's organization. The name that it has already changes nothing.
func (e *Engine) SetName(ctx context.Context, who caller.Caller, in SetNameInput) (_ Named, err error) {
	ctx, end := e.begin(ctx, "SetName")
	defer end(&err)
	if in.Name, err = workflow.CleanName([]string{"name"}, in.Name); err != nil {
		return Named{}, err
	}
	if err := checkReason(in.Reason); err != nil {
		return Named{}, err
	}
	at, key := e.now(), in.IdempotencyKey
	in.IdempotencyKey = ""
	replay, err := e.once(ctx, who, request{
		key:       key,
		operation: "setOrganizationName",
		content:   in,
		at:        at,
	}, func(tx *postgres.Store) error {
		is, err := tx.OrganizationName(ctx, who)
		if err != nil || is.Name == in.Name {
			return err
		}
		set, err := tx.SetOrganizationName(ctx, who, postgres.OrganizationName{
			Version: is.Version + 1,
			Name:    in.Name,
			Reason:  in.Reason,
			At:      at,
		})
		if err == nil && !set {
			return fault.New(fault.Conflict, "Another request has just set the name. Read it again.")
		}
		return err
	})
	if err != nil {
		return Named{}, err
	}
	organization, err := e.Organization(ctx, who)
	return Named{Organization: organization, Replayed: replay != nil}, err
}
