package engine

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres"
)

// APIKey is a key that a program signs in with, without the key itself.
type APIKey struct {
	postgres.APIKey
	State APIKeyState
}

// APIKeyState is whether a key can be used.
type APIKeyState string

// The states of a key. All but the first are final.
const (
	APIKeyActive  APIKeyState = "ACTIVE"
	APIKeyExpired APIKeyState = "EXPIRED"
	APIKeyRevoked APIKeyState = "REVOKED"
)

// stateOf returns the state of a key at a time.
func stateOf(k postgres.APIKey, at time.Time) APIKeyState {
	switch {
	case k.RevokedAt != nil:
		return APIKeyRevoked
	case !at.Before(k.ExpiresAt):
		return APIKeyExpired
	}
	return APIKeyActive
}

// shown returns a key with its present state.
func (e *Engine) shown(k postgres.APIKey) APIKey { return APIKey{k, stateOf(k, e.now())} }

const (
	maxKeyName = 100
	// maxKeyLife limits the life of a key, since its owner may leave.
	maxKeyLife = 366 * 24 * time.Hour
	// maxLiveKeys limits the active keys of an organization.
	maxLiveKeys = 100

	// keyActor is the prefix of the actor of every caller with an API key; the name of the key follows it.
	keyActor = "key:"
)

// ChangedAPIKey is a key after a change.
type ChangedAPIKey struct {
	Key APIKey
	// Text is the key itself: only in the answer of the request that has made it. It is kept nowhere.
	Text     string
	Replayed bool
}

// journalAPIKey locks the organization and writes an event of a key into its journal, unless check refuses.
func (e *Engine) journalAPIKey(
	ctx context.Context, tx *postgres.Store, who caller.Caller, event postgres.APIKeyEvent, check func(uuid.UUID) error,
) (version int, err error) {
	o, there, err := tx.LockOrganization(ctx, who)
	if o, err = found(o, there, err, "organization"); err != nil {
		return 0, err
	}
	if err := check(event.ID); err != nil {
		return 0, err
	}
	return tx.JournalAPIKey(ctx, who, o, event)
}

// APIKey returns one key of the caller's organization, or NOT_FOUND.
func (e *Engine) APIKey(ctx context.Context, who caller.Caller, id uuid.UUID) (APIKey, error) {
	k, there, err := e.store.APIKey(ctx, who, id)
	k, err = found(k, there, err, "API key")
	return e.shown(k), err
}

func (e *Engine) keyNamed(ctx context.Context, who caller.Caller, name string) (APIKey, error) {
	k, there, err := e.store.APIKeyNamed(ctx, who, name)
	k, err = found(k, there, err, "API key")
	return e.shown(k), err
}
