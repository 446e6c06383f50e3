package engine

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
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

// stateOf says whether a key can be used at a time.
func stateOf(k postgres.APIKey, at time.Time) APIKeyState {
	switch {
	case k.RevokedAt != nil:
		return APIKeyRevoked
	case !at.Before(k.ExpiresAt):
		return APIKeyExpired
	}
	return APIKeyActive
}

// shown is a key as it is now.
func (e *Engine) shown(k postgres.APIKey) APIKey { return APIKey{k, stateOf(k, e.now())} }

const (
	maxKeyName = 100
	// maxKeyLife is how long a key may be good for: who has it may have left by then.
	maxKeyLife = 366 * 24 * time.Hour
	// maxLiveKeys is how many keys of an organization may be good at once.
	maxLiveKeys = 100

	// keyActor begins the actor of every caller that a key has signed in; the rest is the name of the key.
	keyActor = "key:"
)

// CreateAPIKeyInput is a new key.
type CreateAPIKeyInput struct {
	Name           string
	Role           caller.Role
	ExpiresAt      time.Time
	IdempotencyKey string
}

// ChangedAPIKey is a key after something was done with it.
type ChangedAPIKey struct {
	Key APIKey
	// Text is the key itself: only in the answer of the request that has made it. It is kept nowhere.
	Text     string
	Replayed bool
}

// CreateAPIKey makes a key that may do at most what the caller may. CONFLICT when the organization has ever had a key of
// that name, since the journals name the key by it. A replay does not know the key's text any more.
func (e *Engine) CreateAPIKey(ctx context.Context, who caller.Caller, in CreateAPIKeyInput) (_ ChangedAPIKey, err error) {
	ctx, end := e.begin(ctx, "CreateAPIKey")
	defer end(&err)
	at := e.now()
	in.ExpiresAt = in.ExpiresAt.UTC().Truncate(time.Microsecond)
	text, err := newAPIKeyText(who.OrganizationID, e.random)
	if err != nil {
		return ChangedAPIKey{}, fmt.Errorf("make an API key: %w", err)
	}
	made, new := ChangedAPIKey{Text: text.text}, postgres.APIKey{}
	key := in.IdempotencyKey
	in.IdempotencyKey = ""
	replay, err := e.once(ctx, who, request{
		key: key, operation: "createApiKey", content: in, at: at,
	}, func(tx *postgres.Store) error {
		if err := checkAPIKey(who, in, at); err != nil {
			return err
		}
		version, err := e.journalAPIKey(ctx, tx, who, postgres.APIKeyEvent{ID: e.newID(), Event: postgres.APIKeyCreated, At: at},
			func(id uuid.UUID) error {
				new.ID = id
				return e.checkRoom(ctx, tx, who, in.Name, at)
			})
		if err != nil {
			return err
		}
		new, err = tx.AddAPIKey(ctx, who, postgres.APIKey{
			ID: new.ID, Name: in.Name, Role: in.Role, Prefix: text.prefix, Digest: text.digest(),
			ExpiresAt: in.ExpiresAt, CreatedAt: at,
		}, version)
		return err
	})
	if err != nil {
		return ChangedAPIKey{}, fmt.Errorf("create an API key: %w", err)
	}
	if replay != nil { // The name is part of what was asked for, and no other key ever has it.
		found, err := e.keyNamed(ctx, who, in.Name)
		return ChangedAPIKey{Key: found, Replayed: true}, err
	}
	made.Key = e.shown(new)
	return made, nil
}

