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
	// keyNoted is the precision of the time of last use.
	keyNoted = time.Minute
	// keyNoteLimit limits the time of storing a use.
	keyNoteLimit = 5 * time.Second
	// keyLook is the pause between two checks of a key that has open streams.
	keyLook = 2 * time.Second
)

// apiKeyUse is a server's cache of the keys in use: the stored time of last use, and the streams that end with the
// key.
type apiKeyUse struct {
	mu      sync.Mutex
	noted   map[uuid.UUID]time.Time
	watched map[uuid.UUID]*watchedAPIKey
}

// watchedAPIKey is a key with open streams.
type watchedAPIKey struct {
	followers int
	over      chan struct{}
	stop      context.CancelFunc
}

// APIKeyCaller returns the caller of a key, and the time at which the key expires. It runs one indexed statement, and
// none for a mistyped key. The error is UNAUTHENTICATED for a key that is not valid; its text is for the log and
// contains no part of the key.
func (e *Engine) APIKeyCaller(ctx context.Context, text string) (who caller.Caller, ends time.Time, err error) {
	given, err := readAPIKeyText(text)
	if err != nil {
		return caller.Caller{}, time.Time{}, notGood(err.Error())
	}
	k, there, err := e.store.FindAPIKey(ctx, given.organization, given.prefix)
	if err != nil {
		return caller.Caller{}, time.Time{}, fmt.Errorf("find an API key: %w", err)
	}
	at := e.now()
	state := stateOf(k, at)
	switch {
	case !there || subtle.ConstantTimeCompare(k.Digest, given.digest()) != 1:
		return caller.Caller{}, time.Time{}, notGood("there is no such API key")
	case state != APIKeyActive:
		return caller.Caller{}, time.Time{}, notGood(fmt.Sprintf("the API key %s is %s", k.ID, state))
	}
	e.noteUse(ctx, k, at)
	return caller.Caller{
		Actor:          keyActor + k.Name,
		OrganizationID: k.OrganizationID,
		Role:           k.Role,
		KeyID:          k.ID,
		WorkflowID:     k.WorkflowID,
	}, k.ExpiresAt, nil
}

func notGood(why string) error {
	return fmt.Errorf("%s: %w", why, fault.New(fault.Unauthenticated, "The API key is not valid."))
}

// noteUse stores the time of last use, once in a minute, outside of the request: the request neither waits nor fails
// for it.
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
	if k.LastUsedAt != nil && at.Sub(*k.LastUsedAt) < keyNoted { // Another server has stored it.
		return
	}
	go func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), keyNoteLimit)
		defer cancel()
		_ = e.store.TouchAPIKey(ctx, k, at, keyNoted) // The next use notes it then.
	}()
}

// APIKeyRevoked returns a channel that is closed within seconds after the caller's key was revoked, on any server. It
// is nil for a caller without a key. While the database does not answer, the channel stays open.
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

// watchKey checks the key until it is revoked or its last stream has ended. After a revocation the channel stays
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
