package graph

import (
	"context"

	"github.com/infin8content/engine/graph/model"
	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/engine"
)

// brand returns the brand voice of the caller's organization.
func (r *Resolver) brand(ctx context.Context) (*model.Brand, error) {
	settings, err := r.Engine.Brand(ctx, caller.From(ctx))
	return brandOf(settings), err
}

func brandOf(settings engine.BrandSettings) *model.Brand {
	brand := &model.Brand{Brand: settings.Brand}
	if settings.Version >= 0 {
		brand.Version = &settings.Version
	}
	return brand
}

func decodeBrand(input model.SetBrandInput) (in decoded[engine.SetBrandInput]) {
	in.value = engine.SetBrandInput{
		Tone:           input.Tone.Value(),
		Audience:       input.Audience.Value(),
		Examples:       input.Examples.Value(),
		Reason:         in.text(orEmpty(input.Reason.Value()), maxReasonCharacters, "reason"),
		IdempotencyKey: in.key(input.IdempotencyKey.Value()),
	}
	for _, list := range []struct {
		from []string
		to   **[]string
	}{
		{input.Do.Value(), &in.value.Do},
		{input.Dont.Value(), &in.value.Dont},
		{input.BannedWords.Value(), &in.value.Banned},
	} {
		if list.from != nil {
			*list.to = &list.from
		}
	}
	return in
}

func brandPayload(b engine.BrandSet, problems []model.UserError) *model.SetBrandPayload {
	payload := &model.SetBrandPayload{Replayed: b.Replayed, UserErrors: problems}
	if len(problems) == 0 {
		payload.Brand = brandOf(b.BrandSettings)
	}
	return payload
}
