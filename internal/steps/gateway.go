package steps

import (
	"context"
	"errors"
	"fmt"

	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/llm"
)

// Gateway is the API for the requests to models. Name is the provider of its calls in the books, such as "openrouter"
// or "sandbox". Only the gateway of a call can look up its cost.
type Gateway struct {
	Client *llm.Client
	Name   string
}

// Ask looks up the cost of an answer. It is an engine.AskFunc. It returns nil without an error when the gateway has no
// cost yet, and for a call of another gateway.
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
