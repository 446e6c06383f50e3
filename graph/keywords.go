package graph

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/infin8content/engine/graph/model"
	"github.com/infin8content/engine/graph/scalar"
	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/publicid"
	"github.com/infin8content/engine/internal/workflow"
)

type (
	keywordsKey struct{}
	analysesKey struct{}
)

// keywordList is the list of keywords, as its cursors are bound to it.
const keywordList = "keyword"

// keywordPage is a page of keywords that is asked for.
type keywordPage struct {
	list       scalar.List
	filter     content.KeywordFilter
	by         content.OrderField
	descending bool
	window
	from string // the id of the keyword of the cursor; "" without one
}

func decodeKeywords(
	flow *model.Workflow, filter *model.KeywordFilter, order *model.KeywordOrder, p paging,
) (keywordPage, error) {
	var d decoder
	asked := keywordPage{by: content.OrderScore, descending: true, window: d.window(p)}
	if filter != nil {
		asked.filter = d.keywordFilter(*filter, "filter")
	}
	if order != nil {
		asked.by, asked.descending = order.Field, order.Direction == model.OrderDirectionDesc
	}
	asked.list = listOf(flow, fmt.Sprintf("%s %s %t", keywordList, asked.by, asked.descending))
	if asked.cursor != nil {
		var err error
		asked.from, err = asked.list.ParseText(*asked.cursor)
		d.noteCursor(asked.window, err)
	}
	return asked, d.err()
}

func (d *decoder) keywordFilter(filter model.KeywordFilter, field string) content.KeywordFilter {
	read := content.KeywordFilter{
		Search:     d.text(orEmpty(filter.Search.Value()), maxNameCharacters, field, "search"),
		Sources:    filter.Sources.Value(),
		Intents:    filter.Intents.Value(),
		Languages:  filter.Languages.Value(),
		Volume:     filter.Volume.Value(),
		Difficulty: filter.Difficulty.Value(),
		Competitor: d.text(orEmpty(filter.Competitor.Value()), maxNameCharacters, field, "competitor"),
		Distinct:   filter.Distinct.Value() != nil && *filter.Distinct.Value(),
	}
	for _, choice := range filter.Choices.Value() {
		if choice == content.ChoiceCleared {
			choice = ""
		}
		read.Choices = append(read.Choices, choice)
	}
	if err := read.Check(); err != nil {
		d.note(err, slices.Concat([]string{field}, fault.FieldOf(err)))
	}
	return read
}

// keywordsOf returns the current keywords of a workflow.
func (r *Resolver) keywordsOf(ctx context.Context, w *model.Workflow) ([]content.SeedKeyword, error) {
	found, err := load(w.Batch, keywordsKey{},
		func(all []workflow.Workflow) (map[uuid.UUID][]content.SeedKeyword, error) {
			return r.Engine.Keywords(ctx, caller.From(ctx), ids(all))
		})
	return found[w.Workflow.ID], err
}

// keywords returns a page of a workflow's keywords.
func (r *Resolver) keywords(
	ctx context.Context, w *model.Workflow, asked keywordPage,
) (*model.KeywordConnection, error) {
	all, err := r.keywordsOf(ctx, w)
	if err != nil {
		return nil, err
	}
	sorted := slices.Clone(all)
	content.SortKeywords(sorted, asked.by, asked.descending)
	if asked.backward {
		slices.Reverse(sorted)
	}
	matching := 0
	var rows []content.SeedKeyword
	begun := asked.from == ""
	for _, k := range sorted {
		matches := asked.filter.Matches(k)
		if matches {
			matching++
		}
		if begun && matches && len(rows) <= asked.size {
			rows = append(rows, k)
		}
		begun = begun || k.ID.String() == asked.from
	}
	if !begun {
		return nil, fault.Invalid([]string{asked.argument}, "The keyword of this cursor is no longer in the list.")
	}
	wrap := func(k content.SeedKeyword) *model.Keyword { return &model.Keyword{SeedKeyword: k} }
	return page(rows, asked.window, wrap, model.Page[*model.Keyword]{
		Cursor: func(k *model.Keyword) string { return asked.list.Text(k.SeedKeyword.ID.String()) },
		Count:  known(matching),
	}), nil
}

