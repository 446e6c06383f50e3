package graph

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/infin8content/engine/graph/model"
	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/publicid"
	"github.com/infin8content/engine/internal/workflow"
)

type plansKey struct{}

// articlePlan returns the current plan of a workflow; nil when there is none.
func (r *Resolver) articlePlan(ctx context.Context, w *model.Workflow) (*model.ArticlePlan, error) {
	found, err := load(w.Batch, plansKey{},
		func(all []workflow.Workflow) (map[uuid.UUID]content.Plan, error) {
			return r.Engine.Plans(ctx, caller.From(ctx), ids(all))
		})
	plan, there := found[w.Workflow.ID]
	if err != nil || !there {
		return nil, err
	}
	return &model.ArticlePlan{Plan: plan, Workflow: w}, nil
}

func decodeAttach(input model.AttachKeywordInput) (in decoded[engine.AttachKeywordInput]) {
	in.blamesWorkflow()
	in.blames(fault.Conflict, "workflowId")
	in.value = engine.AttachKeywordInput{
		WorkflowID:     in.id(input.WorkflowID, publicid.Workflow, "workflowId"),
		KeywordID:      in.id(input.TopicKeywordID, publicid.TopicKeyword, "topicKeywordId"),
		IdempotencyKey: in.key(input.IdempotencyKey.Value()),
	}
	if article := input.ArticleID.Value(); article != nil {
		id := in.id(*article, publicid.Article, "articleId")
		in.value.ArticleID = &id
	}
	return in
}

func decodeDecidePlans(input model.DecideArticlePlansInput) (in decoded[engine.DecideArticlePlansInput]) {
	in.blamesWorkflow()
	in.value = engine.DecideArticlePlansInput{
		WorkflowID:     in.id(input.WorkflowID, publicid.Workflow, "workflowId"),
		Reason:         in.text(orEmpty(input.Reason.Value()), maxReasonCharacters, "reason"),
		IdempotencyKey: in.key(input.IdempotencyKey.Value()),
	}
	if input.Items.Value() != nil {
		in.value.Items = []engine.PlanItemInput{} // An empty list is given, beside a filter too.
	}
	for i, item := range input.Items.Value() {
		field := fmt.Sprint(i)
		decided := engine.PlanItemInput{
			ArticleID:        in.id(item.ArticleID, publicid.Article, "items", field, "articleId"),
			ExpectedRevision: item.ExpectedRevision.Value(),
			Brief:            in.brief(item.Brief.Value(), "items", field, "brief"),
			Reason:           in.text(orEmpty(item.Reason.Value()), maxReasonCharacters, "items", field, "reason"),
		}
		if choice := item.Choice.Value(); choice != nil {
			decided.Choice = *choice
		}
		in.value.Items = append(in.value.Items, decided)
	}
	if choice := input.Choice.Value(); choice != nil {
		in.value.Choice = *choice
	}
	if where := input.Where.Value(); where != nil {
		in.value.Where = &content.PlanFilter{Verdicts: where.Verdicts.Value()}
		for _, choice := range where.Choices.Value() {
			if choice == content.PlanCleared {
				choice = ""
			}
			in.value.Where.Choices = append(in.value.Where.Choices, choice)
		}
	}
	return in
}

// maxBriefText bounds a text of a brief before its spaces are set right. Each field has a smaller limit after it.
const maxBriefText = 2000

// brief reads the changes of a brief; nil for none. A text of a brief is cleaned, so a NUL would become a space.
func (d *decoder) brief(input *model.BriefInput, field ...string) *content.BriefEdit {
	if input == nil {
		return nil
	}
	edit := &content.BriefEdit{
		Title:          input.Title.Value(),
		Angle:          input.Angle.Value(),
		Format:         input.Format.Value(),
		PrimaryKeyword: input.PrimaryKeyword.Value(),
		Intent:         input.Intent.Value(),
		TargetWords:    input.TargetWords.Value(),
	}
	for _, one := range []struct {
		name string
		text *string
	}{
		{"title", edit.Title}, {"angle", edit.Angle}, {"format", edit.Format}, {"primaryKeyword", edit.PrimaryKeyword},
	} {
		d.text(orEmpty(one.text), maxBriefText, append(slices.Clone(field), one.name)...)
	}
	for _, list := range []struct {
		name  string
		given []string
		field **[]string
	}{
		{"secondaryKeywords", input.SecondaryKeywords.Value(), &edit.SecondaryKeywords},
		{"questions", input.Questions.Value(), &edit.Questions},
		{"mustAvoid", input.MustAvoid.Value(), &edit.MustAvoid},
	} {
		if list.given != nil {
			*list.field = &list.given
		}
		for _, text := range list.given {
			d.text(text, maxBriefText, append(slices.Clone(field), list.name)...)
		}
	}
	return edit
}

func decodeApprovePlan(input model.ApproveArticlePlanInput) (in decoded[engine.ApproveArticlePlanInput]) {
	in.blamesWorkflow()
	in.blames(fault.StaleState, "expectedVersion")
	in.blames(fault.NothingApproved, "digest")
	in.blames(fault.SelectionTooLarge, "digest")
	in.value = engine.ApproveArticlePlanInput{
		WorkflowID:      in.id(input.WorkflowID, publicid.Workflow, "workflowId"),
		ExpectedVersion: input.ExpectedVersion,
		Digest:          in.digest(input.Digest, "articlePlan", "digest"),
		MaxTotal:        in.amount(input.MaxTotal, "maxTotal"),
		IdempotencyKey:  in.key(input.IdempotencyKey.Value()),
	}
	return in
}

// digest reads a digest that a field of the API gave.
func (d *decoder) digest(text, source, field string) []byte {
	digest, err := hex.DecodeString(text)
	if err != nil || len(digest) != len(content.Selection{}.Digest) {
		d.note(fault.New(fault.InvalidInput, "A digest has 64 hexadecimal digits, as `%s` gives it.", source),
			[]string{field})
	}
	return digest
}

func decodeRejectPlan(input model.RejectArticlePlanInput) decoded[engine.RejectGateInput] {
	return decodeRejectSeeds(model.RejectSeedsInput(input))
}

func attachPayload(a engine.Attached, problems []model.UserError) *model.AttachKeywordPayload {
	payload := &model.AttachKeywordPayload{Replayed: a.Replayed, UserErrors: problems}
	if a.Workflow.ID != uuid.Nil {
		payload.Workflow = model.NewWorkflow(a.Workflow)
		id := publicid.New(publicid.Article, a.ArticleID)
		payload.ArticleID = &id
	}
	return payload
}

func decidePlansPayload(p engine.Planned, problems []model.UserError) *model.DecideArticlePlansPayload {
	payload := &model.DecideArticlePlansPayload{Affected: p.Affected, Replayed: p.Replayed, UserErrors: problems}
	if p.Workflow.ID != uuid.Nil {
		payload.Workflow = model.NewWorkflow(p.Workflow)
		payload.Selection = &model.KeywordSelection{Selection: p.Selection, Workflow: p.Workflow}
	}
	return payload
}

func approvePlanPayload(m engine.Moved, problems []model.UserError) *model.ApproveArticlePlanPayload {
	return (*model.ApproveArticlePlanPayload)(createPayload(m, problems))
}

func rejectPlanPayload(m engine.Moved, problems []model.UserError) *model.RejectArticlePlanPayload {
	return (*model.RejectArticlePlanPayload)(createPayload(m, problems))
}
