package graph

import (
	"context"

	"github.com/infin8content/engine/graph/model"
	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/engine"
)

// verificationList is the kind of the cursors of verifications.
const verificationList = "verification"

func decodeStartVerification(input model.StartVerificationInput) (in decoded[engine.StartVerificationInput]) {
	in.value.IdempotencyKey = in.key(input.IdempotencyKey.Value())
	return in
}

func startVerificationPayload(
	s engine.StartedVerification, problems []model.UserError,
) *model.StartVerificationPayload {
	payload := &model.StartVerificationPayload{Replayed: s.Replayed, UserErrors: problems}
	if len(problems) == 0 {
		payload.Verification = model.NewVerification(s.Verification)
	}
	return payload
}

// lastVerification returns the newest verification of the organization; nil without one.
func (r *Resolver) lastVerification(ctx context.Context) (*model.Verification, error) {
	found, err := r.Engine.Verifications(ctx, caller.From(ctx), engine.VerificationsInput{First: 1})
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return model.NewVerification(found[0]), nil
}

// verifications returns a page of the organization's verifications.
func (r *Resolver) verifications(ctx context.Context, asked moments) (*model.VerificationConnection, error) {
	who := caller.From(ctx)
	found, err := r.Engine.Verifications(ctx, who, engine.VerificationsInput{
		Backward: asked.backward,
		After:    asked.from,
		First:    asked.size + 1,
	})
	if err != nil {
		return nil, err
	}
	return page(found, asked.window, model.NewVerification, model.Page[*model.Verification]{
		Cursor: func(v *model.Verification) string { return asked.list.Moment(v.CreatedAt, v.Verification.ID) },
		Count:  func(ctx context.Context) (int, error) { return r.Engine.CountVerifications(ctx, who) },
	}), nil
}
