package graph

import (
	"context"
	"strconv"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"

	"github.com/infin8content/engine/graph/model"
	"github.com/infin8content/engine/graph/scalar"
	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/publicid"
	"github.com/infin8content/engine/internal/workflow"
)

// The kinds of the cursors of batches and of their items.
const (
	batchList     = "batch"
	batchItemList = "batch item"
)

// maxDigestCharacters is the length of the longest digest that is compared.
const maxDigestCharacters = 64

// order has the fields that all inputs of batches have.
type order struct {
	ids    graphql.Omittable[[]publicid.ID]
	filter graphql.Omittable[*model.WorkflowFilter]
	digest graphql.Omittable[*string]
	key    graphql.Omittable[*string]
}

// order reads the fields that all inputs of batches have.
func (d *decoder) order(kind workflow.BatchKind, written order) engine.BatchInput {
	in := engine.BatchInput{
		Kind:           kind,
		Digest:         d.text(orEmpty(written.digest.Value()), maxDigestCharacters, "digest"),
		IdempotencyKey: d.key(written.key.Value()),
	}
	if digest := written.digest.Value(); digest != nil && *digest == "" {
		d.note(fault.Invalid(nil, "Name the digest of a dry run, or leave it out for another one."), []string{"digest"})
	}
	if ids := written.ids.Value(); ids != nil {
		in.IDs = make([]uuid.UUID, len(ids))
		for i, id := range ids {
			in.IDs[i] = d.id(id, publicid.Workflow, "workflowIds", strconv.Itoa(i))
		}
	}
	if filter := written.filter.Value(); filter != nil {
		chosen := d.filter(filter)
		in.Filter = &chosen
	}
	return in
}

func decodeCancelWorkflows(input model.CancelWorkflowsInput) (in decoded[engine.BatchInput]) {
	in.value = in.order(workflow.BatchCancel, order{input.WorkflowIds, input.Filter, input.Digest, input.IdempotencyKey})
	in.value.Reason = in.text(orEmpty(input.Reason.Value()), maxReasonCharacters, "reason")
	return in
}

func decodeRetryWorkflows(input model.RetryWorkflowsInput) (in decoded[engine.BatchInput]) {
	in.value = in.order(workflow.BatchRetry, order{input.WorkflowIds, input.Filter, input.Digest, input.IdempotencyKey})
	return in
}

func decodeStartSteps(input model.StartStepsInput) (in decoded[engine.BatchInput]) {
	in.value = in.order(workflow.BatchStart, order{input.WorkflowIds, input.Filter, input.Digest, input.IdempotencyKey})
	if step := input.Step.Value(); step != nil {
		in.value.Step = *step
	}
	return in
}

func decodeWorkflowLimits(input model.SetWorkflowLimitsInput) (in decoded[engine.BatchInput]) {
	in.value = in.order(workflow.BatchLimit, order{input.WorkflowIds, input.Filter, input.Digest, input.IdempotencyKey})
	in.value.Limit = in.limit(input.Limit, input.Unlimited)
	in.value.Reason = in.text(orEmpty(input.Reason.Value()), maxReasonCharacters, "reason")
	return in
}

func cancelWorkflowsPayload(o engine.OrderedBatch, problems []model.UserError) *model.CancelWorkflowsPayload {
	payload := &model.CancelWorkflowsPayload{Replayed: o.Replayed, UserErrors: problems}
	if o.Preview != nil {
		payload.Preview = &model.BatchPreview{BatchPreview: *o.Preview}
	}
	if o.Batch != nil {
		payload.Batch = model.NewOrderedBatch(*o.Batch)
	}
	return payload
}

func retryWorkflowsPayload(o engine.OrderedBatch, problems []model.UserError) *model.RetryWorkflowsPayload {
	return (*model.RetryWorkflowsPayload)(cancelWorkflowsPayload(o, problems))
}

