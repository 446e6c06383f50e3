package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
	"github.com/infin8content/engine/internal/workflow"
)

// PublishTarget is a site that articles are published to, with the newest version of its journal.
type PublishTarget struct {
	ID        uuid.UUID
	Name      string
	Kind      workflow.TargetKind
	Policy    workflow.TargetPolicy
	BaseURL   string // "" for FILE
	Username  string // "" except for WORDPRESS
	CreatedBy string
	CreatedAt time.Time
	TargetVersion
}

// AddPublishTarget writes a target. added is false when the organization has, or has had, one of this name.
func (s *Store) AddPublishTarget(ctx context.Context, who caller.Caller, t PublishTarget) (added bool, err error) {
	id, err := s.forTenant(who.OrganizationID).PublishTargetInsert(ctx, dbsqlc.PublishTargetInsertParams{
		OrganizationID: who.OrganizationID,
		ID:             t.ID,
		Name:           t.Name,
		Kind:           t.Kind,
		Policy:         t.Policy,
		BaseUrl:        t.BaseURL,
		Username:       t.Username,
		Actor:          who.Actor,
		At:             t.CreatedAt,
	})
	_, added, err = one(id, err, func(id uuid.UUID) uuid.UUID { return id })
	return added, err
}

// PublishTarget returns one target of the caller's organization.
func (s *Store) PublishTarget(
	ctx context.Context, who caller.Caller, id uuid.UUID,
) (target PublishTarget, found bool, err error) {
	row, err := s.forTenant(who.OrganizationID).PublishTargetGet(ctx, dbsqlc.PublishTargetGetParams{
		OrganizationID: who.OrganizationID, ID: id,
	})
	return one(row, err, func(r dbsqlc.PublishTargetGetRow) PublishTarget {
		return toPublishTarget(r.PublishTarget, r.PublishTargetVersion)
	})
}

// PublishTargets returns the targets of the caller's organization, the newest first.
func (s *Store) PublishTargets(ctx context.Context, who caller.Caller, first int32) ([]PublishTarget, error) {
	rows, err := s.forTenant(who.OrganizationID).PublishTargetList(ctx, dbsqlc.PublishTargetListParams{
		OrganizationID: who.OrganizationID, PageSize: first,
	})
	return many(rows, err, func(r dbsqlc.PublishTargetListRow) PublishTarget {
		return toPublishTarget(r.PublishTarget, r.PublishTargetVersion)
	})
}

func toPublishTarget(t dbsqlc.PublishTarget, v dbsqlc.PublishTargetVersion) PublishTarget {
	return PublishTarget{
		ID:            t.ID,
		Name:          t.Name,
		Kind:          t.Kind,
		Policy:        t.Policy,
		BaseURL:       t.BaseUrl,
		Username:      t.Username,
		CreatedBy:     t.CreatedBy,
		CreatedAt:     t.CreatedAt.UTC(),
		TargetVersion: toTargetVersion(v),
	}
}
