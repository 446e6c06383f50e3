package graph

import (
	"context"

	"github.com/infin8content/engine/graph/model"
	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/publicid"
)

const (
	maxTargetURL    = 2048
	maxTargetSecret = 500
)

func decodeCreatePublishTarget(
	input model.CreatePublishTargetInput,
) (in decoded[engine.CreatePublishTargetInput]) {
	in.blames(fault.Conflict, "name")
	in.value = engine.CreatePublishTargetInput{
		Name:           in.text(input.Name, maxNameCharacters, "name"),
		Kind:           input.Kind,
		Policy:         input.Policy,
		BaseURL:        in.text(orEmpty(input.BaseURL.Value()), maxTargetURL, "baseUrl"),
		Username:       in.text(orEmpty(input.Username.Value()), maxNameCharacters, "username"),
		Secret:         in.text(orEmpty(input.Secret.Value()), maxTargetSecret, "secret"),
		Reason:         in.text(orEmpty(input.Reason.Value()), maxReasonCharacters, "reason"),
		IdempotencyKey: in.key(input.IdempotencyKey.Value()),
	}
	return in
}

// blamesTarget says that the usual refusals concern the target.
func (d *decoder) blamesTarget() {
	d.blames(fault.NotFound, "targetId")
	d.blames(fault.Conflict, "targetId")
}

func decodeTestPublishTarget(input model.TestPublishTargetInput) (in decoded[engine.CheckTargetInput]) {
	in.blamesTarget()
	in.value = engine.CheckTargetInput{
		TargetID:       in.id(input.TargetID, publicid.PublishTarget, "targetId"),
		IdempotencyKey: in.key(input.IdempotencyKey.Value()),
	}
	return in
}

func decodeSetPublishTargetSecret(
	input model.SetPublishTargetSecretInput,
) (in decoded[engine.SetTargetSecretInput]) {
	in.blamesTarget()
	in.value = engine.SetTargetSecretInput{
		TargetID:       in.id(input.TargetID, publicid.PublishTarget, "targetId"),
		Secret:         in.text(orEmpty(input.Secret.Value()), maxTargetSecret, "secret"),
		Reason:         in.text(orEmpty(input.Reason.Value()), maxReasonCharacters, "reason"),
		IdempotencyKey: in.key(input.IdempotencyKey.Value()),
	}
	return in
}

func decodeRetirePublishTarget(input model.RetirePublishTargetInput) (in decoded[engine.RetireTargetInput]) {
	in.blamesTarget()
	in.value = engine.RetireTargetInput{
		TargetID:       in.id(input.TargetID, publicid.PublishTarget, "targetId"),
		Reason:         in.text(orEmpty(input.Reason.Value()), maxReasonCharacters, "reason"),
		IdempotencyKey: in.key(input.IdempotencyKey.Value()),
	}
	return in
}

// changedTarget returns the target of a payload; nil without a change.
func changedTarget(t engine.ChangedTarget) *model.PublishTarget {
	if t.Target.CreatedAt.IsZero() {
		return nil
	}
	return &model.PublishTarget{PublishTarget: t.Target}
}

// targetSecret returns the secret that the engine made; nil in every later answer.
func targetSecret(t engine.ChangedTarget) *string {
	if t.Secret == "" {
		return nil
	}
	return &t.Secret
}

func createPublishTargetPayload(t engine.ChangedTarget, problems []model.UserError) *model.CreatePublishTargetPayload {
	return &model.CreatePublishTargetPayload{
		Target:     changedTarget(t),
		Secret:     targetSecret(t),
		Replayed:   t.Replayed,
		UserErrors: problems,
	}
}

func testPublishTargetPayload(t engine.ChangedTarget, problems []model.UserError) *model.TestPublishTargetPayload {
	return &model.TestPublishTargetPayload{Target: changedTarget(t), Replayed: t.Replayed, UserErrors: problems}
}

func setPublishTargetSecretPayload(
	t engine.ChangedTarget, problems []model.UserError,
) *model.SetPublishTargetSecretPayload {
	return &model.SetPublishTargetSecretPayload{
		Target:     changedTarget(t),
		Secret:     targetSecret(t),
		Replayed:   t.Replayed,
		UserErrors: problems,
	}
}

func retirePublishTargetPayload(t engine.ChangedTarget, problems []model.UserError) *model.RetirePublishTargetPayload {
	return &model.RetirePublishTargetPayload{Target: changedTarget(t), Replayed: t.Replayed, UserErrors: problems}
}

// publishTargets returns the organization's targets.
func (r *Resolver) publishTargets(ctx context.Context) ([]model.PublishTarget, error) {
	found, err := r.Engine.PublishTargets(ctx, caller.From(ctx))
	targets := make([]model.PublishTarget, len(found))
	for i, t := range found {
		targets[i] = model.PublishTarget{PublishTarget: t}
	}
	return targets, err
}
