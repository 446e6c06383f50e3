package postgres

import (
	"context"
	"time"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
)

// JournaledAPIKeyEvent is the creation or revocation of an API key in the organization's journal.
type JournaledAPIKeyEvent struct {
	Version       int
	Event         string
	Actor, Reason string
	At            time.Time
	Key           APIKey
}

// APIKeyEventPage selects events before a version of the journal, the newest first, or after it, the oldest first.
type APIKeyEventPage struct {
	Ascending bool
	Version   int
	First     int32
}

// APIKeyEvents returns at most First events of the API keys of the caller's organization.
func (s *Store) APIKeyEvents(
	ctx context.Context, who caller.Caller, p APIKeyEventPage,
) ([]JournaledAPIKeyEvent, error) {
	q := s.forTenant(who.OrganizationID)
	if p.Ascending {
		rows, err := q.ApiKeyEventListAscending(ctx, dbsqlc.ApiKeyEventListAscendingParams{
			OrganizationID: who.OrganizationID, AfterVersion: p.Version, PageSize: p.First,
		})
		return many(rows, err, func(r dbsqlc.ApiKeyEventListAscendingRow) JournaledAPIKeyEvent {
			return toAPIKeyEvent(dbsqlc.ApiKeyEventListRow(r))
		})
	}
	rows, err := q.ApiKeyEventList(ctx, dbsqlc.ApiKeyEventListParams{
		OrganizationID: who.OrganizationID, BeforeVersion: p.Version, PageSize: p.First,
	})
	return many(rows, err, toAPIKeyEvent)
}

// CountAPIKeyEvents counts the events of the API keys of the caller's organization.
func (s *Store) CountAPIKeyEvents(ctx context.Context, who caller.Caller) (int, error) {
	n, err := s.forTenant(who.OrganizationID).ApiKeyEventCount(ctx, who.OrganizationID)
	return int(n), translate(err)
}

func toAPIKeyEvent(r dbsqlc.ApiKeyEventListRow) JournaledAPIKeyEvent {
	return JournaledAPIKeyEvent{
		Version: r.Version,
		Event:   r.Event,
		Actor:   r.Actor,
		Reason:  r.Reason,
		At:      r.OccurredAt.UTC(),
		Key:     toAPIKey(r.ApiKey),
	}
}
