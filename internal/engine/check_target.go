package engine

import (
	"context"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// CheckTargetInput names a target to try.
type CheckTargetInput struct {
	TargetID       uuid.UUID
	IdempotencyKey string
}

// CheckTarget asks a worker to try the target, which is CHECKING until the worker has an answer. A target without a
// secret is ready at once.
func (e *Engine) CheckTarget(
	ctx context.Context, who caller.Caller, in CheckTargetInput,
) (_ ChangedTarget, err error) {
	ctx, end := e.begin(ctx, "CheckTarget")
	defer end(&err)
	at := e.now()
	return e.changeTarget(ctx, who, targetChange{
		request: request{
			key:       in.IdempotencyKey,
			operation: "checkPublishTarget",
			content:   in.TargetID,
			at:        at,
		},
		target: in.TargetID,
		apply: func(tx *postgres.Store, t *PublishTarget) error {
			if t.Kind == workflow.TargetFile {
				t.State = workflow.TargetReady
				return nil
			}
			t.State = workflow.TargetChecking
			return e.jobs.CheckTarget(ctx, tx.Tx(), who.OrganizationID, t.ID, at)
		},
	})
}

// CheckedTarget is the result of a check.
type CheckedTarget struct {
	TargetID uuid.UUID
	// Version is the version that was checked. The result of an older one is dropped.
	Version                    int
	APIRoot, SiteName, Account string
	// Failure is nil when the target can be used.
	Failure *workflow.FailureCode
	Message string
}

// RecordTargetCheck stores the result of a check, unless the target has changed since.
func (e *Engine) RecordTargetCheck(ctx context.Context, who caller.Caller, in CheckedTarget) (err error) {
	ctx, end := e.begin(ctx, "RecordTargetCheck")
	defer end(&err)
	target, err := e.PublishTarget(ctx, who, in.TargetID)
	if err != nil || target.Version != in.Version || target.State != workflow.TargetChecking {
		return err
	}
	next := target.TargetVersion
	next.Version, next.At = in.Version+1, e.now()
	next.State, next.Failure, next.Message = workflow.TargetReady, in.Failure, in.Message
	if in.Failure != nil {
		next.State = workflow.TargetFailed
	} else {
		next.APIRoot, next.SiteName, next.Account = in.APIRoot, in.SiteName, in.Account
	}
	_, err = e.store.AddTargetVersion(ctx, who, in.TargetID, next)
	return err
}
