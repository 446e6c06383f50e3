package graph

import (
	"github.com/google/uuid"

	"github.com/infin8content/engine/graph/model"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/publicid"
)

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

// limited returns the owner of a limit and the ledger entry of a payload; nil without a change.
func limited(l engine.Limited) (*model.Workflow, *model.Organization, *model.LedgerEntry) {
	if l.Account.ID == uuid.Nil {
		return nil, nil, nil
	}
	var flow *model.Workflow
	if l.Workflow != nil {
		flow = model.NewWorkflow(*l.Workflow)
	}
	var organization *model.Organization
	if l.Organization != nil {
		organization = &model.Organization{Organization: *l.Organization}
	}
	return flow, organization, &model.LedgerEntry{Entry: l.Entry}
}

// zoned returns the organization of a payload; nil without a change.
func zoned(z engine.Zoned) *model.Organization {
	if z.Organization.ID == uuid.Nil {
		return nil
	}
	return &model.Organization{Organization: z.Organization}
}

func workflowLimitPayload(l engine.Limited, problems []model.UserError) *model.SetWorkflowLimitPayload {
	flow, _, entry := limited(l)
	return &model.SetWorkflowLimitPayload{
		Workflow:   flow,
		Entry:      entry,
		Replayed:   l.Replayed,
		UserErrors: problems,
	}
}

func monthlyLimitPayload(l engine.Limited, problems []model.UserError) *model.SetMonthlyLimitPayload {
	_, organization, entry := limited(l)
	return &model.SetMonthlyLimitPayload{
		Organization: organization,
		Entry:        entry,
		Replayed:     l.Replayed,
		UserErrors:   problems,
	}
}

func timeZonePayload(z engine.Zoned, problems []model.UserError) *model.SetTimeZonePayload {
	return &model.SetTimeZonePayload{Organization: zoned(z), Replayed: z.Replayed, UserErrors: problems}
}
