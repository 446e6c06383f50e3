package model

import (
	"time"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/publicid"
	"github.com/infin8content/engine/internal/workflow"
)

// OrderedBatch is a batch in an answer.
type OrderedBatch struct{ engine.Batch }

// NewOrderedBatch returns a batch as a Node.
func NewOrderedBatch(b engine.Batch) *OrderedBatch { return &OrderedBatch{Batch: b} }

// IsNode marks OrderedBatch as a Node.
func (OrderedBatch) IsNode() {}

// ID is the public id.
func (b OrderedBatch) ID() publicid.ID { return publicid.New(publicid.Batch, b.Batch.ID) }

// Limit is nil for no limit, and in a batch of another kind.
func (b OrderedBatch) Limit() *cost.Pico {
	if b.Batch.Limit == nil {
		return nil
	}
	return limit(*b.Batch.Limit)
}

// CreatedBy is the actor who ordered the batch.
func (b OrderedBatch) CreatedBy() string { return b.Actor }

// Reason is nil without a reason.
func (b OrderedBatch) Reason() *string { return given(b.Batch.Reason) }

// BatchItem is an item of a batch in an answer, with its workflow in a batch of the page.
type BatchItem struct {
	engine.BatchItem
	Workflow *Workflow
}

// Step is nil in a batch that starts no step.
func (i BatchItem) Step() *workflow.StepKey { return given(i.BatchItem.Step) }

// Outcome is nil without a result.
func (i BatchItem) Outcome() *workflow.BatchOutcome { return given(i.BatchItem.Outcome) }

// Code is nil without a refusal.
func (i BatchItem) Code() *fault.Kind { return given(fault.Kind(i.BatchItem.Code)) }

// Message is nil without a refusal.
func (i BatchItem) Message() *string { return given(i.BatchItem.Message) }

// BatchEvent is a result of a batch in an answer.
type BatchEvent struct {
	Batch *OrderedBatch
	Item  *BatchItem
}

// NewBatchEvent returns the event of a result. The batch has the progress after it.
func NewBatchEvent(b engine.Batch, i engine.BatchItem) *BatchEvent {
	b.Done, b.Succeeded, b.EndedAt = i.Position+1, i.Succeeded, nil
	if b.Done == b.Total {
		b.EndedAt = i.At
	}
	return &BatchEvent{
		Batch: NewOrderedBatch(b),
		Item:  &BatchItem{BatchItem: i, Workflow: NewWorkflow(i.Workflow)},
	}
}

// At is the time of the result; nil without one.
func (i BatchItem) At() *time.Time { return i.BatchItem.At }

// BatchPreview is a preview in an answer.
type BatchPreview struct{ engine.BatchPreview }

// Refusals are the reasons in their order.
func (p BatchPreview) Refusals() []BatchRefusal {
	refusals := make([]BatchRefusal, len(p.BatchPreview.Refusals))
	for i, r := range p.BatchPreview.Refusals {
		refusals[i] = BatchRefusal{r}
	}
	return refusals
}

// BatchRefusal is a reason why workflows cannot be changed, in an answer.
type BatchRefusal struct{ engine.BatchRefusal }

// Examples are the public ids of the first workflows.
func (r BatchRefusal) Examples() []publicid.ID {
	ids := make([]publicid.ID, len(r.BatchRefusal.Examples))
	for i, id := range r.BatchRefusal.Examples {
		ids[i] = publicid.New(publicid.Workflow, id)
	}
	return ids
}

// The lists of batches and of their items.
type (
	OrderedBatchConnection = Connection[*OrderedBatch]
	OrderedBatchEdge       = Edge[*OrderedBatch]
	BatchItemConnection    = Connection[*BatchItem]
	BatchItemEdge          = Edge[*BatchItem]
)
