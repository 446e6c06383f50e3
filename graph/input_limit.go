package graph

import (
	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"

	"github.com/infin8content/engine/graph/model"
	"github.com/infin8content/engine/graph/scalar"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/publicid"
)

func decodeRecord(input model.RecordUsageInput) (in decoded[engine.RecordInput]) {
	in.blames(fault.NotFound, "workflowId")
	in.blames(fault.PriceUnknown, "model")
	in.value = engine.RecordInput{
		WorkflowID: in.id(input.WorkflowID, publicid.Workflow, "workflowId"),
		Model:      in.text(input.Model, maxNameCharacters, "model"),
		Usage: cost.Usage{
			PromptTokens:     int64(input.PromptTokens),
			CompletionTokens: int64(input.CompletionTokens),
			ReasoningTokens:  int64(input.ReasoningTokens),
			CachedTokens:     int64(input.CachedTokens),
			WebSearches:      int64(input.WebSearches),
		},
		Cost:           in.amount(input.Cost, "cost"),
		Provider:       in.text(orEmpty(input.Provider.Value()), maxNameCharacters, "provider"),
		GenerationID:   in.text(orEmpty(input.GenerationID.Value()), maxNameCharacters, "generationId"),
		IdempotencyKey: in.key(&input.IdempotencyKey),
	}
	if step := input.Step.Value(); step != nil {
		in.value.Step = *step
	}
	return in
}

func decodeAdjust(input model.AdjustUsageInput) (in decoded[engine.AdjustInput]) {
	in.blames(fault.NotFound, "entryId")
	in.blames(fault.Conflict, "entryId")
	in.value = engine.AdjustInput{
		Cost:           in.given(input.Cost, "cost"),
		Reason:         in.text(input.Reason, maxReasonCharacters, "reason"),
		IdempotencyKey: in.key(&input.IdempotencyKey),
	}
	in.value.AccountID, in.value.Sequence = in.entry(input.EntryID, "entryId")
	return in
}

func decodeWorkflowLimit(input model.SetWorkflowLimitInput) (in decoded[engine.SetWorkflowLimitInput]) {
	in.blames(fault.NotFound, "workflowId")
	in.value = engine.SetWorkflowLimitInput{
		WorkflowID:     in.id(input.WorkflowID, publicid.Workflow, "workflowId"),
		Limit:          in.limit(input.Limit, input.Unlimited),
		Reason:         in.text(orEmpty(input.Reason.Value()), maxReasonCharacters, "reason"),
		IdempotencyKey: in.key(&input.IdempotencyKey),
	}
	return in
}

func decodeMonthlyLimit(input model.SetMonthlyLimitInput) (in decoded[engine.SetMonthlyLimitInput]) {
	in.value = engine.SetMonthlyLimitInput{
		Limit:          in.limit(input.Limit, input.Unlimited),
		Reason:         in.text(orEmpty(input.Reason.Value()), maxReasonCharacters, "reason"),
		IdempotencyKey: in.key(&input.IdempotencyKey),
	}
	return in
}

func decodeTimeZone(input model.SetTimeZoneInput) (in decoded[engine.SetTimeZoneInput]) {
	in.value = engine.SetTimeZoneInput{
		TimeZone:       in.text(input.TimeZone, maxNameCharacters, "timeZone"),
		Reason:         in.text(orEmpty(input.Reason.Value()), maxReasonCharacters, "reason"),
		IdempotencyKey: in.key(input.IdempotencyKey.Value()),
	}
	return in
}

// decodeAmount reads the amount that a query names.
func decodeAmount(written scalar.WrittenUSD) (cost.Pico, error) {
	var d decoder
	amount := d.given(written, "amount")
	return amount, d.err()
}

// given reads an amount that must be there.
func (d *decoder) given(written scalar.WrittenUSD, field ...string) cost.Pico {
	read, err := written.Pico()
	d.note(err, field)
	return read
}

// limit reads a limit: an amount, or the explicit word that there is none.
func (d *decoder) limit(
	written graphql.Omittable[*scalar.WrittenUSD], unlimited graphql.Omittable[*bool],
) cost.Limit {
	field := []string{"limit"}
	without := unlimited.Value() != nil && *unlimited.Value()
	amount := d.amount(written, field...)
	switch {
	case without == (amount != nil):
		d.note(fault.New(fault.InvalidInput, "Name either a limit or unlimited: true."), field)
		return 0
	case without:
		return cost.Unlimited
	}
	return cost.Limit(*amount)
}

// entry reads the id of a ledger entry: the account and the place in its ledger.
func (d *decoder) entry(id publicid.ID, field ...string) (account uuid.UUID, sequence int64) {
	account = d.id(id, publicid.LedgerEntry, field...)
	read, _ := id.Parse() // What is wrong with it is noted.
	return account, read.Number
}
