package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
)

// Competitors returns the domains that a person named last for a workflow; none when no person has.
func (s *Store) Competitors(ctx context.Context, who caller.Caller, flow uuid.UUID) ([]string, error) {
	row, err := s.forTenant(who.OrganizationID).WorkflowCompetitorGet(ctx, dbsqlc.WorkflowCompetitorGetParams{
		OrganizationID: who.OrganizationID,
		WorkflowID:     flow,
	})
	domains, _, err := one(row, err, func(r dbsqlc.WorkflowCompetitor) []string { return r.Domains })
	return domains, err
}

// NameCompetitors names the competitors of a workflow anew. The transaction holds the workflow's row: see LockWorkflow.
func (s *Store) NameCompetitors(
	ctx context.Context, who caller.Caller, flow uuid.UUID, domains []string, at time.Time,
) error {
	_, err := s.forTenant(who.OrganizationID).WorkflowCompetitorInsert(ctx, dbsqlc.WorkflowCompetitorInsertParams{
		OrganizationID: who.OrganizationID,
		WorkflowID:     flow,
		Domains:        domains,
		Actor:          who.Actor,
		At:             at,
	})
	return translate(err)
}

// CompetitorsOf returns the domains that a person named last for each workflow that has some.
func (s *Store) CompetitorsOf(
	ctx context.Context, who caller.Caller, flows []uuid.UUID,
) (map[uuid.UUID][]string, error) {
	rows, err := s.forTenant(who.OrganizationID).WorkflowCompetitorListLast(ctx, dbsqlc.WorkflowCompetitorListLastParams{
		OrganizationID: who.OrganizationID,
		WorkflowIds:    flows,
	})
	if err != nil {
		return nil, translate(err)
	}
	domains := map[uuid.UUID][]string{}
	for _, row := range rows {
		domains[row.WorkflowID] = row.Domains
	}
	return domains, nil
}
