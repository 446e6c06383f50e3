package engine

import (
	"context"
	"crypto/subtle"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
)

const (
	// keyNoted is how exactly it is known when a key was used last.
	keyNoted = time.Minute
	// keyNoteLimit is how long noting it may take; then it is not noted.
	keyNoteLimit = 5 * time.Second
	// keyLook is how often what goes on with a key asks whether the key is still good.
	keyLook = 2 * time.Second
)

// apiKeyUse is what a server knows of the keys that are being used: when it has noted that of each, and who wants to be
// told when it is over.
type apiKeyUse struct {
	mu      sync.Mutex
	noted   map[uuid.UUID]time.Time
	watched map[uuid.UUID]*watchedAPIKey
}

// watchedAPIKey is a key with which something goes on.
type watchedAPIKey struct {
	followers int
	over      chan struct{}
	stop      context.CancelFunc
}

// APIKeyCaller returns who signs in with a key, and when that ends. It asks one indexed statement, and none for a key that
// is mistyped. The error is UNAUTHENTICATED for a key that is not good; its text is for the log and repeats nothing of
// the key.
func (e *Engine) APIKeyCaller(ctx context.Context, text string) (who caller.Caller, ends time.Time, err error) {
	given, err := readAPIKeyText(text)
	if err != nil {
		return caller.Caller{}, time.Time{}, notGood(err.Error())
	}
	k, there, err := e.store.FindAPIKey(ctx, given.organization, given.prefix)
	if err != nil {
		return caller.Caller{}, time.Time{}, fmt.Errorf("look an API key up: %w", err)
	}
	at := e.now()
	state := stateOf(k, at)
	switch {
	case !there || subtle.ConstantTimeCompare(k.Digest, given.digest()) != 1:
		return caller.Caller{}, time.Time{}, notGood("the API key is not known")
	case state != APIKeyActive:
		return caller.Caller{}, time.Time{}, notGood(fmt.Sprintf("the API key %s is %s", k.ID, state))
	}
	e.noteUse(ctx, k, at)
	return caller.Caller{
		Actor:          keyActor + k.Name,
		OrganizationID: k.OrganizationID,
		Role:           k.Role,
		KeyID:          k.ID,
	}, k.ExpiresAt, nil
}

func notGood(why string) error {
	return fmt.Errorf("%s: %w", why, fault.New(fault.Unauthenticated, "The API key is not valid."))
}

// noteUse writes down that a key was used, once in a minute, beside the request: it neither waits nor fails for it.
func (e *Engine) noteUse(ctx context.Context, k postgres.APIKey, at time.Time) {
	e.keys.mu.Lock()
	defer e.keys.mu.Unlock()
	if last := e.keys.noted[k.ID]; at.Sub(last) < keyNoted {
		return
	}
	if e.keys.noted == nil || len(e.keys.noted) >= organizationsRemembered {
		e.keys.noted = map[uuid.UUID]time.Time{}
	}
	e.keys.noted[k.ID] = at
	if k.LastUsedAt != nil && at.Sub(*k.LastUsedAt) < keyNoted { // Another server has noted it.
		return
	}
	go func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keyNoteLimit)
		defer cancel()
		_ = e.store.TouchAPIKey(ctx, k, at, keyNoted) // The next use notes it then.
	}()
}

// APIKeyRevoked returns a channel that is closed within seconds after the key that the caller has signed in with was revoked,
// on whichever server. It is nil, so that nobody is ever told, for a caller without one: a token ends when it says. A
// database that does not answer ends nothing.
func (e *Engine) APIKeyRevoked(ctx context.Context, who caller.Caller) <-chan struct{} {
	if who.KeyID == uuid.Nil {
		return nil
	}
	e.keys.mu.Lock()
	defer e.keys.mu.Unlock()
	w := e.keys.watched[who.KeyID]
	if w == nil {
		watching, stop := context.WithCancel(context.WithoutCancel(ctx))
		w = &watchedAPIKey{over: make(chan struct{}), stop: stop}
		if e.keys.watched == nil {
			e.keys.watched = map[uuid.UUID]*watchedAPIKey{}
		}
		e.keys.watched[who.KeyID] = w
		go e.watchKey(watching, who, w)
	}
	w.followers++
	context.AfterFunc(ctx, func() {
		e.keys.mu.Lock()
		defer e.keys.mu.Unlock()
		if w.followers--; w.followers == 0 {
			delete(e.keys.watched, who.KeyID)
			w.stop()
		}
	})
	return w.over
}

// watchKey asks for the key until nothing goes on with it any more, or it is over. Who asks later finds the channel
// closed.
func (e *Engine) watchKey(ctx context.Context, who caller.Caller, w *watchedAPIKey) {
	ticker := time.NewTicker(keyLook)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			k, there, err := e.store.APIKey(ctx, who, who.KeyID)
			if err == nil && (!there || k.RevokedAt != nil) {
				close(w.over)
				return
			}
		case <-ctx.Done():
			return
		}
	}
}
