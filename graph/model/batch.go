package model

import (
	"sync"

	"github.com/infin8content/engine/internal/workflow"
)

// Batch is the workflows of one list, with the data that was fetched for all of them. A field of one workflow fetches
// its data for the whole list, so that a page takes as many statements as an item. It is safe for concurrent use.
type Batch struct {
	Workflows []workflow.Workflow

	mu      sync.Mutex
	answers map[any]func() (any, error)
}

// NewBatch returns the workflows of one list in its order. They share a batch.
func NewBatch(flows []workflow.Workflow) []*Workflow {
	batch := &Batch{Workflows: flows, answers: map[any]func() (any, error){}}
	listed := make([]*Workflow, len(flows))
	for i, flow := range flows {
		listed[i] = &Workflow{Workflow: flow, Batch: batch}
	}
	return listed
}

// NewWorkflow returns a workflow with a batch of its own.
func NewWorkflow(flow workflow.Workflow) *Workflow {
	return NewBatch([]workflow.Workflow{flow})[0]
}

// Once calls fetch once for each key and returns its result to every caller. All callers get its error or panic.
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
