package graph

import (
	"strconv"

	"github.com/google/uuid"

	"github.com/infin8content/engine/graph/model"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/publicid"
	"github.com/infin8content/engine/internal/workflow"
)

func decodeReserve(input model.ReserveUsageInput) (in decoded[engine.ReserveInput]) {
	in.blames(fault.NotFound, "workflowId")
	in.blames(fault.TerminalState, "workflowId")
	in.blames(fault.PriceUnknown, "estimate", "models")
	in.value = engine.ReserveInput{
		WorkflowID:     in.id(input.WorkflowID, publicid.Workflow, "workflowId"),
		Amount:         in.amount(input.Amount, "amount"),
		Estimate:       in.estimate(input.Estimate.Value()),
		IdempotencyKey: in.key(&input.IdempotencyKey),
	}
	if step := input.Step.Value(); step != nil {
		in.value.Step = *step
	}
	in.value.Fence = input.Token.Value()
	in.blames(fault.LostRun, "token")
	size := []string{"estimate"}
	if in.value.Amount != nil {
		size = []string{"amount"}
	}
	in.blames(fault.BudgetExhausted, size...)
	in.blames(fault.BudgetHeld, size...)
	return in
}

// estimate checks only what the database cannot store. The engine checks the rules.
func (d *decoder) estimate(input *model.UsageEstimateInput) *cost.Estimate {
	if input == nil {
		return nil
	}
	for i, name := range input.Models {
		d.text(name, maxNameCharacters, "estimate", "models", strconv.Itoa(i))
	}
	return &cost.Estimate{
		Models:              input.Models,
		PromptBytes:         int64(input.PromptBytes),
		MaxCompletionTokens: int64(input.MaxCompletionTokens),
		WebSearches:         int64(input.WebSearches),
		Items:               int64(input.Items),
	}
}

func decodeSettle(input model.SettleUsageInput) (in decoded[engine.SettleInput]) {
	in.blames(fault.NotFound, "callId")
	in.blames(fault.Conflict, "callId")
	in.blames(fault.PriceUnknown, "model")
	in.blames(fault.InvalidInput, "cost")
	in.value = engine.SettleInput{
		CallID: in.id(input.CallID, publicid.Call, "callId"),
		Model:  in.text(input.Model, maxNameCharacters, "model"),
		Usage: cost.Usage{
			PromptTokens:     int64(input.PromptTokens),
			CompletionTokens: int64(input.CompletionTokens),
			ReasoningTokens:  int64(input.ReasoningTokens),
			CachedTokens:     int64(input.CachedTokens),
			WebSearches:      int64(input.WebSearches),
			Items:            int64(input.Items),
		},
		Cost:           in.amount(input.Cost, "cost"),
		Provider:       in.text(orEmpty(input.Provider.Value()), maxNameCharacters, "provider"),
		GenerationID:   in.text(orEmpty(input.GenerationID.Value()), maxNameCharacters, "generationId"),
		Failure:        orNone(input.FailureCode.Value()),
		IdempotencyKey: in.key(input.IdempotencyKey.Value()),
	}
	in.blamesCall(in.value.IdempotencyKey)
	return in
}

func decodeRelease(input model.ReleaseUsageInput) (in decoded[engine.ReleaseInput]) {
	in.blames(fault.NotFound, "callId")
	in.blames(fault.Conflict, "callId")
	in.value = engine.ReleaseInput{
		CallID:         in.id(input.CallID, publicid.Call, "callId"),
		Reason:         in.text(input.Reason, maxReasonCharacters, "reason"),
		Failure:        orNone(input.FailureCode.Value()),
		IdempotencyKey: in.key(input.IdempotencyKey.Value()),
	}
	in.blamesCall(in.value.IdempotencyKey)
	return in
}

// blamesCall blames callId for a mismatch without a key: the call itself is settled once.
func (d *decoder) blamesCall(key string) {
	if key == "" {
		d.blames(fault.IdempotencyMismatch, "callId")
	}
}

// orNone returns "" for nil, as the engine takes an optional failure.
func orNone(code *workflow.FailureCode) workflow.FailureCode {
	if code == nil {
		return ""
	}
	return *code
}

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
			Items:            int64(input.Items),
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
		Cost:           in.requiredAmount(input.Cost, "cost"),
		Reason:         in.text(input.Reason, maxReasonCharacters, "reason"),
		IdempotencyKey: in.key(&input.IdempotencyKey),
	}
	in.value.AccountID, in.value.Sequence = in.entry(input.EntryID, "entryId")
	return in
}

// charged returns the call and the workflow of a payload; nil without a call.
func charged(c engine.Charged) (*model.Call, *model.Workflow) {
	if c.Call.ID == uuid.Nil {
		return nil, nil
	}
	flow := model.NewWorkflow(c.Workflow)
	return &model.Call{Call: c.Call, Workflow: flow}, flow
}

// adjusted returns the entry of a payload; nil without a correction.
func adjusted(a engine.Adjusted) *model.LedgerEntry {
	if a.Entry.AccountID == uuid.Nil {
		return nil
	}
	return &model.LedgerEntry{Entry: a.Entry}
}

// reservePayload returns the payload of a call. Most mutations of calls have payloads with the same fields.
func reservePayload(c engine.Charged, problems []model.UserError) *model.ReserveUsagePayload {
	call, flow := charged(c)
	return &model.ReserveUsagePayload{
		Call:       call,
		Workflow:   flow,
		Replayed:   c.Replayed,
		UserErrors: problems,
	}
}

func settlePayload(c engine.Charged, problems []model.UserError) *model.SettleUsagePayload {
	return (*model.SettleUsagePayload)(reservePayload(c, problems))
}

func releasePayload(c engine.Charged, problems []model.UserError) *model.ReleaseUsagePayload {
	return (*model.ReleaseUsagePayload)(reservePayload(c, problems))
}

func recordPayload(c engine.Charged, problems []model.UserError) *model.RecordUsagePayload {
	return (*model.RecordUsagePayload)(reservePayload(c, problems))
}

func adjustPayload(a engine.Adjusted, problems []model.UserError) *model.AdjustUsagePayload {
	call, flow := charged(a.Charged)
	return &model.AdjustUsagePayload{
		Entry:      adjusted(a),
		Call:       call,
		Workflow:   flow,
		Replayed:   a.Replayed,
		UserErrors: problems,
	}
}
