package engine

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres"
)

// APIKeysInput selects keys, the newest first. After is the cursor of the last key of the page before.
type APIKeysInput struct {
	After *Cursor
	First int
}

// APIKeys returns at most First keys of the caller's organization, including expired and revoked ones.
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

// CountAPIKeys counts the keys of the caller's organization.
func (e *Engine) CountAPIKeys(ctx context.Context, who caller.Caller) (int, error) {
	n, err := e.store.CountAPIKeys(ctx, who, false, e.now())
	if err != nil {
		return 0, fmt.Errorf("count API keys: %w", err)
	}
	return n, nil
}
