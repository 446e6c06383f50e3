package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
	"github.com/infin8content/engine/internal/workflow"
)

// Batch is one order to change many workflows.
type Batch struct {
	OrganizationID, ID uuid.UUID
	Kind               workflow.BatchKind
	// Actor, Role and KeyID are those of the caller who ordered it. KeyID is the nil UUID without an API key.
	Actor  string
	Role   caller.Role
	KeyID  uuid.UUID
	Reason string
	// Limit is the new limit; nil in a batch of another kind.
	Limit  *cost.Limit
	Digest []byte
	// Total counts the items, Done those with a result, and Succeeded those that were changed.
	Total, Done, Succeeded int
	// Attempt counts the claims. It is the fencing token of a worker.
	Attempt        int
	LeaseExpiresAt *time.Time
	CreatedAt      time.Time
	EndedAt        *time.Time
}

// NewBatch is a batch to be ordered. Steps has one step for each workflow, or "".
type NewBatch struct {
	Batch
	Workflows []uuid.UUID
	Steps     []workflow.StepKey
	WakeAt    time.Time
}

// CreateBatch writes a batch with its items.
func (s *Store) CreateBatch(ctx context.Context, who caller.Caller, b NewBatch) error {
	var limit *cost.Pico
	if b.Limit != nil {
		amount := cost.Pico(*b.Limit)
		limit = &amount
	}
	return translate(s.forTenant(who.OrganizationID).BatchInsert(ctx, dbsqlc.BatchInsertParams{
		OrganizationID: who.OrganizationID,
		ID:             b.ID,
		Kind:           b.Kind,
		Actor:          who.Actor,
		Role:           string(who.Role),
		ApiKeyID:       pointer(who.KeyID),
		Reason:         b.Reason,
		NewLimitPico:   limit,
		Digest:         b.Digest,
		WorkflowIds:    b.Workflows,
		Steps:          texts(b.Steps),
		At:             b.CreatedAt,
		WakeAt:         b.WakeAt,
	}))
}

// Batch returns one batch of the organization.
func (s *Store) Batch(ctx context.Context, who caller.Caller, id uuid.UUID) (b Batch, found bool, err error) {
	row, err := s.forTenant(who.OrganizationID).BatchGet(ctx, dbsqlc.BatchGetParams{
		OrganizationID: who.OrganizationID, ID: id,
	})
	return one(row, err, toBatch)
}

// BatchPage is one page of batches by time, after a cursor.
type BatchPage struct {
	Ascending bool
	At        time.Time
	ID        uuid.UUID
	First     int32
}

// Batches returns one page of the organization's batches.
func (s *Store) Batches(ctx context.Context, who caller.Caller, p BatchPage) ([]Batch, error) {
	rows, err := s.forTenant(who.OrganizationID).BatchList(ctx, dbsqlc.BatchListParams{
		OrganizationID: who.OrganizationID,
		Ascending:      p.Ascending,
		CursorAt:       p.At,
		CursorID:       p.ID,
		PageSize:       p.First,
	})
	return many(rows, err, toBatch)
}

// CountBatches counts the organization's batches.
func (s *Store) CountBatches(ctx context.Context, who caller.Caller) (int, error) {
	n, err := s.forTenant(who.OrganizationID).BatchCount(ctx, who.OrganizationID)
	return int(n), translate(err)
}

// CountOpenBatches counts the organization's batches that have not ended.
func (s *Store) CountOpenBatches(ctx context.Context, who caller.Caller) (int, error) {
	n, err := s.forTenant(who.OrganizationID).BatchCountOpen(ctx, who.OrganizationID)
	return int(n), translate(err)
}

// ClaimBatch gives a batch to a worker for a lease. claimed is false when it is over, or another worker has it.
func (s *Store) ClaimBatch(
	ctx context.Context, who caller.Caller, id uuid.UUID, at, lease time.Time,
) (b Batch, claimed bool, err error) {
	row, err := s.forTenant(who.OrganizationID).BatchClaim(ctx, dbsqlc.BatchClaimParams{
		OrganizationID: who.OrganizationID,
		ID:             id,
		At:             at,
		LeaseExpiresAt: lease,
	})
	return one(row, err, toBatch)
}

