package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
)

// Key is what a client's idempotency key was, or is to be, used for.
type Key struct {
	Text        string
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

// ClaimKey writes the key down. claimed is false when it was used before.
func (s *Store) ClaimKey(ctx context.Context, who caller.Caller, k Key, at time.Time) (claimed bool, err error) {
	n, err := s.of(who.OrganizationID).IdempotencyClaim(ctx, dbsqlc.IdempotencyClaimParams{
		OrganizationID: who.OrganizationID, Key: k.Text, Fingerprint: k.Fingerprint, WorkflowID: pointer(k.WorkflowID),
		CallID: k.CallID, Actor: who.Actor, At: at,
	})
	return n == 1, translate(err)
}

// Key returns what a key was used for.
func (s *Store) Key(ctx context.Context, who caller.Caller, text string) (key Key, found bool, err error) {
	row, err := s.of(who.OrganizationID).IdempotencyGet(ctx, dbsqlc.IdempotencyGetParams{
		OrganizationID: who.OrganizationID, Key: text,
	})
	return one(row, err, func(r dbsqlc.IdempotencyKey) Key {
		return Key{
			Text: r.Key, Fingerprint: r.Fingerprint, WorkflowID: value(r.WorkflowID), CallID: r.CallID,
			Made: Made{Version: r.Version, AccountID: r.AccountID, Sequence: r.Sequence, Answer: r.Answer},
		}
	})
}

// NameKey adds what the request under a key has made.
func (s *Store) NameKey(ctx context.Context, who caller.Caller, text string, made Made) error {
	return translate(s.of(who.OrganizationID).IdempotencyComplete(ctx, dbsqlc.IdempotencyCompleteParams{
		OrganizationID: who.OrganizationID, Key: text, Version: made.Version, AccountID: made.AccountID,
		Sequence: made.Sequence, Answer: made.Answer,
	}))
}
