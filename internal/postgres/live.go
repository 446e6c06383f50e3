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

// JournalRead names the unread rows of one workflow's journal: those after AfterVersion that are younger than Since or
// have at least NotifiedVersion.
type JournalRead struct {
	WorkflowID                    uuid.UUID
	AfterVersion, NotifiedVersion int
	Since                         time.Time
}

// TransitionEvent is a transition with the workflow as the transition left it.
type TransitionEvent struct {
	Workflow   workflow.Workflow
	Transition workflow.Transition
}

// NewTransitions returns at most limit rows of the named journals, each journal in its order. One statement.
func (s *Store) NewTransitions(
	ctx context.Context, who caller.Caller, reads []JournalRead, limit int32,
) ([]TransitionEvent, error) {
	in := dbsqlc.TransitionListNewParams{OrganizationID: who.OrganizationID, PageSize: limit}
	for _, read := range reads {
		in.WorkflowIds = append(in.WorkflowIds, read.WorkflowID)
		in.AfterVersions = append(in.AfterVersions, read.AfterVersion)
		in.ToldVersions = append(in.ToldVersions, read.NotifiedVersion)
		in.Since = append(in.Since, read.Since)
	}
	rows, err := s.of(who.OrganizationID).TransitionListNew(ctx, in)
	return many(rows, err, func(r dbsqlc.TransitionListNewRow) TransitionEvent {
		made := toTransition(r.WorkflowTransition)
		return TransitionEvent{Workflow: toWorkflow(r.IntentWorkflow).LeftBy(made), Transition: made}
	})
}

// WorkflowPosition is the version of a workflow, and the time of its last transition.
type WorkflowPosition struct {
	OrganizationID, WorkflowID uuid.UUID
	Version                    int
	At                         time.Time
}

// MovedSince returns of each organization the workflows that have moved since its time, the last first and at most
// limit of them. One statement for all organizations.
func (s *Store) MovedSince(
	ctx context.Context, since map[uuid.UUID]time.Time, limit int32,
) ([]WorkflowPosition, error) {
	in := dbsqlc.WorkflowListMovedParams{PageSize: limit}
	for organization, at := range since {
		in.OrganizationIds, in.Since = append(in.OrganizationIds, organization), append(in.Since, at)
	}
	rows, err := s.ofAll().WorkflowListMoved(ctx, in)
	return many(rows, err, toPosition)
}

func toPosition(r dbsqlc.WorkflowListMovedRow) WorkflowPosition {
	return WorkflowPosition{OrganizationID: r.OrganizationID, WorkflowID: r.ID, Version: r.Version, At: r.UpdatedAt.UTC()}
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
