package postgres

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
	"github.com/infin8content/engine/internal/workflow"
)

// publicationPage is more than the publications of a decision or of a page of articles.
const publicationPage = 10_000

// plannedPublication is the part of a plan that each publication has of its own.
type plannedPublication struct {
	ID        uuid.UUID                  `json:"id"`
	TargetID  uuid.UUID                  `json:"target_id"`
	ArticleID uuid.UUID                  `json:"article_id"`
	Keyword   string                     `json:"keyword"`
	Revision  int                        `json:"revision"`
	Policy    workflow.PublicationPolicy `json:"policy"`
	PublishAt *time.Time                 `json:"publish_at"`
}

// PlanPublications writes publications that one decision asks for, with their first events. planned is how many; it is
// less than all when an article has one on a target already.
func (s *Store) PlanPublications(
	ctx context.Context, who caller.Caller, all []workflow.Publication,
) (planned int, err error) {
	if len(all) == 0 {
		return 0, nil
	}
	wire := make([]plannedPublication, len(all))
	for i, p := range all {
		wire[i] = plannedPublication{
			ID:        p.ID,
			TargetID:  p.TargetID,
			ArticleID: p.ArticleID,
			Keyword:   p.Keyword,
			Revision:  p.Revision,
			Policy:    p.Policy,
			PublishAt: p.PublishAt,
		}
	}
	encoded, err := json.Marshal(wire)
	if err != nil {
		return 0, err
	}
	n, err := s.forTenant(who.OrganizationID).PublicationPlan(ctx, dbsqlc.PublicationPlanParams{
		OrganizationID: who.OrganizationID,
		WorkflowID:     all[0].WorkflowID,
		Approval:       all[0].Approval,
		State:          workflow.PublicationPlanned,
		Kind:           workflow.PublicationPlan,
		Publications:   encoded,
		Actor:          who.Actor,
		At:             all[0].ChangedAt,
	})
	return int(n), translate(err)
}

// PublicationKey names a publication of an organization.
type PublicationKey struct{ OrganizationID, ID uuid.UUID }

// Unpublishing returns publications of all organizations whose post is to be taken from its readers since a time.
func (s *Store) Unpublishing(ctx context.Context, since time.Time, limit int32) ([]PublicationKey, error) {
	rows, err := s.forSweeper().PublicationListUnpublishing(ctx, dbsqlc.PublicationListUnpublishingParams{
		State: workflow.PublicationUnpublishing, Since: since, PageSize: limit,
	})
	return many(rows, err, func(r dbsqlc.PublicationListUnpublishingRow) PublicationKey {
		return PublicationKey{OrganizationID: r.OrganizationID, ID: r.ID}
	})
}

// PublicationMove is a move to be made: the publication before and after it.
type PublicationMove struct {
	Before, After workflow.Publication
	Kind          workflow.PublicationMove
	// Unit is the attempt that makes the move; nil for a person. With Live the move needs an attempt that is not over.
	Unit   *workflow.UnitAttempt
	Live   bool
	Reason string
}

// MovePublication is the compare-and-set of a publication. won is false when the publication is no longer as it was
// before, or when the attempt of a move with Live is over.
func (s *Store) MovePublication(ctx context.Context, who caller.Caller, m PublicationMove) (won bool, err error) {
	after := m.After
	in := dbsqlc.PublicationMoveParams{
		OrganizationID: who.OrganizationID,
		ID:             after.ID,
		Version:        m.Before.Version,
		FromState:      m.Before.State,
		ToState:        after.State,
		Kind:           m.Kind,
		ArticleID:      after.ArticleID,
		Keyword:        after.Keyword,
		Revision:       after.Revision,
		Approval:       after.Approval,
		Policy:         after.Policy,
		PublishAt:      after.PublishAt,
		RemoteID:       after.Remote.ID,
		RemoteUrl:      after.Remote.URL,
		RemoteModified: after.Remote.Modified,
		RemoteRevision: after.Remote.Revision,
		Overwrite:      after.Overwrite,
		Lost:           after.Lost,
		FailureCode:    pointer(after.Failure),
		FailureMessage: after.FailureMessage,
		Live:           m.Live,
		Actor:          who.Actor,
		Reason:         m.Reason,
		At:             after.ChangedAt,
	}
	if sum := after.Remote.SHA256; sum != nil {
		in.RemoteSha256 = sum[:]
	}
	if m.Unit != nil {
		in.UnitID, in.Attempt = &m.Unit.ID, &m.Unit.Attempt
	}
	version, err := s.forTenant(who.OrganizationID).PublicationMove(ctx, in)
	_, won, err = one(version, err, func(n int) int { return n })
	return won, err
}

