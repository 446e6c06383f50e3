package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
	"github.com/infin8content/engine/internal/workflow"
)

// TargetVersion is one row of the journal of a target: its whole state.
type TargetVersion struct {
	Version int
	State   workflow.TargetState
	// Secret is sealed; nil for a target without one.
	Secret []byte
	// APIRoot, SiteName and Account are of the last check that succeeded; "" before one.
	APIRoot, SiteName, Account string
	Failure                    *workflow.FailureCode
	Message                    string // why the last check failed
	Actor, Reason              string
	At                         time.Time
}

// AddTargetVersion adds a row to the journal of a target. added is false when another request has added that version.
func (s *Store) AddTargetVersion(
	ctx context.Context, who caller.Caller, target uuid.UUID, v TargetVersion,
) (added bool, err error) {
	version, err := s.forTenant(who.OrganizationID).PublishTargetVersionInsert(ctx,
		dbsqlc.PublishTargetVersionInsertParams{
			OrganizationID: who.OrganizationID,
			TargetID:       target,
			Version:        v.Version,
			State:          v.State,
			Secret:         v.Secret,
			ApiRoot:        v.APIRoot,
			SiteName:       v.SiteName,
			Account:        v.Account,
			Failure:        v.Failure,
			Message:        v.Message,
			Actor:          who.Actor,
			Reason:         v.Reason,
			At:             v.At,
		})
	_, added, err = one(version, err, func(version int) int { return version })
	return added, err
}

func toTargetVersion(r dbsqlc.PublishTargetVersion) TargetVersion {
	return TargetVersion{
		Version:  r.Version,
		State:    r.State,
		Secret:   r.Secret,
		APIRoot:  r.ApiRoot,
		SiteName: r.SiteName,
		Account:  r.Account,
		Failure:  r.Failure,
		Message:  r.Message,
		Actor:    r.Actor,
		Reason:   r.Reason,
		At:       r.OccurredAt.UTC(),
	}
}
