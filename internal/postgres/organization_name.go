package postgres

import (
	"context"
	"time"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
)

// OrganizationName is the name of an organization. Version is −1 for an organization that never set one.
type OrganizationName struct {
	Version int
	Name    string
	Reason  string
	At      time.Time
}

// OrganizationName returns the name in force.
func (s *Store) OrganizationName(ctx context.Context, who caller.Caller) (OrganizationName, error) {
	row, err := s.forTenant(who.OrganizationID).OrganizationNameGet(ctx, who.OrganizationID)
	name, found, err := one(row, err, toOrganizationName)
	if err == nil && !found {
		name.Version = -1
	}
	return name, err
}

// SetOrganizationName writes a name with its version. set is false when another request has set that version.
func (s *Store) SetOrganizationName(ctx context.Context, who caller.Caller, n OrganizationName) (set bool, err error) {
	row, err := s.forTenant(who.OrganizationID).OrganizationNameInsert(ctx, dbsqlc.OrganizationNameInsertParams{
		OrganizationID: who.OrganizationID,
		Version:        n.Version,
		Name:           n.Name,
		Actor:          who.Actor,
		Reason:         n.Reason,
		At:             n.At,
	})
	_, set, err = one(row, err, toOrganizationName)
	return set, err
}

func toOrganizationName(r dbsqlc.OrganizationName) OrganizationName {
	return OrganizationName{
		Version: r.Version,
		Name:    r.Name,
		Reason:  r.Reason,
		At:      r.OccurredAt.UTC(),
	}
}
