package engine

import (
	"context"
	"fmt"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres"
)

// APIKeysInput selects keys, the newest first. After is the cursor of the last key of the page before.
type APIKeysInput struct {
	Backward bool
	After    *Cursor
	First    int
}

// APIKeys returns at most First keys of the caller's organization, including expired and revoked ones.
func (e *Engine) APIKeys(ctx context.Context, who caller.Caller, in APIKeysInput) ([]APIKey, error) {
	from := in.After.from(!in.Backward)
	keys, err := e.store.APIKeys(ctx, who, postgres.APIKeyPage{
		Ascending: in.Backward,
		At:        from.At,
		ID:        from.ID,
		First:     int32(in.First),
	})
	if err != nil {
		return nil, fmt.Errorf("list API keys: %w", err)
	}
	shown := make([]APIKey, len(keys))
	for i, k := range keys {
		shown[i] = e.shown(k)
	}
	return shown, nil
}

// CountAPIKeys counts the keys of the caller's organization.
func (e *Engine) CountAPIKeys(ctx context.Context, who caller.Caller) (int, error) {
	n, err := e.store.CountAPIKeys(ctx, who, false, e.now())
	if err != nil {
		return 0, fmt.Errorf("count API keys: %w", err)
	}
	return n, nil
}
