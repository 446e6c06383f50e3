package graph

import (
	"context"

	"github.com/google/uuid"

	"github.com/infin8content/engine/graph/model"
	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/workflow"
)

type (
	decisionsKey    struct{}
	gateSettingsKey struct{}
)

// gates returns the gates of a workflow.
func (r *Resolver) gates(ctx context.Context, w *model.Workflow) ([]model.Gate, error) {
	all, err := load(w.Batch, gateSettingsKey{},
		func(all []workflow.Workflow) (map[uuid.UUID]engine.GateSettings, error) {
			settings, err := r.Engine.GateSettings(ctx, caller.From(ctx))
			same := make(map[uuid.UUID]engine.GateSettings, len(all))
			for _, flow := range all {
				same[flow.ID] = settings
			}
			return same, err
		})
	if err != nil {
		return nil, err
	}
	settings := all[w.Workflow.ID]
	found, err := load(w.Batch, decisionsKey{},
		func(all []workflow.Workflow) (map[uuid.UUID][]engine.GateDecision, error) {
			return r.Engine.GateDecisions(ctx, caller.From(ctx), ids(all))
		})
	if err != nil {
		return nil, err
	}
	var gates []model.Gate
	for _, key := range workflow.Gates() {
		from, _ := key.Edge()
		gate := model.Gate{
			Key:       key,
			Mode:      settings.Mode(key),
			IsOpen:    w.State == from,
			FourEyes:  settings.FourEyes,
			Decisions: []model.GateDecision{},
		}
		for _, decision := range found[w.Workflow.ID] {
			if decision.Gate == key {
				gate.Decisions = append(gate.Decisions, model.GateDecision{GateDecision: decision})
			}
		}
		gates = append(gates, gate)
	}
	return gates, nil
}

func decodeGates(input model.SetGatesInput) (in decoded[engine.SetGatesInput]) {
	in.value = engine.SetGatesInput{
		Seeds:          input.Seeds.Value(),
		Plan:           input.Plan.Value(),
		Publish:        input.Publish.Value(),
		FourEyes:       input.FourEyes.Value(),
		Reason:         in.text(orEmpty(input.Reason.Value()), maxReasonCharacters, "reason"),
		IdempotencyKey: in.key(input.IdempotencyKey.Value()),
	}
	return in
}

func gatesPayload(g engine.Gated, problems []model.UserError) *model.SetGatesPayload {
	payload := &model.SetGatesPayload{Replayed: g.Replayed, UserErrors: problems}
	if g.Seeds != "" {
		payload.Gates = &model.GateSettings{GateSettings: g.GateSettings}
	}
	return payload
}
