package engine

import (
	"context"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// RetireTargetInput ends a target.
type RetireTargetInput struct {
	TargetID       uuid.UUID
	Reason         string
	IdempotencyKey string
}

// RetireTarget ends a target for good. What was published there stays.
func (e *Engine) RetireTarget(
	ctx context.Context, who caller.Caller, in RetireTargetInput,
) (_ ChangedTarget, err error) {
	ctx, end := e.begin(ctx, "RetireTarget")
	defer end(&err)
	if err := checkReason(in.Reason); err != nil {
		return ChangedTarget{}, err
	}
	key := in.IdempotencyKey
	in.IdempotencyKey = ""
	return e.changeTarget(ctx, who, targetChange{
		request: request{
			key:       key,
			operation: "retirePublishTarget",
			content:   in,
			at:        e.now(),
		},
		target: in.TargetID,
		apply: func(_ *postgres.Store, t *PublishTarget) error {
			t.State, t.Reason, t.Secret = workflow.TargetRetired, in.Reason, nil
			return nil
		},
	})
}
