package graph

import (
	"context"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"

	"github.com/infin8content/engine/graph/model"
	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/publicid"
	"github.com/infin8content/engine/internal/workflow"
)

// seconds reads an optional number of seconds. The engine takes 0 for absent, so a 0 of the client is an error.
func (d *decoder) seconds(written graphql.Omittable[*int], field string) int {
	given := written.Value()
	if given == nil {
		return 0
	}
	if *given < 1 {
		d.note(fault.New(fault.InvalidInput, "A number of seconds is 1 or more."), []string{field})
	}
	return *given
}

func decodeClaimWork(input model.ClaimWorkInput) (in decoded[engine.ClaimWorkInput]) {
	in.value = engine.ClaimWorkInput{
		Steps:          input.Steps.Value(),
		Max:            input.Max,
		LeaseSeconds:   in.seconds(input.LeaseSeconds, "leaseSeconds"),
		IdempotencyKey: in.key(input.IdempotencyKey.Value()),
	}
	return in
}

func decodeCompleteStep(input model.CompleteStepInput) (in decoded[engine.CompleteStepInput]) {
	in.blames(fault.NotFound, "workflowId")
	in.blames(fault.LostRun, "token")
	key := in.key(input.IdempotencyKey.Value())
	if key == "" {
		in.blames(fault.IdempotencyMismatch, "result")
	}
	in.value = engine.CompleteStepInput{
		WorkflowID:     in.id(input.WorkflowID, publicid.Workflow, "workflowId"),
		Token:          input.Token,
		Result:         in.result(input.Result),
		Advance:        input.Advance,
		IdempotencyKey: key,
	}
	return in
}

// result reads the result of a step. The engine checks its values.
func (d *decoder) result(input model.StepResultInput) engine.HandedResult {
	handed := engine.HandedResult{
		Model:    d.text(orEmpty(input.Model.Value()), maxNameCharacters, "result", "model"),
		Provider: d.text(orEmpty(input.Provider.Value()), maxNameCharacters, "result", "provider"),
	}
	if object := input.Object.Value(); object != nil {
		handed.Object = []byte(object)
	}
	if profile := input.Icp.Value(); profile != nil {
		icp := workflow.ICP(*profile)
		handed.ICP = &icp
	}
	if keywords := input.Keywords.Value(); keywords != nil {
		handed.Keywords = []engine.FoundKeyword{}
		for i, k := range keywords {
			handed.Keywords = append(handed.Keywords, engine.FoundKeyword{
				Text:       k.Text,
				Intent:     orUnknown(k.Intent.Value()),
				Volume:     k.Volume.Value(),
				Difficulty: k.Difficulty.Value(),
				CPC:        d.amount(k.Cpc, "result", "keywords", strconv.Itoa(i), "cpc"),
				Language:   orEmpty(k.Language.Value()),
				Competitor: orEmpty(k.Competitor.Value()),
			})
		}
	}
	return handed
}

// orUnknown returns "" for nil, as the engine takes an unknown intent.
func orUnknown(intent *content.Intent) content.Intent {
	if intent == nil {
		return ""
	}
	return *intent
}

func decodeFailStep(input model.FailStepInput) (in decoded[engine.FailStepInput]) {
	in.blames(fault.NotFound, "workflowId")
	in.blames(fault.LostRun, "token")
	in.value = engine.FailStepInput{
		WorkflowID:     in.id(input.WorkflowID, publicid.Workflow, "workflowId"),
		Token:          input.Token,
		Failure:        input.FailureCode,
		Message:        in.text(orEmpty(input.Message.Value()), maxReasonCharacters, "message"),
		IdempotencyKey: in.key(input.IdempotencyKey.Value()),
	}
	if wait := input.RetryAfter.Value(); wait != nil {
		in.value.RetryAfterSeconds = *wait
	}
	return in
}

func decodeOutsideSteps(input model.SetOutsideStepsInput) (in decoded[engine.SetOutsideStepsInput]) {
	in.value = engine.SetOutsideStepsInput{
		Steps:          input.Steps,
		Reason:         in.text(orEmpty(input.Reason.Value()), maxReasonCharacters, "reason"),
		IdempotencyKey: in.key(input.IdempotencyKey.Value()),
	}
	return in
}

func claimWorkPayload(c engine.ClaimedWork, problems []model.UserError) *model.ClaimWorkPayload {
	flows := make([]workflow.Workflow, len(c.Items))
	for i, item := range c.Items {
		flows[i] = item.Workflow
	}
	items := []model.WorkItem{}
	for i, flow := range model.NewBatch(flows) {
		item := c.Items[i]
		items = append(items, model.WorkItem{
			Workflow: flow,
			Run:      item.Run,
			Input:    model.WorkInput{StepInput: item.Input, Company: flow.Company()},
			Room:     item.Room,
		})
	}
	return &model.ClaimWorkPayload{Items: items, Replayed: c.Replayed, UserErrors: problems}
}

func completeStepPayload(m engine.Moved, problems []model.UserError) *model.CompleteStepPayload {
	return (*model.CompleteStepPayload)(createPayload(m, problems))
}

func failStepPayload(m engine.Moved, problems []model.UserError) *model.FailStepPayload {
	return (*model.FailStepPayload)(createPayload(m, problems))
}

func outsideStepsPayload(s engine.SetOutside, problems []model.UserError) *model.SetOutsideStepsPayload {
	payload := &model.SetOutsideStepsPayload{Replayed: s.Replayed, UserErrors: problems}
	if len(problems) == 0 {
		payload.OutsideSteps = &model.OutsideSteps{OutsideSteps: s.OutsideSteps}
	}
	return payload
}

// stepResultsKey is the batch key of the results of a step.
type stepResultsKey struct{ step workflow.StepKey }

// stepResult returns the current result of a step of a workflow, or nil.
func (r *Resolver) stepResult(
	ctx context.Context, w *model.Workflow, step workflow.StepKey,
) (*model.StepResult, error) {
	found, err := load(w.Batch, stepResultsKey{step},
		func(all []workflow.Workflow) (map[uuid.UUID]engine.Result, error) {
			return r.Engine.StepResults(ctx, caller.From(ctx), ids(all), step)
		})
	result, done := found[w.Workflow.ID]
	if err != nil || !done {
		return nil, err
	}
	return &model.StepResult{Result: result}, nil
}
