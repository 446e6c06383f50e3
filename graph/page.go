package graph

import (
	"context"
	"time"

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

const (
	defaultPage = 20
	largestPage = 100
)

// The kinds of the cursors of lists.
const (
	workflowList   = "workflow"
	transitionList = "transition"
	callList       = "call"
	ledgerList     = "ledger"
)

// first reads the size of a page; a null is the default.
func (d *decoder) first(first *int) int {
	if first == nil {
		return defaultPage
	}
	if *first < 1 || *first > largestPage {
		d.note(fault.New(fault.InvalidInput, "A page has 1 to %d items.", largestPage), []string{"first"})
	}
	return *first
}

// afterNumber reads the cursor of a list that is sorted by a number; −1 without one.
func (d *decoder) afterNumber(list scalar.List, after *string) int64 {
	if after == nil {
		return -1
	}
	n, err := list.ParseNumber(*after)
	d.note(err, []string{"after"})
	return n
}

// afterMoment reads the cursor of a list that is sorted by time and id; nil without one.
func (d *decoder) afterMoment(list scalar.List, after *string) *engine.Cursor {
	if after == nil {
		return nil
	}
	at, id, err := list.ParseMoment(*after)
	d.note(err, []string{"after"})
	return &engine.Cursor{At: at, ID: id}
}

// listOf returns the list of a kind of a workflow.
func listOf(flow *model.Workflow, kind string) scalar.List {
	return scalar.List{Kind: kind, Organization: flow.OrganizationID, Parent: flow.Workflow.ID}
}

// numbered is a requested page of a list that is sorted by a number.
type numbered struct {
	list  scalar.List
	after int64
	first int
}

func decodeNumbered(list scalar.List, first *int, after *string) (numbered, error) {
	var d decoder
	asked := numbered{list: list, after: d.afterNumber(list, after), first: d.first(first)}
	return asked, d.err()
}

// moments is a requested page of a list that is sorted by time and id.
type moments struct {
	list  scalar.List
	after *engine.Cursor
	first int
}

func decodeMoments(list scalar.List, first *int, after *string) (moments, error) {
	var d decoder
	asked := moments{list: list, after: d.afterMoment(list, after), first: d.first(first)}
	return asked, d.err()
}

// workflowPage is a requested page of workflows.
type workflowPage struct {
	list  scalar.List
	input engine.ListInput
}

func decodeList(
	who caller.Caller, filter *model.WorkflowFilter, order *model.WorkflowOrder, first *int, after *string,
) (workflowPage, error) {
	var d decoder
	in := engine.ListInput{
		Filter:     d.filter(filter),
		OrderBy:    engine.ByCreated,
		Descending: true,
		First:      d.first(first),
	}
	if order != nil {
		in.OrderBy, in.Descending = order.Field, order.Direction == model.OrderDirectionDesc
	}
	kind := workflowList + " " + string(in.OrderBy)
	if in.Descending {
		kind += " descending"
	}
	list := scalar.List{Kind: kind, Organization: who.OrganizationID}
	in.After = d.afterMoment(list, after)
	return workflowPage{list: list, input: in}, d.err()
}

func (d *decoder) filter(filter *model.WorkflowFilter) engine.Filter {
	if filter == nil {
		return engine.Filter{}
	}
	return engine.Filter{
		States:       filter.States.Value(),
		Steps:        filter.Steps.Value(),
		Statuses:     filter.Statuses.Value(),
		NameContains: d.text(orEmpty(filter.NameContains.Value()), maxNameCharacters, "filter", "nameContains"),
		CreatedFrom:  d.moment(filter.CreatedFrom, "filter", "createdFrom"),
		CreatedTo:    d.moment(filter.CreatedTo, "filter", "createdTo"),
		CreatedBy:    d.text(orEmpty(filter.CreatedBy.Value()), maxNameCharacters, "filter", "createdBy"),
	}
}

func (d *decoder) moment(written graphql.Omittable[*scalar.WrittenDateTime], field ...string) *time.Time {
	if written.Value() == nil {
		return nil
	}
	read, err := written.Value().Time()
	d.note(err, field)
	return &read
}

// cursorOf returns the cursor of a workflow in the list.
func (p workflowPage) cursorOf(w *model.Workflow) string {
	if p.input.OrderBy == engine.ByUpdated {
		return p.list.Moment(w.UpdatedAt, w.Workflow.ID)
	}
	return p.list.Moment(w.CreatedAt, w.Workflow.ID)
}

// page returns a connection of rows. The query fetches one row more than first, which shows whether a page follows.
func page[Row, Node any](rows []Row, first int, wrap func(Row) *Node, p model.Page[*Node]) *model.Connection[*Node] {
	p.More = len(rows) > first
	nodes := make([]*Node, 0, first)
	for _, row := range rows[:min(len(rows), first)] {
		nodes = append(nodes, wrap(row))
	}
	return &model.Connection[*Node]{Nodes: nodes, Page: p}
}

func ids(flows []workflow.Workflow) []uuid.UUID {
	all := make([]uuid.UUID, len(flows))
	for i, flow := range flows {
		all[i] = flow.ID
	}
	return all
}

// known returns a count that needs no query.
func known(n int) func(context.Context) (int, error) {
	return func(context.Context) (int, error) { return n, nil }
}

// decodeReference reads the id in a query.
func decodeReference(id publicid.ID) (publicid.Reference, error) {
	var d decoder
	ref, err := id.Parse()
	d.note(err, []string{"id"})
	return ref, d.err()
}

// decodeWorkflowID reads the id of a workflow in a query.
func decodeWorkflowID(id publicid.ID) (uuid.UUID, error) {
	var d decoder
	flow := d.id(id, publicid.Workflow, "id")
	return flow, d.err()
}
