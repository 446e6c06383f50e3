package model

import "context"

// Connection is a page of a list.
type Connection[T any] struct {
	Nodes []T
	Page  Page[T]
}

// Page describes the position of a page in its list.
type Page[T any] struct {
	Next, Previous bool // whether items follow the page, and precede it
	Cursor         func(T) string
	Count          func(context.Context) (int, error)
}

// Edge is an item of a page with its cursor.
type Edge[T any] struct {
	Node   T
	Cursor string
}

// PageInfo has the cursors of the ends of a page.
type PageInfo struct {
	HasNextPage, HasPreviousPage bool
	StartCursor, EndCursor       *string
}

// Edges computes the cursors of all items. It is a method because many queries do not select it.
func (c Connection[T]) Edges() []Edge[T] {
	edges := make([]Edge[T], len(c.Nodes))
	for i, node := range c.Nodes {
		edges[i] = Edge[T]{Node: node, Cursor: c.Page.Cursor(node)}
	}
	return edges
}

// PageInfo returns the cursors of the first and the last item.
func (c Connection[T]) PageInfo() PageInfo {
	info := PageInfo{HasNextPage: c.Page.Next, HasPreviousPage: c.Page.Previous}
	if n := len(c.Nodes); n > 0 {
		start, end := c.Page.Cursor(c.Nodes[0]), c.Page.Cursor(c.Nodes[n-1])
		info.StartCursor, info.EndCursor = &start, &end
	}
	return info
}

// TotalCount counts the items of all pages. It is a method because the count is a query.
func (c Connection[T]) TotalCount(ctx context.Context) (int, error) { return c.Page.Count(ctx) }

// The lists of the schema.
type (
	WorkflowConnection    = Connection[*Workflow]
	WorkflowEdge          = Edge[*Workflow]
	TransitionConnection  = Connection[*Transition]
	TransitionEdge        = Edge[*Transition]
	CallConnection        = Connection[*Call]
	CallEdge              = Edge[*Call]
	LedgerEntryConnection = Connection[*LedgerEntry]
	LedgerEntryEdge       = Edge[*LedgerEntry]
)

// The lists of keywords.
type (
	KeywordConnection = Connection[*Keyword]
	KeywordEdge       = Edge[*Keyword]
)
