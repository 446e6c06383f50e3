package engine

import (
	"context"
	"fmt"
	"slices"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// PublicationOfWorkflow is a publication with its workflow.
type PublicationOfWorkflow = postgres.PublicationOfWorkflow

// PublicationsInput selects publications of all workflows in some states, or in any state without them. Those come
// first whose last event is the oldest. After is the cursor of the last publication of the page before.
type PublicationsInput struct {
	States   []workflow.PublicationState
	Backward bool
	After    *Cursor
	First    int
}

// PublicationsByState returns at most First publications of the caller's organization.
func (e *Engine) PublicationsByState(
	ctx context.Context, who caller.Caller, in PublicationsInput,
) ([]PublicationOfWorkflow, error) {
	from := in.After.from(in.Backward)
	all, err := e.store.PublicationsByState(ctx, who, postgres.PublicationStatePage{
		States:     in.states(),
		Descending: in.Backward,
		At:         from.At,
		ID:         from.ID,
		First:      int32(in.First),
	})
	if err != nil {
		return nil, fmt.Errorf("list publications: %w", err)
	}
	return all, nil
}

// CountPublications counts the publications of the caller's organization in the states.
func (e *Engine) CountPublications(ctx context.Context, who caller.Caller, in PublicationsInput) (int, error) {
	n, err := e.store.CountPublications(ctx, who, in.states())
	if err != nil {
		return 0, fmt.Errorf("count publications: %w", err)
	}
	return n, nil
}

// states returns each state once: a publication in a state that is named twice is one.
func (in PublicationsInput) states() []workflow.PublicationState {
	if len(in.States) == 0 {
		return workflow.PublicationStates()
	}
	return slices.Compact(slices.Sorted(slices.Values(in.States)))
}
