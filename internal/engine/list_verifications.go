package engine

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres"
)

// Verification returns one verification of the caller's organization, or NOT_FOUND.
func (e *Engine) Verification(ctx context.Context, who caller.Caller, id uuid.UUID) (Verification, error) {
	v, there, err := e.store.Verification(ctx, who, id)
	return found(v, there, err, "verification")
}

// VerificationsInput selects verifications, the newest first. After is the cursor of the last one of the page before.
type VerificationsInput struct {
	Backward bool
	After    *Cursor
	First    int
}

// Verifications returns at most First verifications of the caller's organization.
func (e *Engine) Verifications(
	ctx context.Context, who caller.Caller, in VerificationsInput,
) ([]Verification, error) {
	from := in.After.from(!in.Backward)
	all, err := e.store.Verifications(ctx, who, postgres.VerificationPage{
		Ascending: in.Backward,
		At:        from.At,
		ID:        from.ID,
		First:     int32(in.First),
	})
	if err != nil {
		return nil, fmt.Errorf("list verifications: %w", err)
	}
	return all, nil
}

// CountVerifications counts the verifications of the caller's organization.
func (e *Engine) CountVerifications(ctx context.Context, who caller.Caller) (int, error) {
	n, err := e.store.CountVerifications(ctx, who)
	if err != nil {
		return 0, fmt.Errorf("count verifications: %w", err)
	}
	return n, nil
}
