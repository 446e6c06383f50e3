package engine

import (
	"cmp"
	"context"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/spelling"
)

// CreateAPIKeyInput describes a new key.
type CreateAPIKeyInput struct {
	Name      string
	Role      caller.Role
	ExpiresAt time.Time
	// Workflow is the only one that the key reaches; nil for none.
	Workflow       *uuid.UUID `json:",omitempty"`
	IdempotencyKey string
}

// CreateAPIKey creates a key with at most the caller's permissions. The error is CONFLICT when the organization has
// ever had a key of that name, since the journals identify keys by name. A replay does not return the text of the key.
func (e *Engine) CreateAPIKey(
	ctx context.Context, who caller.Caller, in CreateAPIKeyInput,
) (_ ChangedAPIKey, err error) {
	ctx, end := e.begin(ctx, "CreateAPIKey")
	defer end(&err)
	at := e.now()
	in.Name = spelling.Clean(in.Name)
	in.ExpiresAt = in.ExpiresAt.UTC().Truncate(time.Microsecond)
	text, err := newAPIKeyText(who.OrganizationID, e.random)
	if err != nil {
		return ChangedAPIKey{}, fmt.Errorf("make an API key: %w", err)
	}
	made, new := ChangedAPIKey{Text: text.text}, postgres.APIKey{}
	key := in.IdempotencyKey
	in.IdempotencyKey = ""
	replay, err := e.once(ctx, who, request{
		key:       key,
		operation: "createApiKey",
		content:   in,
		at:        at,
	}, func(tx *postgres.Store) error {
		if err := checkAPIKey(who, in, at); err != nil {
			return err
		}
		bound := uuid.Nil
		if in.Workflow != nil {
			bound = *in.Workflow
			if _, there, err := tx.Workflow(ctx, who, bound); err != nil || !there {
				return cmp.Or(err, error(fault.Missing([]string{"workflowId"}, "workflow")))
			}
		}
		event := postgres.APIKeyEvent{ID: e.newID(), Event: postgres.APIKeyCreated, At: at}
		version, err := e.journalAPIKey(ctx, tx, who, event,
			func(id uuid.UUID) error {
				new.ID = id
				return e.checkRoom(ctx, tx, who, in.Name, at)
			})
		if err != nil {
			return err
		}
		new, err = tx.AddAPIKey(ctx, who, postgres.APIKey{
			ID:        new.ID,
			Name:      in.Name,
			Role:      in.Role,
			Prefix:    text.prefix,
			Digest:    text.digest(),
			ExpiresAt: in.ExpiresAt,
			CreatedAt: at,

			WorkflowID: bound,
		}, version)
		return err
	})
	if err != nil {
		return ChangedAPIKey{}, fmt.Errorf("create an API key: %w", err)
	}
	if replay != nil { // The name is part of the request, and no other key ever has it.
		found, err := e.keyNamed(ctx, who, in.Name)
		return ChangedAPIKey{Key: found, Replayed: true}, err
	}
	made.Key = e.shown(new)
	return made, nil
}

func checkAPIKey(who caller.Caller, in CreateAPIKeyInput, at time.Time) error {
	letters := utf8.RuneCountInString(in.Name)
	switch {
	case letters < 1 || letters > maxKeyName || spelling.Fault(in.Name) != "":
		return fault.Invalid([]string{"name"},
			"A name has 1 to %d characters, none of them a control, direction or invisible character.", maxKeyName)
	case !who.Role.Covers(in.Role):
		return fault.Invalid([]string{"role"}, "A key has at most your permissions: those of %s.", who.Role)
	case !in.ExpiresAt.After(at) || in.ExpiresAt.After(at.Add(maxKeyLife)):
		return fault.Invalid([]string{"expiresAt"}, "A key ends later than now and at most %d days from now.",
			int(maxKeyLife.Hours()/24))
	}
	return nil
}

// checkRoom refuses a name in use, and a key above the limit. The caller has locked the organization.
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