// ReleaseBatch ends the lease of a worker. wake is when a sweeper asks for another one.
func (s *Store) ReleaseBatch(ctx context.Context, who caller.Caller, b Batch, wake time.Time) error {
	return translate(s.forTenant(who.OrganizationID).BatchRelease(ctx, dbsqlc.BatchReleaseParams{
		OrganizationID: who.OrganizationID,
		ID:             b.ID,
		Attempt:        b.Attempt,
		WakeAt:         wake,
	}))
}

// AdvanceBatch writes the next results of a batch and renews the lease. mine is false when another worker has the
// batch; then nothing is written.
func (s *Store) AdvanceBatch(
	ctx context.Context, who caller.Caller, b Batch, results []BatchResult, at, lease time.Time,
) (after Batch, mine bool, err error) {
	in := dbsqlc.BatchAdvanceParams{
		OrganizationID: who.OrganizationID,
		ID:             b.ID,
		Attempt:        b.Attempt,
		Done:           b.Done,
		LeaseExpiresAt: &lease,
		At:             at,
		SucceededAfter: b.Succeeded,
	}
	if b.Done+len(results) == b.Total {
		in.LeaseExpiresAt, in.EndedAt = nil, &at
	}
	for i, r := range results {
		if r.Outcome == workflow.BatchDone {
			in.SucceededAfter++
		}
		in.Positions = append(in.Positions, b.Done+i)
		in.WorkflowIds = append(in.WorkflowIds, r.WorkflowID)
		in.Outcomes = append(in.Outcomes, string(r.Outcome))
		in.Succeeded = append(in.Succeeded, in.SucceededAfter)
		in.Versions = append(in.Versions, orMinusOne(r.Version))
		in.Sequences = append(in.Sequences, orMinusOne(r.Sequence))
		in.Codes = append(in.Codes, r.Code)
		in.Messages = append(in.Messages, r.Message)
	}
	row, err := s.forTenant(who.OrganizationID).BatchAdvance(ctx, in)
	after, mine, err = one(dbsqlc.Batch(row), err, toBatch)
	if mine && err == nil {
		s.note(Change{
			OrganizationID: who.OrganizationID,
			WorkflowID:     b.ID,
			Batch:          true,
			Number:         int64(after.Done - 1),
		})
	}
	return after, mine, err
}

func orMinusOne[N int | int64](n *N) N {
	if n == nil {
		return -1
	}
	return *n
}

// BatchNumbers returns for each batch with a result the number of the last one, as changes. batches names the
// organization of each.
func (s *Store) BatchNumbers(ctx context.Context, batches map[uuid.UUID]uuid.UUID) ([]Change, error) {
	in := dbsqlc.BatchListNumbersParams{PageSize: int32(len(batches))}
	for id, organization := range batches {
		in.Ids, in.OrganizationIds = append(in.Ids, id), append(in.OrganizationIds, organization)
	}
	rows, err := s.forSweeper().BatchListNumbers(ctx, in)
	return many(rows, err, func(r dbsqlc.BatchListNumbersRow) Change {
		return Change{OrganizationID: r.OrganizationID, WorkflowID: r.ID, Batch: true, Number: int64(r.Done - 1)}
	})
}

// WakeBatches claims at most limit batches that no worker has, of all organizations, and postpones their next wake.
func (s *Store) WakeBatches(ctx context.Context, at, next time.Time, limit int32) ([]Batch, error) {
	rows, err := s.forSweeper().BatchWake(ctx, dbsqlc.BatchWakeParams{At: at, NextWakeAt: next, PageSize: limit})
	return many(rows, err, func(r dbsqlc.BatchWakeRow) Batch {
		return Batch{OrganizationID: r.OrganizationID, ID: r.ID}
	})
}

func toBatch(r dbsqlc.Batch) Batch {
	var limit *cost.Limit
	if r.NewLimitPico != nil {
		amount := cost.Limit(*r.NewLimitPico)
		limit = &amount
	}
	return Batch{
		OrganizationID: r.OrganizationID,
		ID:             r.ID,
		Kind:           r.Kind,
		Actor:          r.Actor,
		Role:           caller.Role(r.Role),
		KeyID:          value(r.ApiKeyID),
		Reason:         r.Reason,
		Limit:          limit,
		Digest:         r.Digest,
		Total:          r.Total,
		Done:           r.Done,
		Succeeded:      r.Succeeded,
		Attempt:        r.Attempt,
		LeaseExpiresAt: utc(r.LeaseExpiresAt),
		CreatedAt:      r.CreatedAt.UTC(),
		EndedAt:        utc(r.EndedAt),
	}
}
