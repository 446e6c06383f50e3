package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// maxRetryAfter limits the wait that a program outside asks for.
const maxRetryAfter = 24 * time.Hour

// FailStepInput ends the caller's run without a result. RetryAfter is the wait that a provider has asked for.
type FailStepInput struct {
	WorkflowID        uuid.UUID
	Token             int
	Failure           workflow.FailureCode
	Message           string
	RetryAfterSeconds int
	IdempotencyKey    string
}

// FailStep ends a run of a program outside without a result. The policy of the engine's own workers decides whether the
// step is tried again, and when; ClaimWork hands the attempt out. The run must be the caller's and live, else
// *LostRunError. The same failure again is a replay.
func (e *Engine) FailStep(ctx context.Context, who caller.Caller, in FailStepInput) (_ Moved, err error) {
	ctx, end := e.begin(ctx, "FailStep")
	defer end(&err)
	run, err := e.ownRun(ctx, who, in.WorkflowID, in.Token)
	if err != nil {
		return Moved{}, err
	}
	if err := in.check(); err != nil {
		return Moved{}, err
	}
	key, message := in.IdempotencyKey, storable(in.Message)
	in.IdempotencyKey = ""
	var m Moved
	replay, err := e.once(ctx, who, request{
		key:       key,
		operation: "failStep",
		content:   in,
		flow:      in.WorkflowID,
		at:        e.now(),
	}, func(tx *postgres.Store) (err error) {
		m, err = e.failIn(ctx, tx, who, FailRunInput{
			Run:        run,
			Failure:    in.Failure,
			Message:    message,
			RetryAfter: time.Duration(in.RetryAfterSeconds) * time.Second,
		})
		if err != nil || key == "" {
			return err
		}
		return tx.CompleteIdempotencyRecord(ctx, who, key, postgres.Made{Version: &m.Transition.Version})
	})
	ended := in.Token + 1
	switch {
	case errors.Is(err, errLost) && run.Failure == in.Failure && run.FailureMessage == message:
		return e.replayMoved(ctx, who, postgres.IdempotencyRecord{
			WorkflowID: in.WorkflowID, Made: postgres.Made{Version: &ended},
		})
	case errors.Is(err, errLost):
		return Moved{}, e.lost(ctx, who, run)
	case err != nil:
		return Moved{}, fmt.Errorf("fail a step: %w", err)
	case replay != nil:
		return e.replayMoved(ctx, who, *replay)
	}
	return m, nil
}

func (in FailStepInput) check() error {
	switch in.Failure {
	case workflow.FailureLeaseExpired, workflow.FailureCancelled, workflow.FailureUnitsFailed:
		return fault.Invalid([]string{"failureCode"}, "The engine itself writes %s.", in.Failure)
	}
	if in.RetryAfterSeconds < 0 || in.RetryAfterSeconds > int(maxRetryAfter.Seconds()) {
		return fault.Invalid([]string{"retryAfter"}, "A wait has 0 to %d seconds.", int(maxRetryAfter.Seconds()))
	}
	return nil
}
