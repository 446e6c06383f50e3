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
	// Market is where and how keywords are found.
	Market MarketSettings
	// Feedback is the reviewer's, if the last decision sent the work back; "" otherwise. It is data.
	Feedback string
}

// Feedback returns what a reviewer wrote when sending the work back, until the next decision. A run before that
// decision gets "".
func (e *Engine) Feedback(ctx context.Context, who caller.Caller, run workflow.Run) (string, error) {
	decisions, err := e.store.GateDecisions(ctx, who, []uuid.UUID{run.WorkflowID})
	if err != nil {
		return "", fmt.Errorf("read the decisions about workflow %s: %w", run.WorkflowID, err)
	}
	last := decisions[run.WorkflowID]
	if len(last) == 0 || last[0].Verdict != workflow.GateRejected || last[0].Version > run.Token {
		return "", nil
	}
	return last[0].Feedback, nil
}

// StepInput returns what a run works from.
func (e *Engine) StepInput(ctx context.Context, who caller.Caller, run workflow.Run) (StepInput, error) {
	var in StepInput
	flow := run.WorkflowID
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
	if in.Market, err = e.Market(ctx, who); err != nil {
		return in, err
	}
	in.Feedback, err = e.Feedback(ctx, who, run)
	return in, err
}
