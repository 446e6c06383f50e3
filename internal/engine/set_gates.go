package engine

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// The gates as the store keeps them.
type (
	GateSettings = postgres.GateSettings
	GateDecision = postgres.GateDecision
)

// GateSettings returns the caller's gates. All are OFF in an organization that never set them.
func (e *Engine) GateSettings(ctx context.Context, who caller.Caller) (GateSettings, error) {
	settings, err := e.store.GateSettings(ctx, who)
	if err != nil {
		return settings, fmt.Errorf("read the gates of organization %s: %w", who.OrganizationID, err)
	}
	return settings, nil
}

// GateDecisions returns the decisions about each workflow, the last first.
func (e *Engine) GateDecisions(
	ctx context.Context, who caller.Caller, flows []uuid.UUID,
) (map[uuid.UUID][]GateDecision, error) {
	return e.store.GateDecisions(ctx, who, flows)
}

// SetGatesInput says who decides at each gate. A nil field stays as it is.
type SetGatesInput struct {
	Seeds, Plan, Publish *workflow.GateMode
	FourEyes             *bool
	Reason               string
	IdempotencyKey       string
}

// Gated are an organization's gates after a change.
type Gated struct {
	GateSettings
	Replayed bool
}

// SetGates sets the organization's gates. They count for every transition from then on. Setting them to what they are
// changes nothing.
func (e *Engine) SetGates(
	ctx context.Context, who caller.Caller, in SetGatesInput,
) (_ Gated, err error) {
	ctx, end := e.begin(ctx, "SetGates")
	defer end(&err)
	if err := checkReason(in.Reason); err != nil {
		return Gated{}, err
	}
	key, at := in.IdempotencyKey, e.now()
	in.IdempotencyKey = ""
	replay, err := e.once(ctx, who, request{
		key:       key,
		operation: "setGates",
		content:   in,
		at:        at,
	}, func(tx *postgres.Store) error {
		settings, err := tx.GateSettings(ctx, who)
		if err != nil {
			return err
		}
		changed, err := in.apply(settings)
		if err != nil || changed == settings {
			return err
		}
		changed.Version, changed.Reason, changed.At = settings.Version+1, in.Reason, at
		set, err := tx.SetGates(ctx, who, changed)
		if err == nil && !set {
			return fault.New(fault.Conflict, "Another request has just set the gates. Read them again.")
		}
		return err
	})
	if err != nil {
		return Gated{}, err
	}
	settings, err := e.GateSettings(ctx, who)
	return Gated{GateSettings: settings, Replayed: replay != nil}, err
}

func (in SetGatesInput) apply(settings GateSettings) (GateSettings, error) {
	for field, change := range map[string]struct{ from, to *workflow.GateMode }{
		"seeds":   {in.Seeds, &settings.Seeds},
		"plan":    {in.Plan, &settings.Plan},
		"publish": {in.Publish, &settings.Publish},
	} {
		if change.from == nil {
			continue
		}
		if !change.from.Valid() {
			return settings, fault.Invalid([]string{field}, "A gate is HUMAN, AUTO or OFF.")
		}
		*change.to = *change.from
	}
	if in.FourEyes != nil {
		settings.FourEyes = *in.FourEyes
	}
	if settings.FourEyes && (settings.Seeds == workflow.GateAuto || settings.Plan == workflow.GateAuto ||
		settings.Publish == workflow.GateAuto) {
		return settings, fault.Invalid([]string{"fourEyes"},
			"A gate that is AUTO prepares and approves with one name. It cannot ask for two people.")
	}
	return settings, nil
}
