package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
)

// IdempotencyRecord is what a client's idempotency key was, or is to be, used for.
type IdempotencyRecord struct {
	Key         string
	Fingerprint []byte
	WorkflowID  uuid.UUID // nil UUID when it was about none
	CallID      *uuid.UUID
	Made
}

// Made is what a request under a key has made: a transition, by its version, or a ledger entry.
type Made struct {
	Version   *int
	AccountID *uuid.UUID
	Sequence  *int64
	// Answer is JSON: what the first answer said, where nothing else tells it any more.
	Answer []byte
}

// ClaimIdempotencyKey writes the key down. claimed is false when it was used before.
func (s *Store) ClaimIdempotencyKey(ctx context.Context, who caller.Caller, k IdempotencyRecord, at time.Time) (claimed bool, err error) {
	n, err := s.forTenant(who.OrganizationID).IdempotencyClaim(ctx, dbsqlc.IdempotencyClaimParams{
		OrganizationID: who.OrganizationID,
		Key:            k.Key,
		Fingerprint:    k.Fingerprint,
		WorkflowID:     pointer(k.WorkflowID),
		CallID:         k.CallID,
		Actor:          who.Actor,
		At:             at,
	})
	return n == 1, translate(err)
}

// IdempotencyRecord returns what a key was used for.
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
			Made: Made{
				Version:   r.Version,
				AccountID: r.AccountID,
				Sequence:  r.Sequence,
				Answer:    r.Answer,
			},
		}
	})
}

// CompleteIdempotencyRecord adds what the request under a key has made.
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
