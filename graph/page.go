package graph

import (
	"context"
	"math"
	"slices"

	"github.com/google/uuid"

	"github.com/infin8content/engine/graph/model"
	"github.com/infin8content/engine/graph/scalar"
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

// paging has the arguments of a list that select a page.
type paging struct {
	first  *int
	after  *string
	last   *int
	before *string
}

// window is the size and the direction of a page, and the cursor next to it.
type window struct {
	size     int
	backward bool    // from the end of the list, or from before the cursor, to the front
	cursor   *string // nil: an end of the list
	argument string  // the name of the argument with the cursor
}

// window reads the arguments that select a page.
func (d *decoder) window(p paging) window {
	w := window{size: defaultPage, cursor: p.after, argument: "after"}
	size, argument := p.first, "first"
	switch {
	case p.first != nil && p.last != nil:
		d.note(fault.New(fault.InvalidInput, "Give `first` or `last`, not both."), []string{"last"})
	case p.last == nil && p.before != nil:
		d.note(fault.New(fault.InvalidInput, "`before` goes with `last`."), []string{"before"})
	case p.last != nil && p.after != nil:
		d.note(fault.New(fault.InvalidInput, "`after` goes with `first`."), []string{"after"})
	case p.last != nil:
		w.backward, w.cursor, w.argument = true, p.before, "before"
		size, argument = p.last, "last"
	}
	if size == nil {
		return w
	}
	if w.size = *size; w.size < 1 || w.size > largestPage {
		d.note(fault.New(fault.InvalidInput, "A page has 1 to %d items.", largestPage), []string{argument})
	}
	return w
}

// noteCursor notes an error of the window's cursor.
func (d *decoder) noteCursor(w window, err error) { d.note(err, []string{w.argument}) }

// number reads the cursor of a list that is sorted by a number. Without one it is the number beyond the end at which
// the page begins.
func (d *decoder) number(list scalar.List, w window) int64 {
	switch {
	case w.cursor == nil && w.backward:
		return math.MaxInt32
	case w.cursor == nil:
		return -1
	}
	n, err := list.ParseNumber(*w.cursor)
	d.noteCursor(w, err)
	return n
}

// cursor reads the cursor of a list that is sorted by time and id; nil without one.
func (d *decoder) cursor(list scalar.List, w window) *engine.Cursor {
	if w.cursor == nil {
		return nil
	}
	at, id, err := list.ParseMoment(*w.cursor)
	d.noteCursor(w, err)
	return &engine.Cursor{At: at, ID: id}
}

// listOf returns the list of a kind of a workflow.
func listOf(flow *model.Workflow, kind string) scalar.List {
	return scalar.List{Kind: kind, Organization: flow.OrganizationID, Parent: flow.Workflow.ID}
}

// numbered is a requested page of a list that is sorted by a number.
type numbered struct {
	list scalar.List
	window
	from int64 // the number next to the page
}

func decodeNumbered(list scalar.List, p paging) (numbered, error) {
	var d decoder
	asked := numbered{list: list, window: d.window(p)}
	asked.from = d.number(list, asked.window)
	return asked, d.err()
}

// moments is a requested page of a list that is sorted by time and id.
type moments struct {
	list scalar.List
	window
	from *engine.Cursor // the item next to the page; nil for an end of the list
}

func decodeMoments(list scalar.List, p paging) (moments, error) {
	var d decoder
	asked := moments{list: list, window: d.window(p)}
	asked.from = d.cursor(list, asked.window)
	return asked, d.err()
}

// show returns a function that lists what a decoder has read, or returns its error.
func show[Asked, Answer any](
	ctx context.Context, list func(context.Context, Asked) (*Answer, error),
) func(Asked, error) (*Answer, error) {
	return func(asked Asked, err error) (*Answer, error) {
		if err != nil {
			return nil, err
		}
		return list(ctx, asked)
	}
}

// page returns a connection of rows. The query fetches one row more than the page has, which shows whether others
// follow. Rows of a backward page come with the last one first.
func page[Row, Node any](rows []Row, w window, wrap func(Row) *Node, p model.Page[*Node]) *model.Connection[*Node] {
	rows, p.Next, p.Previous = cut(rows, w)
	nodes := make([]*Node, 0, w.size)
	for _, row := range rows {
		nodes = append(nodes, wrap(row))
	}
	return &model.Connection[*Node]{Nodes: nodes, Page: p}
}

// cut returns the rows of a page in the order of the list, and whether items follow and precede them. The item of the
// cursor is one of them.
func cut[Row any](rows []Row, w window) (shown []Row, next, previous bool) {
	more := len(rows) > w.size
	shown = rows[:min(len(rows), w.size)]
	if !w.backward {
		return shown, more, w.cursor != nil
	}
	shown = slices.Clone(shown)
	slices.Reverse(shown)
	return shown, w.cursor != nil, more
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
