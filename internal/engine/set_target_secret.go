package engine

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// SetTargetSecretInput replaces the secret of a target.
type SetTargetSecretInput struct {
	TargetID uuid.UUID
	// Secret is "" for a webhook, whose new secret the engine makes.
	Secret         string
	Reason         string
	IdempotencyKey string
}

// SetTargetSecret replaces the secret of a target, which must be checked again. The kind and the address stay.
func (e *Engine) SetTargetSecret(
	ctx context.Context, who caller.Caller, in SetTargetSecretInput,
) (out ChangedTarget, err error) {
	ctx, end := e.begin(ctx, "SetTargetSecret")
	defer end(&err)
	if err := checkReason(in.Reason); err != nil {
		return ChangedTarget{}, err
	}
	given, shown, key := in.Secret, "", in.IdempotencyKey
	repeated := struct {
		SetTargetSecretInput
		SecretDigest string `json:",omitempty"`
	}{in, e.targets.digest(who, in.Secret)}
	repeated.Secret, repeated.IdempotencyKey = "", "" // The record of the request must not have the secret.
	out, err = e.changeTarget(ctx, who, targetChange{
		request: request{
			key:       key,
			operation: "setPublishTargetSecret",
			content:   repeated,
			at:        e.now(),
		},
		target: in.TargetID,
		apply: func(_ *postgres.Store, t *PublishTarget) (err error) {
			if t.Kind == workflow.TargetFile {
				return fault.New(fault.Conflict, "A target of the kind FILE has no secret.")
			}
			secret := given
			if err := e.checkTargetSecret(t.Kind, secret); err != nil {
				return err
			}
			if t.Kind == workflow.TargetWebhook {
				if secret, err = newWebhookSecret(e.random); err != nil {
					return fmt.Errorf("make a webhook secret: %w", err)
				}
				shown = secret
			}
			t.State, t.Reason = workflow.TargetUnchecked, in.Reason
			t.Secret = e.targets.Seal(who.OrganizationID, t.ID, secret)
			return nil
		},
	})
	if err == nil && !out.Replayed {
		out.Secret = shown
	}
	return out, err
}
