package engine

import (
	"context"
	"fmt"

	"github.com/infin8content/engine/internal/workflow"
)

// Check proves before the start of a server that the graph is complete, that the database and the API have the same
// states and edges, that each automatic step has a driver, and that every live workflow has a state and a graph version
// of this program. The error lists every fault. enum are the states of the API.
func (e *Engine) Check(ctx context.Context, enum []string) error {
	proof := workflow.Table()
	proof.Enum = enum
	for _, step := range workflow.Steps() {
		switch {
		case step.Kind != workflow.Automatic:
		case e.drives[step.Key]:
			proof.Executors = append(proof.Executors, step.Key)
		default:
			proof.Outside = append(proof.Outside, step.Key)
		}
	}
	var err error
	if proof.Rows, err = e.store.LegalTransitions(ctx, workflow.GraphVersion); err != nil {
		return fmt.Errorf("read the edges of the database: %w", err)
	}
	if proof.Live, err = e.store.LiveGraphs(ctx); err != nil {
		return fmt.Errorf("read the states of live workflows: %w", err)
	}
	return proof.Check()
}
