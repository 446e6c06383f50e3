package engine

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/workflow"
)

// StepInput is what a step works from, beside the workflow itself.
type StepInput struct {
	// Profile is the current ideal customer profile; nil before there is one.
	Profile *workflow.ICP
	// Competitors are the domains that a person named.
	Competitors []string
	// Feedback is what a person wrote when sending the work back to this visit; "" otherwise. It is data.
	Feedback string
}

// StepInput returns what the visit of a step works from.
func (e *Engine) StepInput(ctx context.Context, who caller.Caller, flow uuid.UUID, visit int) (StepInput, error) {
	var in StepInput
	flows := []uuid.UUID{flow}
	results, err := e.ICPs(ctx, who, flows)
	if err != nil {
		return in, err
	}
	if kept, there := results[flow]; there {
		in.Profile = &workflow.ICP{}
		if err := json.Unmarshal(kept.Content, in.Profile); err != nil {
			return in, fmt.Errorf("read the profile of workflow %s: %w", flow, err)
		}
	}
	if in.Competitors, err = e.store.Competitors(ctx, who, flow); err != nil {
		return in, fmt.Errorf("read the competitors of workflow %s: %w", flow, err)
	}
	decisions, err := e.store.GateDecisions(ctx, who, flows)
	if err != nil {
		return in, fmt.Errorf("read the decisions about workflow %s: %w", flow, err)
	}
	for _, d := range decisions[flow] {
		if d.Version == visit { // A rejection is the transition that began the visit.
			in.Feedback = d.Feedback
		}
	}
	return in, nil
}