func startStepsPayload(o engine.OrderedBatch, problems []model.UserError) *model.StartStepsPayload {
	return (*model.StartStepsPayload)(cancelWorkflowsPayload(o, problems))
}

func workflowLimitsPayload(o engine.OrderedBatch, problems []model.UserError) *model.SetWorkflowLimitsPayload {
	return (*model.SetWorkflowLimitsPayload)(cancelWorkflowsPayload(o, problems))
}

// batches returns a page of the organization's batches.
func (r *Resolver) batches(ctx context.Context, asked moments) (*model.OrderedBatchConnection, error) {
	who := caller.From(ctx)
	found, err := r.Engine.Batches(ctx, who, engine.BatchesInput{
		Backward: asked.backward,
		After:    asked.from,
		First:    asked.size + 1,
	})
	if err != nil {
		return nil, err
	}
	return page(found, asked.window, model.NewOrderedBatch, model.Page[*model.OrderedBatch]{
		Cursor: func(b *model.OrderedBatch) string { return asked.list.Moment(b.CreatedAt, b.Batch.ID) },
		Count:  func(ctx context.Context) (int, error) { return r.Engine.CountBatches(ctx, who) },
	}), nil
}

// itemList returns the list of the items of a batch, as its cursors are bound to it.
func itemList(b *model.OrderedBatch) scalar.List {
	return scalar.List{Kind: batchItemList, Organization: b.OrganizationID, Parent: b.Batch.ID}
}

// batchItems returns a page of the items of a batch.
func (r *Resolver) batchItems(
	ctx context.Context, b *model.OrderedBatch, outcomes []workflow.BatchOutcome, asked numbered,
) (*model.BatchItemConnection, error) {
	who := caller.From(ctx)
	in := engine.BatchItemsInput{
		BatchID:  b.Batch.ID,
		Outcomes: outcomes,
		Backward: asked.backward,
		First:    asked.size + 1,
	}
	if asked.cursor != nil {
		position := int(asked.from)
		in.After = &position
	}
	found, err := r.Engine.BatchItems(ctx, who, in)
	if err != nil {
		return nil, err
	}
	flows := make([]workflow.Workflow, len(found))
	for i, item := range found {
		flows[i] = item.Workflow
	}
	shown := map[uuid.UUID]*model.Workflow{}
	for _, flow := range model.NewBatch(flows) {
		shown[flow.Workflow.ID] = flow
	}
	wrap := func(i engine.BatchItem) *model.BatchItem {
		return &model.BatchItem{BatchItem: i, Workflow: shown[i.WorkflowID]}
	}
	return page(found, asked.window, wrap, model.Page[*model.BatchItem]{
		Cursor: func(i *model.BatchItem) string { return asked.list.Number(int64(i.Position)) },
		Count:  func(ctx context.Context) (int, error) { return r.Engine.CountBatchItems(ctx, who, in) },
	}), nil
}

// batchChanged returns the results of a batch after a position.
func (r *Resolver) batchChanged(ctx context.Context, id publicid.ID, after *int) (<-chan *model.BatchEvent, error) {
	if r.Live == nil {
		return nil, errNotLive
	}
	var d decoder
	asked := d.id(id, publicid.Batch, "batchId")
	if d.err() != nil {
		return nil, d.err()
	}
	b, err := r.Engine.Batch(ctx, caller.From(ctx), asked)
	if err != nil {
		return nil, err
	}
	last := b.Done - 1
	from := max(last-1, -1)
	if after != nil {
		from = *after
	}
	if from < -1 || from > last {
		return nil, fault.New(fault.InvalidInput, "Give a number from −1 to %d, which is the last one now.", last)
	}
	if from == b.Total-1 {
		return completed[model.BatchEvent](), nil
	}
	results, err := r.Live.Batch(b, from)
	event := func(i engine.BatchItem) *model.BatchEvent { return model.NewBatchEvent(b, i) }
	return stream(ctx, results, err, event, func(i engine.BatchItem) bool { return i.Position == b.Total-1 })
}
