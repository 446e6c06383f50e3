package engine

import (
	"context"
	"fmt"
	"math"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// BatchItem is one workflow of a batch, with its result.
type BatchItem = postgres.BatchItem

// Batch returns one batch of the caller's organization, or NOT_FOUND.
func (e *Engine) Batch(ctx context.Context, who caller.Caller, id uuid.UUID) (Batch, error) {
	b, there, err := e.store.Batch(ctx, who, id)
	return found(b, there, err, "batch")
}

// BatchesInput selects batches, the newest first. After is the cursor of the last batch of the page before.
type BatchesInput struct {
	Backward bool
	After    *Cursor
	First    int
}

// Batches returns at most First batches of the caller's organization.
func (e *Engine) Batches(ctx context.Context, who caller.Caller, in BatchesInput) ([]Batch, error) {
	from := in.After.from(!in.Backward)
	batches, err := e.store.Batches(ctx, who, postgres.BatchPage{
		Ascending: in.Backward,
		At:        from.At,
		ID:        from.ID,
		First:     int32(in.First),
	})
	if err != nil {
		return nil, fmt.Errorf("list batches: %w", err)
	}
	return batches, nil
}

// CountBatches counts the batches of the caller's organization.
func (e *Engine) CountBatches(ctx context.Context, who caller.Caller) (int, error) {
	n, err := e.store.CountBatches(ctx, who)
	if err != nil {
		return 0, fmt.Errorf("count batches: %w", err)
	}
	return n, nil
}

// BatchItemsInput selects items of a batch in their order. Outcomes are all when empty; "" is an item without a result.
// After is the position of the last item of the page before.
type BatchItemsInput struct {
	BatchID  uuid.UUID
	Outcomes []workflow.BatchOutcome
	Backward bool
	After    *int
	First    int
}

// BatchItems returns at most First items of a batch.
func (e *Engine) BatchItems(ctx context.Context, who caller.Caller, in BatchItemsInput) ([]BatchItem, error) {
	page := postgres.BatchItemPage{
		BatchID:   in.BatchID,
		Outcomes:  in.Outcomes,
		Ascending: !in.Backward,
		Position:  -1,
		First:     int32(in.First),
	}
	switch {
	case in.After != nil:
		page.Position = *in.After
	case in.Backward:
		page.Position = math.MaxInt32
	}
	items, err := e.store.BatchItems(ctx, who, page)
	if err != nil {
		return nil, fmt.Errorf("list the items of batch %s: %w", in.BatchID, err)
	}
	return items, nil
}

// CountBatchItems counts the items of a batch with one of some outcomes.
func (e *Engine) CountBatchItems(ctx context.Context, who caller.Caller, in BatchItemsInput) (int, error) {
	b, err := e.Batch(ctx, who, in.BatchID)
	if err != nil || len(in.Outcomes) == 0 {
		return b.Total, err
	}
	n, err := e.store.CountBatchResults(ctx, who, in.BatchID, in.Outcomes)
	if err != nil {
		return 0, fmt.Errorf("count the items of batch %s: %w", in.BatchID, err)
	}
	return n, nil
}
