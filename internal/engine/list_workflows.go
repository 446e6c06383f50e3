package engine

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/spelling"
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
	// UpdatedBefore chooses workflows that have not moved since.
	UpdatedBefore *time.Time
	Activities    []ActivityCode
	SpendAtLeast  cost.Pico
}

// OrderField is the order of a list of workflows.
type OrderField string

// The orders.
const (
	ByCreated OrderField = "CREATED_AT"
	ByUpdated OrderField = "UPDATED_AT"
	ByName    OrderField = "NAME"
	BySpend   OrderField = "SPEND"
)

// WorkflowCursor is a place in a list of workflows: the value that the list is ordered by, and the id.
type WorkflowCursor struct {
	At      time.Time // by time
	Name    string    // by name
	Settled cost.Pico // by spend
	ID      uuid.UUID
}

// ListInput selects a page of workflows. After is the cursor of the last workflow of the page before.
type ListInput struct {
	Filter     Filter
	OrderBy    OrderField
	Descending bool
	After      *WorkflowCursor
	First      int
}

// Workflows returns at most First workflows after a cursor. A filter by actor needs the permission ACTORS. The order is
// not BySpend: WorkflowsBySpend has that one.
func (e *Engine) Workflows(ctx context.Context, who caller.Caller, in ListInput) ([]workflow.Workflow, error) {
	page, any, err := e.workflowPage(ctx, who, in)
	if err != nil || !any {
		return nil, err
	}
	flows, err := e.store.Workflows(ctx, who, page)
	if err != nil {
		return nil, fmt.Errorf("list workflows: %w", err)
	}
	return flows, nil
}

// SpentWorkflow is a workflow with the settled amount of its account.
type SpentWorkflow = postgres.SpentWorkflow

// WorkflowsBySpend is Workflows in the order BySpend.
func (e *Engine) WorkflowsBySpend(ctx context.Context, who caller.Caller, in ListInput) ([]SpentWorkflow, error) {
	page, any, err := e.workflowPage(ctx, who, in)
	if err != nil || !any {
		return nil, err
	}
	flows, err := e.store.WorkflowsBySpend(ctx, who, page)
	if err != nil {
		return nil, fmt.Errorf("list workflows by spend: %w", err)
	}
	return flows, nil
}

// workflowPage checks the input. any is false when no workflow can fit the filter.
func (e *Engine) workflowPage(
	ctx context.Context, who caller.Caller, in ListInput,
) (page postgres.WorkflowPage, any bool, err error) {
	filter, any, err := e.chosen(ctx, who, in.Filter)
	if err != nil || !any {
		return page, any, err
	}
	if in.First < 1 || in.First > MaxPage+1 {
		return page, false, fault.Invalid([]string{"first"}, "A page has 1 to %d items.", MaxPage)
	}
	page = postgres.WorkflowPage{Filter: filter, Descending: in.Descending, First: int32(in.First)}
	switch in.OrderBy {
	case ByUpdated:
		page.Order = postgres.WorkflowsByUpdated
	case ByName:
		page.Order = postgres.WorkflowsByName
	}
	switch after := in.After; {
	case after != nil:
		page.AfterAt, page.AfterName, page.AfterSpend, page.AfterID = after.At, after.Name, after.Settled, after.ID
	case in.Descending:
		page.AfterAt, page.FromEnd, page.AfterSpend, page.AfterID = end, true, math.MaxInt64, uuid.Max
	default:
		page.AfterAt, page.AfterSpend = beginning, -1
	}
	return page, true, nil
}

// CountWorkflows counts the workflows of a filter. A filter by actor needs the permission ACTORS.
func (e *Engine) CountWorkflows(ctx context.Context, who caller.Caller, f Filter) (int, error) {
	filter, any, err := e.chosen(ctx, who, f)
	if err != nil || !any {
		return 0, err
	}
	n, err := e.store.CountWorkflows(ctx, who, filter)
	if err != nil {
		return 0, fmt.Errorf("count workflows: %w", err)
	}
	return n, nil
}

// CountByState counts the workflows of a filter in each state that one of them has. A filter by
// actor needs the permission ACTORS.
func (e *Engine) CountByState(ctx context.Context, who caller.Caller, f Filter) (map[workflow.State]int, error) {
	filter, any, err := e.chosen(ctx, who, f)
	if err != nil || !any {
		return nil, err
	}
	counts, err := e.store.CountByState(ctx, who, filter)
	if err != nil {
		return nil, fmt.Errorf("count workflows by state: %w", err)
	}
	return counts, nil
}

// chosen turns a filter by step, status and activity into one by state, and by run where states do not decide. any is
// false when no state fits the filter.
func (e *Engine) chosen(
	ctx context.Context, who caller.Caller, f Filter,
) (filter postgres.WorkflowFilter, any bool, err error) {
	if f.CreatedBy != "" && !who.Has(caller.Actors) { // The answer would say who created a workflow.
		return filter, false, forbidden(who, caller.Actors)
	}
	filter = postgres.WorkflowFilter{
		NameContains:  spelling.Clean(f.NameContains), // as stored names are spelled
		CreatedFrom:   beginning,
		CreatedTo:     end,
		CreatedBy:     f.CreatedBy,
		UpdatedBefore: end,
		SpendAtLeast:  f.SpendAtLeast,
		RunActivities: runActivities(f.Activities),
	}
	if filter.NameContains == "" && f.NameContains != "" { // An empty text would choose all.
		return filter, false, fault.Invalid([]string{"filter", "nameContains"}, "The text has no character that is seen.")
	}
	if !reachesAll(who) {
		if filter.IDs, err = e.reached(ctx, who); err != nil || len(filter.IDs) == 0 {
			return filter, false, err
		}
	}
	if f.UpdatedBefore != nil {
		filter.UpdatedBefore = *f.UpdatedBefore
	}
	if f.CreatedFrom != nil {
		filter.CreatedFrom = *f.CreatedFrom
	}
	if f.CreatedTo != nil {
		filter.CreatedTo = *f.CreatedTo
	}
	if f.CreatedFrom != nil && f.CreatedTo != nil && f.CreatedTo.Before(*f.CreatedFrom) {
		return filter, false, fault.Invalid([]string{"filter", "createdTo"}, "The range ends before it begins.")
	}
	if len(f.States)+len(f.Steps)+len(f.Statuses)+len(f.Activities) == 0 {
		return filter, true, nil
	}
	var around surroundings
	if len(f.Activities) > 0 {
		if around, err = e.surroundings(ctx, who, true); err != nil {
			return filter, false, err
		}
	}
	for _, s := range workflow.States() {
		step := s.Step()
		if (len(f.States) == 0 || slices.Contains(f.States, s)) &&
			(len(f.Statuses) == 0 || slices.Contains(f.Statuses, s.Status())) &&
			(len(f.Steps) == 0 || step != nil && slices.Contains(f.Steps, step.Key)) &&
			(len(f.Activities) == 0 || e.mayBe(s, f.Activities, around)) {
			filter.States = append(filter.States, s)
		}
	}
	return filter, len(filter.States) > 0, nil
}
