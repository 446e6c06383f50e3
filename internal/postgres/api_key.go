package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
)

// APIKey is a key that a program signs in with, without the key itself.
type APIKey struct {
	OrganizationID uuid.UUID
	ID             uuid.UUID
	Name           string
	Role           caller.Role
	Prefix         string // of the part that is no organization: people recognize the key by it
	ExpiresAt      time.Time
	CreatedBy      string
	CreatedAt      time.Time
	RevokedBy      string // "" while it was not
	RevokedAt      *time.Time
	LastUsedAt     *time.Time // to the minute; nil before the first time
	Digest         []byte     // sha256 of the key
	WorkflowID     uuid.UUID  // the only one that the key reaches; the nil UUID for none
}

// AddAPIKey writes a key. version is the row of the organization's journal with its creation.
func (s *Store) AddAPIKey(ctx context.Context, who caller.Caller, k APIKey, version int) (APIKey, error) {
	row, err := s.forTenant(who.OrganizationID).ApiKeyAdd(ctx, dbsqlc.ApiKeyAddParams{
		OrganizationID: who.OrganizationID,
		ID:             k.ID,
		Name:           k.Name,
		Role:           string(k.Role),
		Prefix:         k.Prefix,
		Digest:         k.Digest,
		ExpiresAt:      k.ExpiresAt,
		Actor:          who.Actor,
		At:             k.CreatedAt,
		Version:        version,
		WorkflowID:     pointer(k.WorkflowID),
	})
	return toAPIKey(row), translate(err)
}

// RevokeAPIKey ends a key. revoked is false when it is not there, or was revoked before.
func (s *Store) RevokeAPIKey(
	ctx context.Context, who caller.Caller, id uuid.UUID, version int, at time.Time,
) (key APIKey, revoked bool, err error) {
	row, err := s.forTenant(who.OrganizationID).ApiKeyRevoke(ctx, dbsqlc.ApiKeyRevokeParams{
		OrganizationID: who.OrganizationID,
		ID:             id,
		Actor:          who.Actor,
		At:             at,
		Version:        version,
	})
	return one(row, err, toAPIKey)
}

// APIKey returns one key of the caller's organization.
func (s *Store) APIKey(ctx context.Context, who caller.Caller, id uuid.UUID) (key APIKey, found bool, err error) {
	row, err := s.forTenant(who.OrganizationID).ApiKeyGet(ctx, dbsqlc.ApiKeyGetParams{
		OrganizationID: who.OrganizationID, ID: id,
	})
	return one(row, err, toAPIKey)
}

// APIKeyNamed returns the key of a name in the caller's organization.
func (s *Store) APIKeyNamed(ctx context.Context, who caller.Caller, name string) (key APIKey, found bool, err error) {
	row, err := s.forTenant(who.OrganizationID).ApiKeyGetByName(ctx, dbsqlc.ApiKeyGetByNameParams{
		OrganizationID: who.OrganizationID, Name: name,
	})
	return one(row, err, toAPIKey)
}

// FindAPIKey returns the key of an organization that begins with a prefix.
func (s *Store) FindAPIKey(
	ctx context.Context, organization uuid.UUID, prefix string,
) (key APIKey, found bool, err error) {
	row, err := s.forTenant(organization).ApiKeyFind(ctx, dbsqlc.ApiKeyFindParams{
		OrganizationID: organization, Prefix: prefix,
	})
	return one(row, err, toAPIKey)
}

// APIKeyPage selects keys before a cursor, the newest first, or those after it, the oldest first.
type APIKeyPage struct {
	Ascending bool
	At        time.Time
	ID        uuid.UUID
	First     int32
}

// APIKeys returns at most First keys of the caller's organization.
func (s *Store) APIKeys(ctx context.Context, who caller.Caller, page APIKeyPage) ([]APIKey, error) {
	q := s.forTenant(who.OrganizationID)
	if page.Ascending {
		rows, err := q.ApiKeyListAscending(ctx, dbsqlc.ApiKeyListAscendingParams{
			OrganizationID: who.OrganizationID,
			AfterAt:        page.At,
			AfterID:        page.ID,
			PageSize:       page.First,
		})
		return many(rows, err, toAPIKey)
	}
	rows, err := q.ApiKeyList(ctx, dbsqlc.ApiKeyListParams{
		OrganizationID: who.OrganizationID,
		BeforeAt:       page.At,
		BeforeID:       page.ID,
		PageSize:       page.First,
	})
	return many(rows, err, toAPIKey)
}

// CountAPIKeys counts the keys of the caller's organization: all, or those that are valid at a time.
func (s *Store) CountAPIKeys(ctx context.Context, who caller.Caller, live bool, at time.Time) (int, error) {
	n, err := s.forTenant(who.OrganizationID).ApiKeyCount(ctx, dbsqlc.ApiKeyCountParams{
		OrganizationID: who.OrganizationID, Live: live, At: at,
	})
	return int(n), translate(err)
}

// TouchAPIKey stores the time of last use, unless a time within the given duration before is stored.
func (s *Store) TouchAPIKey(ctx context.Context, k APIKey, at time.Time, within time.Duration) error {
	return translate(s.forTenant(k.OrganizationID).ApiKeyTouch(ctx, dbsqlc.ApiKeyTouchParams{
		OrganizationID: k.OrganizationID,
		ID:             k.ID,
		At:             at,
		NotedBefore:    at.Add(-within),
	}))
}

func toAPIKey(r dbsqlc.ApiKey) APIKey {
	return APIKey{
		OrganizationID: r.OrganizationID,
		ID:             r.ID,
		Name:           r.Name,
		Role:           caller.Role(r.Role),
		Prefix:         r.Prefix,
		ExpiresAt:      r.ExpiresAt.UTC(),
		CreatedBy:      r.CreatedBy,
		CreatedAt:      r.CreatedAt.UTC(),
		RevokedBy:      value(r.RevokedBy),
		RevokedAt:      utc(r.RevokedAt),
		LastUsedAt:     utc(r.LastUsedAt),
		Digest:         r.Digest,
		WorkflowID:     value(r.WorkflowID),
	}
}
