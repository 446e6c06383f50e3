package postgres

import (
	"context"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
	"github.com/infin8content/engine/internal/workflow"
)

// publicationEventsShown is how many events a publication shows, the last ones.
const publicationEventsShown = 50

// PublicationEvents returns the last events of all publications of the workflows, by publication, the last first.
func (s *Store) PublicationEvents(
	ctx context.Context, who caller.Caller, flows []uuid.UUID,
) (map[uuid.UUID][]workflow.PublicationEvent, error) {
	rows, err := s.forTenant(who.OrganizationID).PublicationEventListByWorkflows(ctx,
		dbsqlc.PublicationEventListByWorkflowsParams{
			OrganizationID: who.OrganizationID, WorkflowIds: flows, PageSize: publicationEventsShown,
		})
	events, err := many(rows, err, toPublicationEvent)
	return group(events, err, func(e workflow.PublicationEvent) uuid.UUID { return e.Publication.ID })
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
