package graph

import (
	"context"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/google/uuid"

	"github.com/infin8content/engine/graph/model"
	"github.com/infin8content/engine/graph/scalar"
	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/workflow"
)

// workflowPage is a requested page of workflows. The input of a backward page has the reverse order.
type workflowPage struct {
	list scalar.List
	window
	input engine.ListInput
}

func decodeList(
	who caller.Caller, filter *model.WorkflowFilter, order *model.WorkflowOrder, p paging,
) (workflowPage, error) {
	var d decoder
	asked := workflowPage{window: d.window(p)}
	in := engine.ListInput{
		Filter:     d.filter(filter),
		OrderBy:    engine.ByCreated,
		Descending: true,
		First:      asked.size + 1, // which shows whether another page follows
	}
	if order != nil {
		in.OrderBy, in.Descending = order.Field, order.Direction == model.OrderDirectionDesc
	}
	kind := workflowList + " " + string(in.OrderBy)
	if in.Descending {
		kind += " descending"
	}
	asked.list = scalar.List{Kind: kind, Organization: who.OrganizationID}
	if asked.cursor != nil {
		after, err := workflowAt(asked.list, in.OrderBy, *asked.cursor)
		d.noteCursor(asked.window, err)
		in.After = &after
	}
	in.Descending = in.Descending != asked.backward
	asked.input = in
	return asked, d.err()
}

// workflowAt reads a cursor; cursorOf writes it.
func workflowAt(list scalar.List, by engine.OrderField, text string) (at engine.WorkflowCursor, err error) {
	switch by {
	case engine.ByName:
		at.Name, err = list.ParseText(text)
	case engine.BySpend:
		var n int64
		n, at.ID, err = list.ParseRank(text)
		at.Settled = cost.Pico(n)
	default:
		at.At, at.ID, err = list.ParseMoment(text)
	}
	return at, err
}

// cursorOf returns the cursor of a workflow in the list. spent has the settled amounts in the order by spend.
func (p workflowPage) cursorOf(spent map[uuid.UUID]cost.Pico) func(*model.Workflow) string {
	return func(w *model.Workflow) string {
		switch p.input.OrderBy {
		case engine.ByName:
			return p.list.Text(w.Name)
		case engine.BySpend:
			return p.list.Rank(int64(spent[w.Workflow.ID]), w.Workflow.ID)
		case engine.ByUpdated:
			return p.list.Moment(w.UpdatedAt, w.Workflow.ID)
		}
		return p.list.Moment(w.CreatedAt, w.Workflow.ID)
	}
}

// workflows returns a page of the organization's workflows.
func (r *Resolver) workflows(ctx context.Context, asked workflowPage) (*model.WorkflowConnection, error) {
	who, in := caller.From(ctx), asked.input
	flows, spent, err := r.listed(ctx, in)
	if err != nil {
		return nil, err
	}
	shown, next, previous := cut(flows, asked.window)
	return &model.WorkflowConnection{Nodes: model.NewBatch(shown), Page: model.Page[*model.Workflow]{
		Next:     next,
		Previous: previous,
		Cursor:   asked.cursorOf(spent),
		Count:    func(ctx context.Context) (int, error) { return r.Engine.CountWorkflows(ctx, who, in.Filter) },
	}}, nil
}

// listed returns the workflows of an input, in the order by spend with their settled amounts.
func (r *Resolver) listed(
	ctx context.Context, in engine.ListInput,
) (flows []workflow.Workflow, spent map[uuid.UUID]cost.Pico, err error) {
	if in.OrderBy != engine.BySpend {
		flows, err = r.Engine.Workflows(ctx, caller.From(ctx), in)
		return flows, nil, err
	}
	rows, err := r.Engine.WorkflowsBySpend(ctx, caller.From(ctx), in)
	spent = make(map[uuid.UUID]cost.Pico, len(rows))
	for _, row := range rows {
		flows = append(flows, row.Workflow)
		spent[row.Workflow.ID] = row.Settled
	}
	return flows, spent, err
}

func (d *decoder) filter(filter *model.WorkflowFilter) engine.Filter {
	if filter == nil {
		return engine.Filter{}
	}
	chosen := engine.Filter{
		States:       filter.States.Value(),
		Steps:        filter.Steps.Value(),
		Statuses:     filter.Statuses.Value(),
		NameContains: d.text(orEmpty(filter.NameContains.Value()), maxNameCharacters, "filter", "nameContains"),
		CreatedFrom:  d.moment(filter.CreatedFrom, "filter", "createdFrom"),
		CreatedTo:    d.moment(filter.CreatedTo, "filter", "createdTo"),
		CreatedBy:    d.text(orEmpty(filter.CreatedBy.Value()), maxNameCharacters, "filter", "createdBy"),

		UpdatedBefore: d.moment(filter.UpdatedBefore, "filter", "updatedBefore"),
		Activities:    filter.Activity.Value(),
	}
	if least := d.amount(filter.SpendAtLeast, "filter", "spendAtLeast"); least != nil {
		chosen.SpendAtLeast = *least
	}
	return chosen
}

func (d *decoder) moment(written graphql.Omittable[*scalar.WrittenDateTime], field ...string) *time.Time {
	if written.Value() == nil {
		return nil
	}
	read, err := written.Value().Time()
	d.note(err, field)
	return &read
}
