package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

const (
	// verificationAttempts limits the workers that begin one run.
	verificationAttempts = 5
	// verificationsWoken limits one round of SweepVerifications.
	verificationsWoken = 100
)

// VerificationWork is a claim of a run.
type VerificationWork struct {
	Verification Verification
	// Mine is false when the run is over or another worker has it. Ask again after Wait, unless it is zero.
	Mine bool
	Wait time.Duration
}

// ClaimVerification gives a run to a worker. Of any number of workers one has it at a time. A run that has failed too
// often ends.
func (e *Engine) ClaimVerification(ctx context.Context, organization, id uuid.UUID) (VerificationWork, error) {
	who, at := sweeperOf(organization), e.now()
	v, claimed, err := e.store.ClaimVerification(ctx, who, id, at, at.Add(e.lease))
	switch {
	case err != nil:
		return VerificationWork{}, fmt.Errorf("claim verification %s: %w", id, err)
	case claimed && v.Attempt > verificationAttempts:
		v.Failure = fmt.Sprintf("%d workers have begun it, and none has ended it.", verificationAttempts)
		_, err = e.EndVerification(ctx, v)
		return VerificationWork{}, err
	case claimed:
		return VerificationWork{Verification: v, Mine: true}, nil
	}
	v, there, err := e.store.Verification(ctx, who, id)
	if v, err = found(v, there, err, "verification"); err != nil || v.LeaseExpiresAt == nil {
		return VerificationWork{Verification: v}, err
	}
	return VerificationWork{Verification: v, Wait: max(v.LeaseExpiresAt.Sub(at), time.Millisecond)}, nil
}

// RenewVerification renews the lease of a claimed run and writes how many rows were read. It returns false when another
// worker has the run.
func (e *Engine) RenewVerification(ctx context.Context, v Verification) (bool, error) {
	_, mine, err := e.store.RenewVerification(ctx, sweeperOf(v.OrganizationID), v, e.now().Add(e.lease))
	if err != nil {
		return false, fmt.Errorf("renew verification %s: %w", v.ID, err)
	}
	return mine, nil
}

// ReleaseVerification gives a claimed run back, so that another worker may begin it at once.
func (e *Engine) ReleaseVerification(ctx context.Context, v Verification) error {
	return e.store.ReleaseVerification(ctx, sweeperOf(v.OrganizationID), v, e.now().Add(wakeAfter))
}

// EndVerification writes the result of a claimed run. A failure comes before findings, and findings before a
// checkpoint. It returns false when another worker has the run.
func (e *Engine) EndVerification(ctx context.Context, v Verification) (bool, error) {
	for i, f := range v.Findings {
		f.Row, f.Sentence = storable(f.Row), storable(f.Sentence)
		v.Findings[i] = f
	}
	switch v.Failure = storable(v.Failure); {
	case v.Failure != "":
		v.State, v.Found, v.Findings, v.Checkpoint = workflow.VerificationFailed, 0, nil, ""
	case v.Found > 0:
		v.State, v.Checkpoint = workflow.VerificationFindings, ""
	default:
		v.State = workflow.VerificationClean
	}
	_, mine, err := e.store.EndVerification(ctx, sweeperOf(v.OrganizationID), v, e.now())
	if err != nil {
		return false, fmt.Errorf("end verification %s: %w", v.ID, err)
	}
	return mine, nil
}

// SweepVerifications inserts jobs for runs whose worker has not come or has died. It may run on any number of servers
// at once. It returns the number of jobs.
func (e *Engine) SweepVerifications(ctx context.Context) (woken int, err error) {
	at := e.now()
	err = e.store.InTx(ctx, func(tx *postgres.Store) error {
		late, err := tx.WakeVerifications(ctx, at, at.Add(wakeAfter), verificationsWoken)
		if err != nil {
			return err
		}
		for _, v := range late {
			if err := e.jobs.Verify(ctx, tx.Tx(), v.OrganizationID, v.ID, at); err != nil {
				return err
			}
			woken++
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("wake verifications: %w", err)
	}
	return woken, nil
}