// analysis returns the current competitor analysis of a workflow. Before it, it has the named competitors and no mode.
func (r *Resolver) analysis(ctx context.Context, w *model.Workflow) (content.Analysis, error) {
	found, err := load(w.Batch, analysesKey{},
		func(all []workflow.Workflow) (map[uuid.UUID]content.Analysis, error) {
			return r.Engine.Analyses(ctx, caller.From(ctx), ids(all))
		})
	return found[w.Workflow.ID], err
}

// competitorAnalysis is nil before the analysis.
func (r *Resolver) competitorAnalysis(ctx context.Context, w *model.Workflow) (*model.CompetitorAnalysis, error) {
	found, err := r.analysis(ctx, w)
	if err != nil || found.Mode == "" {
		return nil, err
	}
	return &model.CompetitorAnalysis{Analysis: found}, nil
}

// competitors returns the competitors of a workflow.
func (r *Resolver) competitors(ctx context.Context, w *model.Workflow) ([]model.Competitor, error) {
	found, err := r.analysis(ctx, w)
	competitors := []model.Competitor{}
	for _, c := range found.Competitors {
		competitors = append(competitors, model.Competitor{Competitor: c})
	}
	return competitors, err
}

func decodeStart(input model.StartStepInput) (in decoded[engine.StartStepInput]) {
	in.blamesWorkflow()
	in.blames(fault.GateClosed, "step")
	in.value = engine.StartStepInput{
		WorkflowID:     in.id(input.WorkflowID, publicid.Workflow, "workflowId"),
		IdempotencyKey: in.key(input.IdempotencyKey.Value()),
	}
	if step := input.Step.Value(); step != nil {
		in.value.Step = *step
	}
	return in
}

func decodeRetry(input model.RetryStepInput) (in decoded[engine.RetryStepInput]) {
	in.blamesWorkflow()
	in.value = engine.RetryStepInput{
		WorkflowID:     in.id(input.WorkflowID, publicid.Workflow, "workflowId"),
		IdempotencyKey: in.key(input.IdempotencyKey.Value()),
	}
	return in
}

func decodeCompetitors(input model.SetCompetitorsInput) (in decoded[engine.SetCompetitorsInput]) {
	in.blamesWorkflow()
	in.value = engine.SetCompetitorsInput{
		WorkflowID:     in.id(input.WorkflowID, publicid.Workflow, "workflowId"),
		URLs:           input.Urls,
		IdempotencyKey: in.key(input.IdempotencyKey.Value()),
	}
	return in
}

func decodeAddKeywords(input model.AddKeywordsInput) (in decoded[engine.AddKeywordsInput]) {
	in.blamesWorkflow()
	in.value = engine.AddKeywordsInput{
		WorkflowID:     in.id(input.WorkflowID, publicid.Workflow, "workflowId"),
		Texts:          input.Texts,
		IdempotencyKey: in.key(input.IdempotencyKey.Value()),
	}
	return in
}

func decodeDecide(input model.DecideKeywordsInput) (in decoded[engine.DecideKeywordsInput]) {
	in.blamesWorkflow()
	in.value = engine.DecideKeywordsInput{
		WorkflowID:     in.id(input.WorkflowID, publicid.Workflow, "workflowId"),
		Choice:         input.Choice,
		Reason:         in.text(orEmpty(input.Reason.Value()), maxReasonCharacters, "reason"),
		IdempotencyKey: in.key(input.IdempotencyKey.Value()),
	}
	if ids := input.Ids.Value(); ids != nil {
		in.value.IDs = make([]uuid.UUID, len(ids)) // An empty list is given, beside a filter too.
		for i, id := range ids {
			in.value.IDs[i] = in.id(id, publicid.Keyword, "ids", fmt.Sprint(i))
		}
	}
	if where := input.Where.Value(); where != nil {
		filter := in.keywordFilter(*where, "where")
		in.value.Where = &filter
	}
	return in
}

