package jobs

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/steps"
)

// verificationQueue is River's queue of verifications. A server works on one at a time: each reads all rows of an
// organization over one connection.
const verificationQueue = "verifications"

// verificationLimit limits one attempt at a verification.
const verificationLimit = 15 * time.Minute

// errLost ends an attempt at a verification that another worker has.
var errLost = errors.New("another worker has the verification")

// VerifyFunc checks the rows of an organization and returns the findings or the checkpoint. It counts the rows as it
// reads them.
type VerifyFunc func(ctx context.Context, organization uuid.UUID, rows *atomic.Int64) (engine.Verification, error)

// verificationArgs name a verification that may have no worker.
type verificationArgs struct {
	OrganizationID uuid.UUID `json:"organization_id"`
	VerificationID uuid.UUID `json:"verification_id"`
}

// Kind is the name of the job in River's table.
func (verificationArgs) Kind() string { return "verification" }

// InsertOpts puts the job into its queue.
func (verificationArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: verificationQueue}
}

// Verify inserts a job that works on a verification from a time on. It is part of the transaction.
func (q *Enqueuer) Verify(ctx context.Context, tx pgx.Tx, organization, verification uuid.UUID, at time.Time) error {
	return q.insert(ctx, tx, verificationArgs{organization, verification}, at)
}

// verifier works the jobs of verifications. The claim makes sure that one worker has a verification at a time.
type verifier struct {
	river.WorkerDefaults[verificationArgs]
	engine    *engine.Engine
	verify    VerifyFunc
	heartbeat time.Duration
	limit     time.Duration
	stopping  context.Context
}

func newVerifier(o Options, stopping context.Context) *verifier {
	return &verifier{
		engine:    o.Engine,
		verify:    o.Verify,
		heartbeat: o.Heartbeat,
		limit:     verificationLimit,
		stopping:  stopping,
	}
}

// Work makes one attempt at a verification. A worker that stops gives it back.
func (w *verifier) Work(ctx context.Context, job *river.Job[verificationArgs]) error {
	work, err := w.engine.ClaimVerification(ctx, job.Args.OrganizationID, job.Args.VerificationID)
	switch {
	case err != nil:
		return riverError(err)
	case work.Wait > 0:
		return river.JobSnooze(work.Wait)
	case !work.Mine:
		return nil
	}
	return w.attempt(context.WithoutCancel(ctx), work.Verification)
}

func (w *verifier) attempt(ctx context.Context, v engine.Verification) error {
	limited, cancel := context.WithTimeout(ctx, w.limit)
	defer cancel()
	limited, stop := context.WithCancelCause(limited)
	defer context.AfterFunc(w.stopping, func() { stop(steps.ErrShutdown) })()
	rows, heartbeats := &atomic.Int64{}, sync.WaitGroup{}
	heartbeats.Go(func() { w.renew(limited, stop, v, rows) })
	result, err := w.verify(limited, v.OrganizationID, rows)
	cause := context.Cause(limited)
	stop(nil)
	heartbeats.Wait()
	v.RowsRead = rows.Load()
	switch {
	case err == nil:
		v.Found, v.Findings, v.Checkpoint = result.Found, result.Findings, result.Checkpoint
	case errors.Is(cause, errLost):
		return nil
	case errors.Is(cause, context.DeadlineExceeded):
		v.Failure = fmt.Sprintf("It has not ended within %s.", w.limit)
	default:
		if released := w.engine.ReleaseVerification(ctx, v); released != nil || !errors.Is(cause, steps.ErrShutdown) {
			return riverError(errors.Join(err, released))
		}
		return river.JobSnooze(0)
	}
	_, err = w.engine.EndVerification(ctx, v)
	return riverError(err)
}

// renew renews the lease until the attempt ends, and stops the attempt when another worker has the verification.
func (w *verifier) renew(ctx context.Context, stop context.CancelCauseFunc, v engine.Verification, rows *atomic.Int64) {
	ticker := time.NewTicker(w.heartbeat)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		v.RowsRead = rows.Load()
		if mine, err := w.engine.RenewVerification(ctx, v); err == nil && !mine {
			stop(errLost)
			return
		}
	}
}
