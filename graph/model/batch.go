package model

import (
	"sync"

	"github.com/infin8content/engine/internal/workflow"
)

// Batch is the workflows that were listed together, with what has been fetched for all of them. A field of one asks for
// the whole list, so that a page costs as many statements as an item.
type Batch struct {
	Workflows []workflow.Workflow

	mu      sync.Mutex
	answers map[any]func() (any, error)
}

// NewBatch returns the workflows of one list, in its order, sharing a batch.
func NewBatch(flows []workflow.Workflow) []*Workflow {
	batch := &Batch{Workflows: flows, answers: map[any]func() (any, error){}}
	listed := make([]*Workflow, len(flows))
	for i, flow := range flows {
		listed[i] = &Workflow{Workflow: flow, Batch: batch}
	}
	return listed
}

// NewWorkflow returns a workflow that was listed alone.
func NewWorkflow(flow workflow.Workflow) *Workflow {
	return NewBatch([]workflow.Workflow{flow})[0]
}

// Once returns what fetch returns, asking it once for each key, however many items of the list want to know and from
// however many goroutines. An error, and a panic, is everybody's.
func (b *Batch) Once(key any, fetch func() (any, error)) (any, error) {
	b.mu.Lock()
	answer, asked := b.answers[key]
	if !asked {
		answer = sync.OnceValues(fetch)
		b.answers[key] = answer
	}
	b.mu.Unlock()
	return answer()
}
