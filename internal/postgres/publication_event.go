package postgres

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
	"github.com/infin8content/engine/internal/workflow"
)

const (
	// publicationEventsShown is how many events a publication shows, the last ones.
	publicationEventsShown = 50
	// publicationsAtOnce bounds the rows of one statement.
	publicationsAtOnce = 400
)

// PublicationEvents returns the last events of each publication, the last first. It reads many publications by several
// statements.
func (s *Store) PublicationEvents(
	ctx context.Context, who caller.Caller, publications []uuid.UUID,
) (map[uuid.UUID][]workflow.PublicationEvent, error) {
	events := map[uuid.UUID][]workflow.PublicationEvent{}
	for ids := range slices.Chunk(publications, publicationsAtOnce) {
		rows, err := s.forTenant(who.OrganizationID).PublicationEventListByPublications(ctx,
			dbsqlc.PublicationEventListByPublicationsParams{
				OrganizationID: who.OrganizationID, Ids: ids, PageSize: publicationEventsShown,
			})
		if err != nil {
			return nil, translate(err)
		}
		for _, row := range rows {
			events[row.PublicationID] = append(events[row.PublicationID], toPublicationEvent(row))
		}
	}
	return events, nil
}

func toPublicationEvent(r dbsqlc.PublicationEvent) workflow.PublicationEvent {
	event := workflow.PublicationEvent{
		Publication: workflow.Publication{
			OrganizationID: r.OrganizationID,
			WorkflowID:     r.WorkflowID,
			ID:             r.PublicationID,
			ArticleID:      r.ArticleID,
			Revision:       r.Revision,
			Approval:       r.Approval,
			Policy:         r.Policy,
			PublishAt:      utc(r.PublishAt),
			State:          r.ToState,
			Version:        r.Version,
			Remote: workflow.Post{
				ID:       r.RemoteID,
				URL:      r.RemoteUrl,
				Modified: r.RemoteModified,
				SHA256:   sum(r.RemoteSha256),
				Revision: r.RemoteRevision,
			},
			Overwrite:      r.Overwrite,
			Lost:           r.Lost,
			Failure:        value(r.FailureCode),
			FailureMessage: r.FailureMessage,
			ChangedAt:      r.OccurredAt.UTC(),
		},
		Kind:   r.Kind,
		From:   value(r.FromState),
		Actor:  r.Actor,
		Reason: r.Reason,
	}
	if r.UnitID != nil {
		event.Unit = &workflow.UnitAttempt{ID: *r.UnitID, Attempt: value(r.Attempt)}
	}
	return event
}
