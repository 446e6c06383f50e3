package jobs

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/infin8content/engine/internal/engine"
)

// batchQueue is River's queue of batches, so that a long batch keeps no step and no alert waiting.
const batchQueue = "batches"

const (
	// batchers is the number of batches that a server works on at once.
	batchers = 2
	// batchTurn is the time after which a batch goes behind the other ones that wait.
	batchTurn = 5 * time.Second
	// batchPortionLimit limits one portion. It is shorter than the usual lease of the engine.
	batchPortionLimit = 25 * time.Second
)

// batchArgs name a batch that may have work.
type batchArgs struct {
	OrganizationID uuid.UUID `json:"organization_id"`
	BatchID        uuid.UUID `json:"batch_id"`
}

// Kind is the name of the job in River's table.
func (batchArgs) Kind() string { return "batch" }

// InsertOpts puts the job into its queue.
func (batchArgs) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: batchQueue} }

// Batch inserts a job that works on a batch from a time on. It is part of the transaction.
func (q *Enqueuer) Batch(ctx context.Context, tx pgx.Tx, organization, batch uuid.UUID, at time.Time) error {
	return q.insert(ctx, tx, batchArgs{organization, batch}, at)
}

// batchWorker works the batch jobs. The claim makes sure that one worker has a batch at a time.
type batchWorker struct {
	river.WorkerDefaults[batchArgs]
	engine   *engine.Engine
	stopping context.Context
}

// Work changes the workflows of a batch for a turn. A worker that stops ends its portion first.
func (w *batchWorker) Work(ctx context.Context, job *river.Job[batchArgs]) error {
	work, err := w.engine.ClaimBatch(ctx, job.Args.OrganizationID, job.Args.BatchID)
	for end := time.Now().Add(batchTurn); err == nil && work.Mine; {
		if time.Now().After(end) || w.stopping.Err() != nil {
			if err := w.engine.ReleaseBatch(context.WithoutCancel(ctx), work.Batch); err != nil {
				return err
			}
			return river.JobSnooze(0)
		}
		work, err = w.portion(ctx, work.Batch)
	}
	switch {
	case err != nil:
		return riverError(err)
	case work.Wait > 0:
		return river.JobSnooze(work.Wait)
	}
	return nil
}

func (w *batchWorker) portion(ctx context.Context, b engine.Batch) (engine.BatchWork, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), batchPortionLimit)
	defer cancel()
	return w.engine.RunBatch(ctx, b)
}
