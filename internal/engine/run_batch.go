package engine

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

const (
	// batchPortion is the number of items whose results are written at once, and batchParallel those changed at once.
	batchPortion, batchParallel = 20, 4
	// batchTries limits the attempts at an item that meets an internal error.
	batchTries = 3
	// batchPause is the pause before another attempt.
	batchPause = 200 * time.Millisecond
)

// BatchWork is the state of a batch after a portion.
type BatchWork struct {
	Batch Batch
	// Mine is false when the batch is over or another worker has it. Ask again after Wait, unless it is zero.
	Mine bool
	Wait time.Duration
}

// ClaimBatch gives a batch to a worker. Of any number of workers one has it at a time.
func (e *Engine) ClaimBatch(ctx context.Context, organization, id uuid.UUID) (BatchWork, error) {
	who, at := sweeperOf(organization), e.now()
	b, claimed, err := e.store.ClaimBatch(ctx, who, id, at, at.Add(e.lease))
	if err != nil {
		return BatchWork{}, fmt.Errorf("claim batch %s: %w", id, err)
	}
	if claimed {
		return BatchWork{Batch: b, Mine: true}, nil
	}
	b, there, err := e.store.Batch(ctx, who, id)
	if b, err = found(b, there, err, "batch"); err != nil || b.EndedAt != nil || b.LeaseExpiresAt == nil {
		return BatchWork{Batch: b}, err
	}
	return BatchWork{Batch: b, Wait: max(b.LeaseExpiresAt.Sub(at), time.Millisecond)}, nil
}

// RunBatch changes the next workflows of a claimed batch and writes their results. Each change is made as the caller
// who ordered the batch, by the verb of a single change and under a key of its own, so a portion that is made twice
// changes nothing twice. An item whose change is refused has the refusal as its result.
func (e *Engine) RunBatch(ctx context.Context, b Batch) (_ BatchWork, err error) {
	ctx, end := e.begin(ctx, "RunBatch")
	defer end(&err)
	who := caller.Caller{
		Actor:          b.Actor,
		OrganizationID: b.OrganizationID,
		Role:           b.Role,
		KeyID:          b.KeyID,
	}
	items, err := e.store.BatchItems(ctx, who, postgres.BatchItemPage{
		BatchID:   b.ID,
		Ascending: true,
		Position:  b.Done - 1,
		First:     batchPortion,
	})
	if err != nil {
		return BatchWork{}, fmt.Errorf("read items of batch %s: %w", b.ID, err)
	}
	results, failures := make([]postgres.BatchResult, len(items)), make([]error, len(items))
	var all sync.WaitGroup
	for first := range batchParallel {
		all.Go(func() {
			for i := first; i < len(items); i += batchParallel {
				results[i], failures[i] = e.changeItem(ctx, who, b, items[i])
			}
		})
	}
	all.Wait()
	for _, failure := range failures {
		if failure != nil {
			return BatchWork{}, failure
		}
	}
	at := e.now()
	after, mine, err := e.store.AdvanceBatch(ctx, who, b, results, at, at.Add(e.lease))
	if err != nil {
		return BatchWork{}, fmt.Errorf("write results of batch %s: %w", b.ID, err)
	}
	return BatchWork{Batch: after, Mine: mine && after.EndedAt == nil}, nil
}

// ReleaseBatch gives a claimed batch back, so that another worker may go on at once.
func (e *Engine) ReleaseBatch(ctx context.Context, b Batch) error {
	return e.store.ReleaseBatch(ctx, sweeperOf(b.OrganizationID), b, e.now().Add(wakeAfter))
}

// changeItem makes one change. An error is an outage: the item has no result, and the change may have been made.
func (e *Engine) changeItem(
	ctx context.Context, who caller.Caller, b Batch, item postgres.BatchItem,
) (postgres.BatchResult, error) {
	result := postgres.BatchResult{WorkflowID: item.Workflow.ID, Outcome: workflow.BatchDone}
	var err error
	for try := range batchTries {
		if err = e.orderStands(ctx, who, b); err == nil {
			result.Version, result.Sequence, err = e.changeOne(ctx, who, b, item)
		}
		kind := fault.KindOf(err)
		if kind != fault.Internal && kind != fault.Unavailable {
			break
		}
		select {
		case <-time.After(batchPause << try):
		case <-ctx.Done():
			return result, ctx.Err()
		}
	}
	switch kind := fault.KindOf(err); {
	case err == nil:
		return result, nil
	case kind == fault.Internal || kind == fault.Unavailable:
		// An item that fails while the database answers must not keep the others waiting.
		if _, _, broken := e.store.Batch(ctx, who, b.ID); broken != nil {
			return result, fmt.Errorf("change workflow %s: %w", item.Workflow.ID, err)
		}
		return refusedItem(item, kind, "The change failed. Try it alone."), nil
	default:
		return refusedItem(item, kind, err.Error()), nil
	}
}

// refusedItem is the result of a change that was refused with a message.
func refusedItem(item postgres.BatchItem, code fault.Kind, message string) postgres.BatchResult {
	return postgres.BatchResult{
		WorkflowID: item.Workflow.ID,
		Outcome:    workflow.BatchRefused,
		Code:       string(code),
		Message:    storable(message),
	}
}

// orderStands returns the reason why the caller may no longer make the changes of its batch: the role lacks the
// permission in this version of the program, or the API key is over. A person's role is in the person's token, so it
// stays the one of the order.
func (e *Engine) orderStands(ctx context.Context, who caller.Caller, b Batch) error {
	if p := permissionOf(b.Kind); !who.Has(p) {
		return forbidden(who, p)
	}
	if b.KeyID == uuid.Nil {
		return nil
	}
	k, there, err := e.store.APIKey(ctx, who, b.KeyID)
	if err != nil {
		return fmt.Errorf("read the API key of batch %s: %w", b.ID, err)
	}
	if state := stateOf(k, e.now()); !there || state != APIKeyActive {
		return fault.New(fault.Unauthenticated, "The API key that ordered the batch is %s.", inWords(state))
	}
	return nil
}

// changeOne calls the verb of a single change. It returns the version of the transition, or the sequence number of the
// ledger entry.
func (e *Engine) changeOne(
	ctx context.Context, who caller.Caller, b Batch, item postgres.BatchItem,
) (version *int, sequence *int64, err error) {
	key := fmt.Sprintf("batch %s item %d", b.ID, item.Position)
	var moved Moved
	switch b.Kind {
	case workflow.BatchLimit:
		var limited Limited
		limited, err = e.SetWorkflowLimit(ctx, who, SetWorkflowLimitInput{
			WorkflowID:     item.Workflow.ID,
			Limit:          limitOf(b),
			Reason:         b.Reason,
			IdempotencyKey: key,
		})
		return nil, &limited.Entry.Sequence, err
	case workflow.BatchCancel:
		moved, err = e.Cancel(ctx, who, CancelInput{
			WorkflowID:     item.Workflow.ID,
			Reason:         b.Reason,
			IdempotencyKey: key,
		})
	case workflow.BatchRetry:
		moved, err = e.RetryStep(ctx, who, RetryStepInput{WorkflowID: item.Workflow.ID, IdempotencyKey: key})
	default:
		moved, err = e.StartStep(ctx, who, StartStepInput{
			WorkflowID:     item.Workflow.ID,
			Step:           item.Step,
			IdempotencyKey: key,
		})
	}
	return &moved.Transition.Version, nil, err
}

func limitOf(b Batch) cost.Limit {
	if b.Limit == nil {
		return 0
	}
	return *b.Limit
}
