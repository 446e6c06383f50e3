package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
)

// keyLock is the class of advisory locks under which idempotency keys are claimed: any number that nothing else of ours
// uses. Two keys may share a lock. The statements for calls lock rows before they know whether they claim a key, and
// other requests claim it first: the lock is the same beginning for both.
const keyLock = 7

// IdempotencyRecord is the request and the result of an idempotency key.
type IdempotencyRecord struct {
	Key         string
	Fingerprint []byte
	WorkflowID  uuid.UUID // nil UUID when it was about none
	CallID      *uuid.UUID
	Actor       string // of the request; ignored by ClaimIdempotencyKey, which writes the caller's
	Made
}

// Made is the result of a request: a transition, by its version, or a ledger entry.
type Made struct {
	Version   *int
	AccountID *uuid.UUID
	Sequence  *int64
	// Answer is the first answer as JSON, where no row has it.
	Answer []byte
}

// ClaimIdempotencyKey writes a key. claimed is false when it was used before.
func (s *Store) ClaimIdempotencyKey(
	ctx context.Context, who caller.Caller, k IdempotencyRecord, at time.Time,
) (claimed bool, err error) {
	n, err := s.forTenant(who.OrganizationID).IdempotencyClaim(ctx, dbsqlc.IdempotencyClaimParams{
		OrganizationID: who.OrganizationID,
		Key:            k.Key,
		Fingerprint:    k.Fingerprint,
		WorkflowID:     pointer(k.WorkflowID),
		CallID:         k.CallID,
		Actor:          who.Actor,
		At:             at,
		KeyClass:       keyLock,
	})
	return n == 1, translate(err)
}

// IdempotencyRecord returns the record of a key.
func (s *Store) IdempotencyRecord(
	ctx context.Context, who caller.Caller, key string,
) (record IdempotencyRecord, found bool, err error) {
	row, err := s.forTenant(who.OrganizationID).IdempotencyGet(ctx, dbsqlc.IdempotencyGetParams{
		OrganizationID: who.OrganizationID, Key: key,
	})
	return one(row, err, func(r dbsqlc.IdempotencyKey) IdempotencyRecord {
		return IdempotencyRecord{
			Key:         r.Key,
			Fingerprint: r.Fingerprint,
			WorkflowID:  value(r.WorkflowID),
			CallID:      r.CallID,
			Actor:       r.Actor,
			Made: Made{
				Version:   r.Version,
				AccountID: r.AccountID,
				Sequence:  r.Sequence,
				Answer:    r.Answer,
			},
		}
	})
}

// CompleteIdempotencyRecord adds the result of the request.
func (s *Store) CompleteIdempotencyRecord(ctx context.Context, who caller.Caller, key string, made Made) error {
	return translate(s.forTenant(who.OrganizationID).IdempotencyComplete(ctx, dbsqlc.IdempotencyCompleteParams{
		OrganizationID: who.OrganizationID,
		Key:            key,
		Version:        made.Version,
		AccountID:      made.AccountID,
		Sequence:       made.Sequence,
		Answer:         made.Answer,
	}))
}
