package engine

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
)

// request is one mutation for the purpose of idempotency. A retry with the same key must have the same content, else it
// is a mismatch. content does not include the key.
type request struct {
	key       string
	operation string
	content   any
	flow      uuid.UUID
	call      *uuid.UUID
	at        time.Time
	// perCaller marks a request that only the same actor may replay, since its result depends on the caller.
	perCaller bool
}

// errUsed ends the transaction of a request whose key was used before.
var errUsed = errors.New("the idempotency key was used before")

// once runs a function in one transaction, and only if the key was never used in the organization. replay is the
// record of an earlier request with the same key and content; with other content the error is IDEMPOTENCY_MISMATCH. Of
// concurrent callers with the same key one runs the function and the others wait. When the function returns an error,
// the key stays free.
func (e *Engine) once(
	ctx context.Context, who caller.Caller, r request, do func(*postgres.Store) error,
) (replay *postgres.IdempotencyRecord, err error) {
	if r.key == "" {
		return nil, e.store.InTx(ctx, do)
	}
	print, err := fingerprintForKey(r)
	if err != nil {
		return nil, err
	}
	err = e.store.InTx(ctx, func(tx *postgres.Store) error {
		claimed, err := tx.ClaimIdempotencyKey(ctx, who, postgres.IdempotencyRecord{
			Key:         r.key,
			Fingerprint: print,
			WorkflowID:  r.flow,
			CallID:      r.call,
		}, r.at)
		if err != nil {
			return err
		}
		if !claimed {
			return errUsed
		}
		return do(tx)
	})
	if !errors.Is(err, errUsed) {
		return nil, err
	}
	replay, err = e.replayOf(ctx, who, r.key, print)
	if err == nil && r.perCaller && replay.Actor != who.Actor {
		return nil, mismatch()
	}
	return replay, err
}

// fingerprintForKey returns the fingerprint that the key of a request is claimed with.
func fingerprintForKey(r request) (print []byte, err error) {
	if n := len([]rune(r.key)); n > 255 {
		return nil, fault.Invalid([]string{"idempotencyKey"}, "An idempotency key has 1 to 255 characters, not %d.", n)
	}
	return fingerprint(r)
}

// usedBefore returns the record of a key, or nil when it is free; IDEMPOTENCY_MISMATCH when it was used for other
// content.
func (e *Engine) usedBefore(
	ctx context.Context, who caller.Caller, key string, print []byte,
) (*postgres.IdempotencyRecord, error) {
	if key == "" {
		return nil, nil
	}
	used, found, err := e.store.IdempotencyRecord(ctx, who, key)
	switch {
	case err != nil:
		return nil, fmt.Errorf("read an idempotency key: %w", err)
	case !found:
		return nil, nil
	case !bytes.Equal(used.Fingerprint, print):
		return nil, mismatch()
	}
	return &used, nil
}

// isUsed reports whether the key of a request was used before, with the same content; with other content the error is
// IDEMPOTENCY_MISMATCH. It is for requests that any caller may replay. A key that is free now may be used in the next
// moment: once decides.
func (e *Engine) isUsed(ctx context.Context, who caller.Caller, r request) (bool, error) {
	print, err := fingerprint(r)
	if err != nil {
		return false, err
	}
	used, err := e.usedBefore(ctx, who, r.key, print)
	return used != nil, err
}

func (e *Engine) replayOf(
	ctx context.Context, who caller.Caller, key string, print []byte,
) (*postgres.IdempotencyRecord, error) {
	used, err := e.usedBefore(ctx, who, key, print)
	if err == nil && used == nil {
		err = fault.New(fault.Unavailable, "Another request with this idempotency key is failing now. Try again.")
	}
	return used, err
}

// fingerprint returns a hash of the operation and its content. It depends on the names of the input's fields: after
// renaming one, retries with stored keys are IDEMPOTENCY_MISMATCH.
func fingerprint(r request) ([]byte, error) {
	content, err := json.Marshal(struct {
		Operation string
		Content   any
	}{r.operation, r.content})
	if err != nil {
		return nil, fmt.Errorf("fingerprint of %s: %w", r.operation, err)
	}
	sum := sha256.Sum256(content)
	return sum[:], nil
}
