package engine

import (
	"context"
	"fmt"

	"github.com/infin8content/engine/internal/workflow"
)

// Check is the proof that a server makes before it starts: the graph holds together, the database and the API know the
// same states and edges, each automatic step has somebody who drives it, and no live workflow stands on what this
// program does not know. The error lists every fault. enum are the states of the API.
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
		return fmt.Errorf("read the edges that the database knows: %w", err)
	}
	if proof.Live, err = e.store.LiveGraphs(ctx); err != nil {
		return fmt.Errorf("read where live workflows stand: %w", err)
	}
	return proof.Check()
}
