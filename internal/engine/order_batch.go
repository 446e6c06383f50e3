package engine

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// maxOpenBatches limits the batches of an organization that have not ended.
const maxOpenBatches = 5

// OrderedBatch is the answer to an order: the preview of a dry run, or the batch.
type OrderedBatch struct {
	Preview  *BatchPreview
	Batch    *Batch
	Replayed bool
}

// StaleBatchError reports that the selection of a batch is not the one that the caller saw. Preview is the present one.
type StaleBatchError struct{ Preview BatchPreview }

func (*StaleBatchError) Error() string {
	return "The selection, or what can be changed of it, is another one than in the dry run. Look at it again."
}

// Kind is STALE_STATE.
func (*StaleBatchError) Kind() fault.Kind { return fault.StaleState }

// Field is the digest.
func (*StaleBatchError) Field() []string { return []string{"digest"} }

// OrderBatch orders a change of many workflows. Without a digest it changes nothing and returns the preview: which
// workflows can be changed, and why others cannot. With the digest of a preview it writes a batch of those that can,
// and the job that changes one after the other, each by the verb, the journal and the permission of a single change.
// *StaleBatchError when the selection has changed since the preview.
func (e *Engine) OrderBatch(ctx context.Context, who caller.Caller, in BatchInput) (_ OrderedBatch, err error) {
	ctx, end := e.begin(ctx, "OrderBatch")
	defer end(&err)
	if err := e.checkBatch(who, in); err != nil {
		return OrderedBatch{}, err
	}
	key := in.IdempotencyKey
	in.IdempotencyKey = ""
	if in.Digest == "" {
		chosen, err := e.selectFor(ctx, e.store, who, in)
		if err != nil {
			return OrderedBatch{}, err
		}
		return OrderedBatch{Preview: &chosen.preview}, nil
	}
	id, at := e.newID(), e.now()
	replay, err := e.once(ctx, who, request{
		key:       key,
		operation: "batch",
		content:   in,
		at:        at,
	}, func(tx *postgres.Store) error {
		made := Batch{
			ID:        id,
			Kind:      in.Kind,
			Reason:    in.Reason,
			CreatedAt: at,
		}
		if in.Kind == workflow.BatchLimit {
			made.Limit = &in.Limit
		}
		return e.orderIn(ctx, tx, who, in, made, key)
	})
	if err != nil {
		return OrderedBatch{}, fmt.Errorf("order a batch: %w", err)
	}
	if replay != nil {
		if err := json.Unmarshal(replay.Answer, &id); err != nil {
			return OrderedBatch{}, mismatch()
		}
	}
	batch, err := e.Batch(ctx, who, id)
	return OrderedBatch{Batch: &batch, Replayed: replay != nil}, err
}

// orderIn writes a batch and its job.
func (e *Engine) orderIn(
	ctx context.Context, tx *postgres.Store, who caller.Caller, in BatchInput, made Batch, key string,
) error {
	// The lock keeps the number of batches.
	o, there, err := tx.LockOrganization(ctx, who)
	if _, err = found(o, there, err, "organization"); err != nil {
		return err
	}
	open, err := tx.CountOpenBatches(ctx, who)
	if err != nil {
		return err
	}
	if open >= maxOpenBatches {
		return fault.New(fault.Conflict,
			"The organization has %d batches that have not ended. Wait until one of them ends.", open)
	}
	chosen, err := e.selectFor(ctx, tx, who, in)
	switch {
	case err != nil:
		return err
	case chosen.preview.Digest != in.Digest:
		return &StaleBatchError{Preview: chosen.preview}
	case len(chosen.flows) == 0:
		return fault.Invalid([]string{"digest"}, "No workflow of the selection can be changed.")
	}
	made.Digest = chosen.digest[:]
	err = tx.CreateBatch(ctx, who, postgres.NewBatch{
		Batch:     made,
		Workflows: chosen.flows,
		Steps:     chosen.steps,
		WakeAt:    made.CreatedAt.Add(wakeAfter),
	})
	if err != nil {
		return err
	}
	if err := e.jobs.Batch(ctx, tx.Tx(), who.OrganizationID, made.ID, made.CreatedAt); err != nil {
		return err
	}
	answer, err := json.Marshal(made.ID)
	if err != nil {
		return err
	}
	return tx.CompleteIdempotencyRecord(ctx, who, key, postgres.Made{Answer: answer})
}

// checkBatch checks an order without reading a workflow.
func (e *Engine) checkBatch(who caller.Caller, in BatchInput) error {
	if p := permissionOf(in.Kind); !who.Has(p) {
		return forbidden(who, p)
	}
	if err := checkReason(in.Reason); err != nil {
		return err
	}
	switch {
	case (in.Filter == nil) == (in.IDs == nil):
		return fault.Invalid([]string{"workflowIds"}, "Name either the ids of workflows or a filter.")
	case in.Filter == nil && (len(in.IDs) < 1 || len(in.IDs) > maxNamed):
		return fault.Invalid([]string{"workflowIds"}, "Name 1 to %d ids, or use a filter.", maxNamed)
	case hasTwice(in.IDs):
		return fault.Invalid([]string{"workflowIds"}, "An id is there twice.")
	case in.Kind == workflow.BatchLimit && in.Limit < 0:
		return fault.Invalid([]string{"limit"}, "A limit cannot be negative.")
	case in.Digest != "" && in.IdempotencyKey == "":
		return fault.Invalid([]string{"idempotencyKey"}, "An order with a digest needs an idempotency key.")
	}
	return nil
}

func hasTwice(ids []uuid.UUID) bool {
	seen := make(map[uuid.UUID]bool, len(ids))
	for _, id := range ids {
		if seen[id] {
			return true
		}
		seen[id] = true
	}
	return false
}
