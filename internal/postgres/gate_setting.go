package postgres

import (
	"context"
	"time"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
	"github.com/infin8content/engine/internal/workflow"
)

// GateSettings are an organization's gates. Version is -1 for an organization that never set them.
type GateSettings struct {
	Version              int
	Seeds, Plan, Publish workflow.GateMode
	FourEyes             bool
	Actor, Reason        string
	At                   time.Time
}

// Mode returns who decides at a gate.
func (g GateSettings) Mode(gate workflow.Gate) workflow.GateMode {
	switch gate {
	case workflow.GateSeeds:
		return g.Seeds
	case workflow.GatePlan:
		return g.Plan
	default:
		return g.Publish
	}
}

// GateSettings returns the settings in force. All gates are OFF when the organization never set them.
func (s *Store) GateSettings(ctx context.Context, who caller.Caller) (GateSettings, error) {
	row, err := s.forTenant(who.OrganizationID).GateSettingGet(ctx, who.OrganizationID)
	settings, found, err := one(row, err, toGateSettings)
	if err == nil && !found {
		off := workflow.GateOff
		return GateSettings{
			Version: -1,
			Seeds:   off,
			Plan:    off,
			Publish: off,
		}, nil
	}
	return settings, err
}

// SetGates writes the settings with their version. set is false when another request has set that version.
func (s *Store) SetGates(ctx context.Context, who caller.Caller, g GateSettings) (set bool, err error) {
	row, err := s.forTenant(who.OrganizationID).GateSettingInsert(ctx, dbsqlc.GateSettingInsertParams{
		OrganizationID: who.OrganizationID,
		Version:        g.Version,
		Seeds:          g.Seeds,
		Plan:           g.Plan,
		Publish:        g.Publish,
		FourEyes:       g.FourEyes,
		Actor:          who.Actor,
		Reason:         g.Reason,
		At:             g.At,
	})
	_, set, err = one(row, err, toGateSettings)
	return set, err
}

func toGateSettings(r dbsqlc.GateSetting) GateSettings {
	return GateSettings{
		Version:  r.Version,
		Seeds:    r.Seeds,
		Plan:     r.Plan,
		Publish:  r.Publish,
		FourEyes: r.FourEyes,
		Actor:    r.Actor,
		Reason:   r.Reason,
		At:       r.OccurredAt.UTC(),
	}
}