func checkAPIKey(who caller.Caller, in CreateAPIKeyInput, at time.Time) error {
	letters := utf8.RuneCountInString(in.Name)
	switch {
	case letters < 1 || letters > maxKeyName || strings.TrimSpace(in.Name) != in.Name ||
		!utf8.ValidString(in.Name) || strings.ContainsFunc(in.Name, caller.Misleads):
		return fault.Invalid([]string{"name"},
			"A name has 1 to %d characters, none of them a control or format character, and no space around it.", maxKeyName)
	case !in.Role.Valid() || !who.Role.Includes(in.Role):
		return fault.Invalid([]string{"role"}, "A key may do at most what you may: %s.", who.Role)
	case !in.ExpiresAt.After(at) || in.ExpiresAt.After(at.Add(maxKeyLife)):
		return fault.Invalid([]string{"expiresAt"}, "A key ends later than now and at most %d days from now.",
			int(maxKeyLife.Hours()/24))
	}
	return nil
}

// checkRoom refuses a name that is taken, and a key too many. The organization is locked.
func (e *Engine) checkRoom(
	ctx context.Context, tx *postgres.Store, who caller.Caller, name string, at time.Time,
) error {
	if _, taken, err := tx.APIKeyNamed(ctx, who, name); err != nil {
		return err
	} else if taken {
		return fault.New(fault.Conflict,
			"The organization has, or has had, a key of this name. The journals name keys by it: choose another one.")
	}
	live, err := tx.CountAPIKeys(ctx, who, true, at)
	if err == nil && live >= maxLiveKeys {
		err = fault.New(fault.Conflict, "The organization has %d keys that are good. Revoke one before.", live)
	}
	return err
}

// journalAPIKey locks the organization, and writes what becomes of a key into its journal unless check refuses.
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

// RevokeAPIKeyInput ends a key.
type RevokeAPIKeyInput struct {
	KeyID          uuid.UUID
	Reason         string
	IdempotencyKey string
}

// RevokeAPIKey ends a key at once: the next request with it is refused on every server, and what goes on with it ends
// within seconds. Revoking it again changes nothing.
func (e *Engine) RevokeAPIKey(ctx context.Context, who caller.Caller, in RevokeAPIKeyInput) (_ ChangedAPIKey, err error) {
	ctx, end := e.begin(ctx, "RevokeAPIKey")
	defer end(&err)
	if err := checkReason(in.Reason); err != nil {
		return ChangedAPIKey{}, err
	}
	at, key := e.now(), in.IdempotencyKey
	in.IdempotencyKey = ""
	var done ChangedAPIKey
	replay, err := e.once(ctx, who, request{
		key: key, operation: "revokeApiKey", content: in, at: at,
	}, func(tx *postgres.Store) error {
		version, err := e.journalAPIKey(ctx, tx, who, postgres.APIKeyEvent{
			ID: in.KeyID, Event: postgres.APIKeyRevoked, Reason: in.Reason, At: at,
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

// errRevoked ends the transaction of a request to revoke what was revoked before.
var errRevoked = fault.New(fault.Conflict, "The key was revoked before.")

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

// APIKeysInput asks for keys, the newest first. After is the key of the last one seen.
type APIKeysInput struct {
	After *Cursor
	First int
}

// APIKeys returns at most First keys of the caller's organization, those that are over among them.
func (e *Engine) APIKeys(ctx context.Context, who caller.Caller, in APIKeysInput) ([]APIKey, error) {
	page := postgres.APIKeyPage{BeforeAt: end, BeforeID: uuid.Max, First: int32(in.First)}
	if in.After != nil {
		page.BeforeAt, page.BeforeID = in.After.At, in.After.ID
	}
	keys, err := e.store.APIKeys(ctx, who, page)
	if err != nil {
		return nil, fmt.Errorf("list API keys: %w", err)
	}
	shown := make([]APIKey, len(keys))
	for i, k := range keys {
		shown[i] = e.shown(k)
	}
	return shown, nil
}

// CountAPIKeys counts what APIKeys returns a part of.
func (e *Engine) CountAPIKeys(ctx context.Context, who caller.Caller) (int, error) {
	n, err := e.store.CountAPIKeys(ctx, who, false, e.now())
	if err != nil {
		return 0, fmt.Errorf("count API keys: %w", err)
	}
	return n, nil
}
