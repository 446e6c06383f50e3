package engine

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/fault"
)

// Identify stores the provider's name for the generation, by which it can be asked later. One that cannot be a name is
// left out: it would only keep a real one from its place.
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
