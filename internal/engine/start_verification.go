package engine

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres"
)

// Verification is one run of the checks on the rows of an organization.
type Verification = postgres.Verification

// VerificationFinding is one fault that a verification has found.
type VerificationFinding = postgres.VerificationFinding

// StartVerificationInput has no content: a run always checks the whole organization of the caller.
type StartVerificationInput struct{ IdempotencyKey string }

// StartedVerification is the run of a request.
type StartedVerification struct {
	Verification Verification
	Replayed     bool
}

// StartVerification has a worker check the rows of the caller's organization. While a run is open, it returns that one
// and starts no other.
func (e *Engine) StartVerification(
	ctx context.Context, who caller.Caller, in StartVerificationInput,
) (_ StartedVerification, err error) {
	ctx, end := e.begin(ctx, "StartVerification")
	defer end(&err)
	if !who.Has(caller.Verify) {
		return StartedVerification{}, forbidden(who, caller.Verify)
	}
	id, at := e.newID(), e.now()
	key := in.IdempotencyKey
	in.IdempotencyKey = ""
	replay, err := e.once(ctx, who, request{
		key:       key,
		operation: "startVerification",
		content:   in,
		at:        at,
	}, func(tx *postgres.Store) error {
		// Of two requests at once the second waits for this lock, and finds the run of the first.
		o, there, err := tx.LockOrganization(ctx, who)
		if _, err = found(o, there, err, "organization"); err != nil {
			return err
		}
		open, isOpen, err := tx.OpenVerification(ctx, who)
		switch {
		case err != nil:
			return err
		case isOpen:
			id = open.ID
		default:
			if err := tx.CreateVerification(ctx, who, id, at, at.Add(wakeAfter)); err != nil {
				return err
			}
			if err := e.jobs.Verify(ctx, tx.Tx(), who.OrganizationID, id, at); err != nil {
				return err
			}
		}
		answer, err := json.Marshal(id)
		if err != nil || key == "" {
			return err
		}
		return tx.CompleteIdempotencyRecord(ctx, who, key, postgres.Made{Answer: answer})
	})
	if err != nil {
		return StartedVerification{}, fmt.Errorf("start a verification: %w", err)
	}
	if replay != nil {
		if err := json.Unmarshal(replay.Answer, &id); err != nil {
			return StartedVerification{}, mismatch()
		}
	}
	v, err := e.Verification(ctx, who, id)
	return StartedVerification{Verification: v, Replayed: replay != nil}, err
}
