package engine

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
)

// RevokeAPIKeyInput revokes a key.
type RevokeAPIKeyInput struct {
	KeyID          uuid.UUID
	Reason         string
	IdempotencyKey string
}

// RevokeAPIKey ends a key at once: every server refuses the next request with it, and closes its streams within
// seconds. A second revocation changes nothing.
func (e *Engine) RevokeAPIKey(
	ctx context.Context, who caller.Caller, in RevokeAPIKeyInput,
) (_ ChangedAPIKey, err error) {
	ctx, end := e.begin(ctx, "RevokeAPIKey")
	defer end(&err)
	if err := checkReason(in.Reason); err != nil {
		return ChangedAPIKey{}, err
	}
	at, key := e.now(), in.IdempotencyKey
	in.IdempotencyKey = ""
	var done ChangedAPIKey
	replay, err := e.once(ctx, who, request{
		key:       key,
		operation: "revokeApiKey",
		content:   in,
		at:        at,
	}, func(tx *postgres.Store) error {
		version, err := e.journalAPIKey(ctx, tx, who, postgres.APIKeyEvent{
			ID:     in.KeyID,
			Event:  postgres.APIKeyRevoked,
			Reason: in.Reason,
			At:     at,
		}, func(id uuid.UUID) error {
			k, there, err := tx.APIKey(ctx, who, id)
			if k, err = found(k, there, err, "API key"); err == nil && k.RevokedAt != nil {
				done = ChangedAPIKey{Key: e.shown(k), Replayed: true}
				return errRevoked
			}
			return err
		})
		if err != nil {
			return err
		}
		revoked, won, err := tx.RevokeAPIKey(ctx, who, in.KeyID, version, at)
		revoked, err = found(revoked, won, err, "API key")
		done.Key = e.shown(revoked)
		return err
	})
	switch {
	case done.Replayed:
		return done, nil
	case err != nil:
		return ChangedAPIKey{}, fmt.Errorf("revoke API key %s: %w", in.KeyID, err)
	case replay != nil:
		k, err := e.APIKey(ctx, who, in.KeyID)
		return ChangedAPIKey{Key: k, Replayed: true}, err
	}
	return done, nil
}

// errRevoked ends the transaction of a second revocation.
var errRevoked = fault.New(fault.Conflict, "The key was revoked before.")
