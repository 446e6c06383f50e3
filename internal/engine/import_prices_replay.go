package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres"
)

// keptImport is what an idempotency key keeps of the import that was made under it: what it did to each price cannot be
// read from the prices that are there later. The names of its fields stand in rows, so they stay.
type keptImport struct {
	At      time.Time    `json:"at"`
	Changes []keptChange `json:"changes"`
}

type keptChange struct {
	Kind            cost.ChangeKind `json:"kind"`
	Model           string          `json:"model"`
	Component       cost.Component  `json:"component"`
	MinPromptTokens int64           `json:"min_prompt_tokens"`
	Unit            cost.Pico       `json:"unit_pico"`
	Below           bool            `json:"below,omitzero"`
	Old             *cost.Pico      `json:"old_pico,omitzero"`
	Doubt           cost.Doubt      `json:"doubt,omitzero"`
	Begins          time.Time       `json:"begins,omitzero"`
	ProposalID      uuid.UUID       `json:"proposal_id,omitzero"`
}

// keepImport writes down under its key what an import has done.
func keepImport(ctx context.Context, tx *postgres.Store, who caller.Caller, key string, done PriceImport) error {
	kept := keptImport{At: done.At, Changes: make([]keptChange, len(done.Changes))}
	for i, c := range done.Changes {
		kept.Changes[i] = keptChange{
			Kind:            c.Kind,
			Model:           c.Model,
			Component:       c.Component,
			MinPromptTokens: c.MinPromptTokens,
			Unit:            c.Unit,
			Below:           c.Below,
			Old:             c.Old,
			Doubt:           c.Doubt,
			Begins:          c.Begins,
			ProposalID:      c.ProposalID,
		}
	}
	answer, err := json.Marshal(kept)
	if err != nil {
		return fmt.Errorf("keep what was imported: %w", err)
	}
	return tx.CompleteIdempotencyRecord(ctx, who, key, postgres.Made{Answer: answer})
}

// replayImport returns what an earlier request with the same key did.
func replayImport(in ImportPricesInput, key postgres.IdempotencyRecord) (PriceImport, error) {
	var kept keptImport
	if err := json.Unmarshal(key.Answer, &kept); err != nil {
		return PriceImport{}, fmt.Errorf("read what was imported: %w", err)
	}
	done := PriceImport{
		Skipped:  in.List.Skipped,
		Applied:  true,
		At:       kept.At,
		Replayed: true,
	}
	for _, c := range kept.Changes {
		done.Changes = append(done.Changes, PlannedPrice{
			PriceChange: cost.PriceChange{
				ListedPrice: cost.ListedPrice{
					Model:           c.Model,
					Component:       c.Component,
					MinPromptTokens: c.MinPromptTokens,
					Unit:            c.Unit,
					Below:           c.Below,
				},
				Kind:   c.Kind,
				Old:    c.Old,
				Doubt:  c.Doubt,
				Begins: c.Begins,
			},
			ProposalID: c.ProposalID,
		})
	}
	return done, nil
}