// Publication returns one publication.
func (s *Store) Publication(
	ctx context.Context, who caller.Caller, id uuid.UUID,
) (p workflow.Publication, found bool, err error) {
	in := dbsqlc.PublicationGetParams{OrganizationID: who.OrganizationID, ID: id}
	row, err := s.forTenant(who.OrganizationID).PublicationGet(ctx, in)
	return one(row, err, toPublication)
}

// PublicationsOfApproval returns the publications that the decision at a version of a workflow asked for.
func (s *Store) PublicationsOfApproval(
	ctx context.Context, who caller.Caller, flow uuid.UUID, approval int,
) ([]workflow.Publication, error) {
	rows, err := s.forTenant(who.OrganizationID).PublicationListByApproval(ctx, dbsqlc.PublicationListByApprovalParams{
		OrganizationID: who.OrganizationID,
		WorkflowID:     flow,
		Approval:       approval,
		PageSize:       publicationPage,
	})
	return many(rows, err, toPublication)
}

// PublicationsOfArticles returns the publications of each article.
func (s *Store) PublicationsOfArticles(
	ctx context.Context, who caller.Caller, articles []uuid.UUID,
) (map[uuid.UUID][]workflow.Publication, error) {
	rows, err := s.forTenant(who.OrganizationID).PublicationListByArticles(ctx, dbsqlc.PublicationListByArticlesParams{
		OrganizationID: who.OrganizationID, ArticleIds: articles, PageSize: publicationPage,
	})
	publications, err := many(rows, err, toPublication)
	return group(publications, err, func(p workflow.Publication) uuid.UUID { return p.ArticleID })
}

// PublicationPage asks for the publications of workflows after an id, in the order of their ids.
type PublicationPage struct {
	Workflows []uuid.UUID
	After     uuid.UUID
	First     int32
}

// Publications returns the publications of each workflow.
func (s *Store) Publications(
	ctx context.Context, who caller.Caller, p PublicationPage,
) (map[uuid.UUID][]workflow.Publication, error) {
	rows, err := s.forTenant(who.OrganizationID).PublicationListByWorkflows(ctx, dbsqlc.PublicationListByWorkflowsParams{
		OrganizationID: who.OrganizationID,
		WorkflowIds:    p.Workflows,
		AfterID:        p.After,
		PageSize:       p.First,
	})
	publications, err := many(rows, err, toPublication)
	return group(publications, err, func(p workflow.Publication) uuid.UUID { return p.WorkflowID })
}

// PublicationOfWorkflow is a publication with its workflow.
type PublicationOfWorkflow struct {
	workflow.Publication
	Workflow workflow.Workflow
}

// PublicationStatePage is one page of publications in some states, by the time of their last event, after a cursor.
type PublicationStatePage struct {
	States     []workflow.PublicationState
	Descending bool
	At         time.Time
	ID         uuid.UUID
	First      int32
}

// PublicationsByState returns one page of the organization's publications in some states.
func (s *Store) PublicationsByState(
	ctx context.Context, who caller.Caller, p PublicationStatePage,
) ([]PublicationOfWorkflow, error) {
	rows, err := s.forTenant(who.OrganizationID).PublicationListByStates(ctx, dbsqlc.PublicationListByStatesParams{
		OrganizationID: who.OrganizationID,
		States:         texts(p.States),
		Descending:     p.Descending,
		CursorAt:       p.At,
		CursorID:       p.ID,
		PageSize:       p.First,
	})
	return many(rows, err, func(r dbsqlc.PublicationListByStatesRow) PublicationOfWorkflow {
		return PublicationOfWorkflow{Publication: toPublication(r.Publication), Workflow: toWorkflow(r.IntentWorkflow)}
	})
}

// CountPublications counts the organization's publications in some states.
func (s *Store) CountPublications(
	ctx context.Context, who caller.Caller, states []workflow.PublicationState,
) (int, error) {
	n, err := s.forTenant(who.OrganizationID).PublicationCountByStates(ctx, dbsqlc.PublicationCountByStatesParams{
		OrganizationID: who.OrganizationID, States: texts(states),
	})
	return int(n), translate(err)
}

func toPublication(r dbsqlc.Publication) workflow.Publication {
	return workflow.Publication{
		OrganizationID: r.OrganizationID,
		WorkflowID:     r.WorkflowID,
		ID:             r.ID,
		TargetID:       r.TargetID,
		ArticleID:      r.ArticleID,
		Keyword:        r.Keyword,
		Revision:       r.Revision,
		Approval:       r.Approval,
		Policy:         r.Policy,
		PublishAt:      utc(r.PublishAt),
		State:          r.State,
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
		ChangedAt:      r.ChangedAt.UTC(),
	}
}

// sum returns a digest of the database; nil for NULL.
func sum(digest []byte) *[sha256.Size]byte {
	if len(digest) != sha256.Size {
		return nil
	}
	return (*[sha256.Size]byte)(digest)
}
