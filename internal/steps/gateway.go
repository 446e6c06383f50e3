package steps

import (
	"context"
	"errors"
	"fmt"

	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/llm"
)

// Gateway is the API that models are asked through. Name is what its calls are booked under, such as "openrouter" or
// "sandbox": only the gateway that served a call can say what it cost.
type Gateway struct {
	Client *llm.Client
	Name   string
}

// Ask looks up what an answer cost; it is the engine's AskFunc. Nothing and no error means that the gateway does not
// know yet, or that the call was another gateway's and this one would never know.
func (g Gateway) Ask(ctx context.Context, provider, generationID string) (*engine.SettleInput, error) {
	if provider != g.Name || generationID == "" {
		return nil, nil
	}
	found, err := g.Client.Generation(ctx, generationID)
	if errors.Is(err, llm.ErrNotYet) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("ask %s for the generation %s: %w", g.Name, generationID, err)
	}
	return &engine.SettleInput{
		Model:        priced(found.Model),
		Usage:        found.Usage,
		Cost:         &found.Cost,
		Provider:     g.Name,
		GenerationID: generationID,
	}, nil
}
