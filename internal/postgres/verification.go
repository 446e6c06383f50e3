package postgres

import (
	"context"
	"encoding/json"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
	"github.com/infin8content/engine/internal/workflow"
)

// Verification is one run of the checks on the rows of an organization.
type Verification struct {
	OrganizationID, ID uuid.UUID
	State              workflow.VerificationState
	// Actor has ordered it.
	Actor     string
	CreatedAt time.Time
	// StartedAt is the begin of the last attempt.
	StartedAt, EndedAt *time.Time
	// RowsRead is how many rows the last attempt has read so far.
	RowsRead int64
	// Found counts the findings; Findings has the first ones.
	Found    int
	Findings []VerificationFinding
	// Checkpoint is the text of the checkpoint of a run without findings. Failure says why a run has no result.
	Checkpoint, Failure string
	// Attempt counts the claims. It is the fencing token of a worker.
	Attempt        int
	LeaseExpiresAt *time.Time
}

// VerificationFinding is one fault, with the table and the row in which it is.
type VerificationFinding struct {
	Kind     string `json:"kind"`
	Table    string `json:"table"`
	Row      string `json:"row"`
	Sentence string `json:"sentence"`
}

// CreateVerification writes a run that no worker has. wake is when a sweeper asks for one.
func (s *Store) CreateVerification(ctx context.Context, who caller.Caller, id uuid.UUID, at, wake time.Time) error {
	return translate(s.forTenant(who.OrganizationID).VerificationInsert(ctx, dbsqlc.VerificationInsertParams{
		OrganizationID: who.OrganizationID,
		ID:             id,
		State:          workflow.VerificationPending,
		Actor:          who.Actor,
		At:             at,
		WakeAt:         wake,
	}))
}

// Verification returns one run of the organization.
func (s *Store) Verification(
	ctx context.Context, who caller.Caller, id uuid.UUID,
) (v Verification, found bool, err error) {
	row, err := s.forTenant(who.OrganizationID).VerificationGet(ctx, dbsqlc.VerificationGetParams{
		OrganizationID: who.OrganizationID, ID: id,
	})
	return verification(row, err)
}

// OpenVerification returns the run of the organization that has not ended.
func (s *Store) OpenVerification(ctx context.Context, who caller.Caller) (v Verification, found bool, err error) {
	row, err := s.forTenant(who.OrganizationID).VerificationGetOpen(ctx, who.OrganizationID)
	return verification(row, err)
}

// VerificationPage is one page of runs by time, after a cursor.
type VerificationPage struct {
	Ascending bool
	At        time.Time
	ID        uuid.UUID
	First     int32
}

