package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
	"github.com/infin8content/engine/internal/workflow"
)

// Horizon says which transactions have ended, as far as the database knows at a moment. A statement that begins later
// sees what all transactions below Oldest have committed; a transaction that begins to write later has more than Next.
type Horizon struct{ Oldest, Next int64 }

// Horizon returns the present one.
func (s *Store) Horizon(ctx context.Context) (Horizon, error) {
	row, err := s.ofNobody().HorizonGet(ctx)
	return Horizon(row), translate(err)
}

// News asks for rows of the journal of one workflow that were not read yet: those after a version, as far as they are
// younger than Since or their version is at least Told.
type News struct {
	WorkflowID  uuid.UUID
	After, Told int
	Since       time.Time
}

// Arrival is a transition with the workflow as the transition left it.
type Arrival struct {
	Workflow   workflow.Workflow
	Transition workflow.Transition
}

// NewTransitions returns at most limit journal rows that are asked for, each journal in its order. One statement.
func (s *Store) NewTransitions(
	ctx context.Context, who caller.Caller, asked []News, limit int32,
) ([]Arrival, error) {
	in := dbsqlc.TransitionListNewParams{OrganizationID: who.OrganizationID, PageSize: limit}
	for _, news := range asked {
		in.WorkflowIds = append(in.WorkflowIds, news.WorkflowID)
		in.AfterVersions = append(in.AfterVersions, news.After)
		in.ToldVersions = append(in.ToldVersions, news.Told)
		in.Since = append(in.Since, news.Since)
	}
	rows, err := s.of(who.OrganizationID).TransitionListNew(ctx, in)
	return many(rows, err, func(r dbsqlc.TransitionListNewRow) Arrival {
		made := toTransition(r.WorkflowTransition)
		return Arrival{Workflow: toWorkflow(r.IntentWorkflow).LeftBy(made), Transition: made}
	})
}

// Place is where a workflow stands: at which version, and since when.
type Place struct {
	OrganizationID, WorkflowID uuid.UUID
	Version                    int
	At                         time.Time
}

// MovedSince returns of each organization the workflows that have moved since its time, the last first and at most
// limit of them. One statement for all organizations.
func (s *Store) MovedSince(ctx context.Context, since map[uuid.UUID]time.Time, limit int32) ([]Place, error) {
	in := dbsqlc.WorkflowListMovedParams{PageSize: limit}
	for organization, at := range since {
		in.OrganizationIds, in.Since = append(in.OrganizationIds, organization), append(in.Since, at)
	}
	rows, err := s.ofAll().WorkflowListMoved(ctx, in)
	return many(rows, err, toPlace)
}

func toPlace(r dbsqlc.WorkflowListMovedRow) Place {
	return Place{OrganizationID: r.OrganizationID, WorkflowID: r.ID, Version: r.Version, At: r.UpdatedAt.UTC()}
}

// Numbers returns for each workflow the last version of its journal and the last sequence number of its account's
// ledger, as two changes. flows names the organization of each. One statement.
func (s *Store) Numbers(ctx context.Context, flows map[uuid.UUID]uuid.UUID) ([]Change, error) {
	in := dbsqlc.WorkflowListNumbersParams{PageSize: int32(len(flows))}
	for flow, organization := range flows {
		in.Ids, in.OrganizationIds = append(in.Ids, flow), append(in.OrganizationIds, organization)
	}
	rows, err := s.ofAll().WorkflowListNumbers(ctx, in)
	if err != nil {
		return nil, translate(err)
	}
	numbers := make([]Change, 0, 2*len(rows))
	for _, r := range rows {
		last := Change{OrganizationID: r.OrganizationID, WorkflowID: r.ID, Number: int64(r.Version)}
		numbers = append(numbers, last)
		last.Ledger, last.Number = true, r.Sequence
		numbers = append(numbers, last)
	}
	return numbers, nil
}
