package engine

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/fault"
)

// Identify stores the provider's id of the generation, for later queries. It ignores an invalid id, which would block
// the real one.
func (e *Engine) Identify(
	ctx context.Context, who caller.Caller, id uuid.UUID, provider, generationID string,
) (err error) {
	ctx, end := e.begin(ctx, "Identify")
	defer end(&err)
	provider, generationID = cost.CleanName(provider), cost.CleanGenerationID(generationID)
	if generationID == "" {
		return nil
	}
	err = e.store.IdentifyCall(ctx, who, id, provider, generationID)
	if fault.KindOf(err) == fault.DuplicateGeneration {
		err = e.store.IdentifyCall(ctx, who, id, provider, generationID)
	}
	if err != nil {
		return fmt.Errorf("identify call %s: %w", id, err)
	}
	return nil
}