// Verifications returns one page of the organization's runs.
func (s *Store) Verifications(ctx context.Context, who caller.Caller, p VerificationPage) ([]Verification, error) {
	rows, err := s.forTenant(who.OrganizationID).VerificationList(ctx, dbsqlc.VerificationListParams{
		OrganizationID: who.OrganizationID,
		Ascending:      p.Ascending,
		CursorAt:       p.At,
		CursorID:       p.ID,
		PageSize:       p.First,
	})
	if err != nil {
		return nil, translate(err)
	}
	all := make([]Verification, len(rows))
	for i, row := range rows {
		if all[i], err = toVerification(row); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// CountVerifications counts the organization's runs.
func (s *Store) CountVerifications(ctx context.Context, who caller.Caller) (int, error) {
	n, err := s.forTenant(who.OrganizationID).VerificationCount(ctx, who.OrganizationID)
	return int(n), translate(err)
}

// ClaimVerification gives a run to a worker for a lease. claimed is false when it is over, or another worker has it.
func (s *Store) ClaimVerification(
	ctx context.Context, who caller.Caller, id uuid.UUID, at, lease time.Time,
) (v Verification, claimed bool, err error) {
	row, err := s.forTenant(who.OrganizationID).VerificationClaim(ctx, dbsqlc.VerificationClaimParams{
		OrganizationID: who.OrganizationID,
		ID:             id,
		Running:        workflow.VerificationRunning,
		At:             at,
		LeaseExpiresAt: lease,
	})
	return verification(row, err)
}

// RenewVerification renews the lease of a worker and writes how many rows it has read. mine is false when another
// worker has the run; then nothing is written.
func (s *Store) RenewVerification(
	ctx context.Context, who caller.Caller, v Verification, lease time.Time,
) (after Verification, mine bool, err error) {
	row, err := s.forTenant(who.OrganizationID).VerificationRenew(ctx, dbsqlc.VerificationRenewParams{
		OrganizationID: who.OrganizationID,
		ID:             v.ID,
		Attempt:        v.Attempt,
		RowsRead:       v.RowsRead,
		LeaseExpiresAt: lease,
	})
	return verification(row, err)
}

// ReleaseVerification ends the lease of a worker. wake is when a sweeper asks for another one.
func (s *Store) ReleaseVerification(ctx context.Context, who caller.Caller, v Verification, wake time.Time) error {
	return translate(s.forTenant(who.OrganizationID).VerificationRelease(ctx, dbsqlc.VerificationReleaseParams{
		OrganizationID: who.OrganizationID,
		ID:             v.ID,
		Attempt:        v.Attempt,
		WakeAt:         wake,
	}))
}

// EndVerification writes the result of a run: its state, rows, findings, checkpoint and failure. mine is false when
// another worker has it; then nothing is written.
func (s *Store) EndVerification(
	ctx context.Context, who caller.Caller, v Verification, at time.Time,
) (after Verification, mine bool, err error) {
	findings, err := json.Marshal(append([]VerificationFinding{}, v.Findings...))
	if err != nil {
		return v, false, err
	}
	row, err := s.forTenant(who.OrganizationID).VerificationEnd(ctx, dbsqlc.VerificationEndParams{
		OrganizationID: who.OrganizationID,
		ID:             v.ID,
		Attempt:        v.Attempt,
		State:          v.State,
		RowsRead:       v.RowsRead,
		Found:          v.Found,
		Findings:       findings,
		Checkpoint:     v.Checkpoint,
		Failure:        v.Failure,
		At:             at,
	})
	return verification(row, err)
}

// WakeVerifications claims at most limit runs that no worker has, of all organizations, and postpones their next wake.
func (s *Store) WakeVerifications(ctx context.Context, at, next time.Time, limit int32) ([]Verification, error) {
	rows, err := s.forSweeper().VerificationWake(ctx, dbsqlc.VerificationWakeParams{
		At: at, NextWakeAt: next, PageSize: limit,
	})
	return many(rows, err, func(r dbsqlc.VerificationWakeRow) Verification {
		return Verification{OrganizationID: r.OrganizationID, ID: r.ID}
	})
}

// verification returns the run of a row; found is false without a row.
func verification(row dbsqlc.Verification, err error) (v Verification, found bool, _ error) {
	row, found, err = one(row, err, func(r dbsqlc.Verification) dbsqlc.Verification { return r })
	if err != nil || !found {
		return v, false, err
	}
	v, err = toVerification(row)
	return v, err == nil, err
}

func toVerification(r dbsqlc.Verification) (Verification, error) {
	v := Verification{
		OrganizationID: r.OrganizationID,
		ID:             r.ID,
		State:          r.State,
		Actor:          r.Actor,
		CreatedAt:      r.CreatedAt.UTC(),
		StartedAt:      utc(r.StartedAt),
		EndedAt:        utc(r.EndedAt),
		RowsRead:       r.RowsRead,
		Found:          r.Found,
		Checkpoint:     r.Checkpoint,
		Failure:        r.Failure,
		Attempt:        r.Attempt,
		LeaseExpiresAt: utc(r.LeaseExpiresAt),
	}
	return v, json.Unmarshal(r.Findings, &v.Findings)
}
