package graph

import (
	"context"

	"github.com/infin8content/engine/graph/model"
	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/publicid"
)

// apiKeyList is the kind of the cursors of API keys.
const apiKeyList = "key"

func decodeCreateAPIKey(input model.CreateAPIKeyInput) (in decoded[engine.CreateAPIKeyInput]) {
	in.blames(fault.Conflict, "name")
	ends, err := input.ExpiresAt.Time()
	in.note(err, []string{"expiresAt"})
	in.value = engine.CreateAPIKeyInput{
		Name:           in.text(input.Name, maxNameCharacters, "name"),
		Role:           input.Role,
		ExpiresAt:      ends,
		IdempotencyKey: in.key(input.IdempotencyKey.Value()),
	}
	if id := input.WorkflowID.Value(); id != nil {
		flow := in.id(*id, publicid.Workflow, "workflowId")
		in.value.Workflow = &flow
	}
	return in
}

func decodeRevokeAPIKey(input model.RevokeAPIKeyInput) (in decoded[engine.RevokeAPIKeyInput]) {
	in.blames(fault.NotFound, "keyId")
	in.value = engine.RevokeAPIKeyInput{
		KeyID:          in.id(input.KeyID, publicid.APIKey, "keyId"),
		Reason:         in.text(orEmpty(input.Reason.Value()), maxReasonCharacters, "reason"),
		IdempotencyKey: in.key(input.IdempotencyKey.Value()),
	}
	return in
}

// keyed returns the API key of a payload; nil without a change.
func keyed(k engine.ChangedAPIKey) *model.APIKey {
	if k.Key.CreatedAt.IsZero() {
		return nil
	}
	return &model.APIKey{APIKey: k.Key}
}

// secretOf returns the text of a new API key; nil in every later answer.
func secretOf(k engine.ChangedAPIKey) *string {
	if k.Text == "" {
		return nil
	}
	return &k.Text
}

// apiKeys returns a page of the organization's API keys.
func (r *Resolver) apiKeys(ctx context.Context, asked moments) (*model.APIKeyConnection, error) {
	who := caller.From(ctx)
	found, err := r.Engine.APIKeys(ctx, who, engine.APIKeysInput{
		Backward: asked.backward, After: asked.from, First: asked.size + 1,
	})
	if err != nil {
		return nil, err
	}
	wrap := func(k engine.APIKey) *model.APIKey { return &model.APIKey{APIKey: k} }
	return page(found, asked.window, wrap, model.Page[*model.APIKey]{
		Cursor: func(k *model.APIKey) string { return asked.list.Moment(k.CreatedAt, k.APIKey.APIKey.ID) },
		Count:  func(ctx context.Context) (int, error) { return r.Engine.CountAPIKeys(ctx, who) },
	}), nil
}

func createAPIKeyPayload(k engine.ChangedAPIKey, problems []model.UserError) *model.CreateAPIKeyPayload {
	return &model.CreateAPIKeyPayload{
		APIKey:     keyed(k),
		Secret:     secretOf(k),
		Replayed:   k.Replayed,
		UserErrors: problems,
	}
}

func revokeAPIKeyPayload(k engine.ChangedAPIKey, problems []model.UserError) *model.RevokeAPIKeyPayload {
	return &model.RevokeAPIKeyPayload{APIKey: keyed(k), Replayed: k.Replayed, UserErrors: problems}
}
