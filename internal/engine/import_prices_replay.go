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

// keptImport is the result of an import in its idempotency record, since later prices do not show it. Its field names
// are part of stored rows and must not change.
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

// keepImport stores the result of an import in its idempotency record.
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
		return fmt.Errorf("store the import: %w", err)
	}
	return tx.CompleteIdempotencyRecord(ctx, who, key, postgres.Made{Answer: answer})
}

// replayImport returns the result of an earlier request with the same key.
func replayImport(in ImportPricesInput, key postgres.IdempotencyRecord) (PriceImport, error) {
	var kept keptImport
	if err := json.Unmarshal(key.Answer, &kept); err != nil {
		return PriceImport{}, fmt.Errorf("read the import: %w", err)
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
