package engine

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// Filter selects workflows; a zero field selects all.
type Filter struct {
	States       []workflow.State
	Steps        []workflow.StepKey
	Statuses     []workflow.Status
	NameContains string
	CreatedFrom  *time.Time
	CreatedTo    *time.Time // exclusive
	CreatedBy    string
}

// OrderField is the order of a list of workflows.
type OrderField string

// The orders.
const (
	ByCreated OrderField = "CREATED_AT"
	ByUpdated OrderField = "UPDATED_AT"
)

// ListInput selects a page of workflows. After is the cursor of the last workflow of the page before, with the time
// that OrderBy names.
type ListInput struct {
	Filter     Filter
	OrderBy    OrderField
	Descending bool
	After      *Cursor
	First      int
}

// Workflows returns at most First workflows after a cursor. A filter by actor needs the permission ACTORS.
func (e *Engine) Workflows(ctx context.Context, who caller.Caller, in ListInput) ([]workflow.Workflow, error) {
	filter, any, err := chosen(who, in.Filter)
	if err != nil || !any {
		return nil, err
	}
	if in.First < 1 || in.First > MaxPage+1 {
		return nil, fault.Invalid([]string{"first"}, "A page has 1 to %d items.", MaxPage)
	}
	page := postgres.WorkflowPage{
		Filter:     filter,
		ByUpdated:  in.OrderBy == ByUpdated,
		Descending: in.Descending,
		First:      int32(in.First),
	}
	switch {
	case in.After != nil:
		page.AfterAt, page.AfterID = in.After.At, in.After.ID
	case in.Descending:
		page.AfterAt, page.AfterID = end, uuid.Max
	default:
		page.AfterAt = beginning
	}
	flows, err := e.store.Workflows(ctx, who, page)
	if err != nil {
		return nil, fmt.Errorf("list workflows: %w", err)
	}
	return flows, nil
}

// CountWorkflows counts the workflows of a filter. A filter by actor needs the permission ACTORS.
func (e *Engine) CountWorkflows(ctx context.Context, who caller.Caller, f Filter) (int, error) {
	filter, any, err := chosen(who, f)
	if err != nil || !any {
		return 0, err
	}
	n, err := e.store.CountWorkflows(ctx, who, filter)
	if err != nil {
		return 0, fmt.Errorf("count workflows: %w", err)
	}
	return n, nil
}

// chosen turns a filter by step and status into one by state. any is false when no state fits the filter.
func chosen(who caller.Caller, f Filter) (filter postgres.WorkflowFilter, any bool, err error) {
	if f.CreatedBy != "" && !who.Role.Has(caller.Actors) { // The answer would say who created a workflow.
		return filter, false, forbidden(who, caller.Actors)
	}
	filter = postgres.WorkflowFilter{
		NameContains: f.NameContains,
		CreatedFrom:  beginning,
		CreatedTo:    end,
		CreatedBy:    f.CreatedBy,
	}
	if f.CreatedFrom != nil {
		filter.CreatedFrom = *f.CreatedFrom
	}
	if f.CreatedTo != nil {
		filter.CreatedTo = *f.CreatedTo
	}
	if filter.CreatedTo.Before(filter.CreatedFrom) {
		return filter, false, fault.Invalid([]string{"filter", "createdTo"}, "The range ends before it begins.")
	}
	if len(f.States)+len(f.Steps)+len(f.Statuses) == 0 {
		return filter, true, nil
	}
	for _, s := range workflow.States() {
		step := s.Step()
		if (len(f.States) == 0 || slices.Contains(f.States, s)) &&
			(len(f.Statuses) == 0 || slices.Contains(f.Statuses, s.Status())) &&
			(len(f.Steps) == 0 || step != nil && slices.Contains(f.Steps, step.Key)) {
			filter.States = append(filter.States, s)
		}
	}
	return filter, len(filter.States) > 0, nil
}