func decodeApproveSeeds(input model.ApproveSeedsInput) (in decoded[engine.ApproveSeedsInput]) {
	in.blamesWorkflow()
	in.blames(fault.StaleState, "expectedVersion")
	in.blames(fault.SelectionTooSmall, "selectionDigest")
	in.blames(fault.SelectionTooLarge, "selectionDigest")
	digest, err := hex.DecodeString(input.SelectionDigest)
	if err != nil || len(digest) != len(content.Selection{}.Digest) {
		in.note(fault.New(fault.InvalidInput, "A digest has 64 hexadecimal digits, as `keywordSelection` gives it."),
			[]string{"selectionDigest"})
	}
	in.value = engine.ApproveSeedsInput{
		WorkflowID:      in.id(input.WorkflowID, publicid.Workflow, "workflowId"),
		ExpectedVersion: input.ExpectedVersion,
		SelectionDigest: digest,
		IdempotencyKey:  in.key(input.IdempotencyKey.Value()),
	}
	return in
}

func decodeRejectSeeds(input model.RejectSeedsInput) (in decoded[engine.RejectGateInput]) {
	in.blamesWorkflow()
	in.value = engine.RejectGateInput{
		WorkflowID:      in.id(input.WorkflowID, publicid.Workflow, "workflowId"),
		ExpectedVersion: input.ExpectedVersion.Value(),
		ResetTo:         input.ResetTo,
		Feedback:        in.text(input.Feedback, maxReasonCharacters, "feedback"),
		IdempotencyKey:  in.key(input.IdempotencyKey.Value()),
	}
	return in
}

// blamesWorkflow says that the usual refusals concern the workflow.
func (d *decoder) blamesWorkflow() {
	for _, kind := range []fault.Kind{fault.NotFound, fault.StaleState, fault.TerminalState} {
		d.blames(kind, "workflowId")
	}
}

func startStepPayload(m engine.Moved, problems []model.UserError) *model.StartStepPayload {
	return (*model.StartStepPayload)(createPayload(m, problems))
}

func retryStepPayload(m engine.Moved, problems []model.UserError) *model.RetryStepPayload {
	return (*model.RetryStepPayload)(createPayload(m, problems))
}

func approveSeedsPayload(m engine.Moved, problems []model.UserError) *model.ApproveSeedsPayload {
	return (*model.ApproveSeedsPayload)(createPayload(m, problems))
}

func rejectSeedsPayload(m engine.Moved, problems []model.UserError) *model.RejectSeedsPayload {
	return (*model.RejectSeedsPayload)(createPayload(m, problems))
}

func competitorsPayload(m engine.Moved, problems []model.UserError) *model.SetCompetitorsPayload {
	payload := createPayload(m, problems)
	return &model.SetCompetitorsPayload{
		Workflow:   payload.Workflow,
		Replayed:   payload.Replayed,
		UserErrors: payload.UserErrors,
	}
}

func decideKeywordsPayload(v engine.Reviewed, problems []model.UserError) *model.DecideKeywordsPayload {
	payload := &model.DecideKeywordsPayload{Affected: v.Affected, Replayed: v.Replayed, UserErrors: problems}
	if v.Workflow.ID != uuid.Nil {
		payload.Workflow = model.NewWorkflow(v.Workflow)
		payload.Selection = &model.KeywordSelection{Selection: v.Selection, Workflow: v.Workflow}
	}
	return payload
}

func addKeywordsPayload(v engine.Reviewed, problems []model.UserError) *model.AddKeywordsPayload {
	return (*model.AddKeywordsPayload)(decideKeywordsPayload(v, problems))
}
