package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// TimeRange is a span of time: it includes From and excludes To. A nil end is open.
type TimeRange struct{ From, To *time.Time }

// bounds returns both ends.
func (r TimeRange) bounds() (from, to time.Time, err error) {
	from, to = beginning, end
	if r.From != nil {
		from = *r.From
	}
	if r.To != nil {
		to = *r.To
	}
	if to.Before(from) {
		err = fault.Invalid([]string{"filter", "range", "to"}, "The range ends before it begins.")
	}
	return from, to, err
}

// maxFilter is the number of values that one condition of a filter may have.
const maxFilter = 100

func checkFilter(field string, values int) error {
	if values > maxFilter {
		return fault.Invalid([]string{"filter", field}, "A condition has at most %d values.", maxFilter)
	}
	return nil
}

// CallFilter chooses calls of the organization; a zero field chooses all.
type CallFilter struct {
	States            []cost.CallState
	Failures          []workflow.FailureCode
	Models, Providers []string // that answered
	Workflows         []uuid.UUID
	Range             TimeRange // of the reservation
}

// AllCallsInput selects calls of the organization, the newest first. After is the cursor of the last call of the page
// before.
type AllCallsInput struct {
	Filter   CallFilter
	Backward bool
	After    *Cursor
	First    int
}

// AllCalls returns at most First calls of the caller's organization.
func (e *Engine) AllCalls(ctx context.Context, who caller.Caller, in AllCallsInput) ([]cost.Call, error) {
	filter, err := in.Filter.stored()
	if err != nil {
		return nil, err
	}
	from := in.After.from(!in.Backward)
	calls, err := e.store.AllCalls(ctx, who, postgres.CallPage{
		Filter:    filter,
		Ascending: in.Backward,
		At:        from.At,
		ID:        from.ID,
		Size:      int32(in.First),
	})
	if err != nil {
		return nil, fmt.Errorf("list the calls of organization %s: %w", who.OrganizationID, err)
	}
	return calls, nil
}

// CountAllCalls counts the calls of the caller's organization that a filter chooses.
func (e *Engine) CountAllCalls(ctx context.Context, who caller.Caller, f CallFilter) (int, error) {
	filter, err := f.stored()
	if err != nil {
		return 0, err
	}
	n, err := e.store.CountAllCalls(ctx, who, filter)
	if err != nil {
		return 0, fmt.Errorf("count the calls of organization %s: %w", who.OrganizationID, err)
	}
	return n, nil
}

func (f CallFilter) stored() (filter postgres.CallFilter, err error) {
	for field, n := range map[string]int{
		"models": len(f.Models), "providers": len(f.Providers), "workflowIds": len(f.Workflows),
	} {
		if err := checkFilter(field, n); err != nil {
			return filter, err
		}
	}
	filter = postgres.CallFilter{
		States:    f.States,
		Failures:  f.Failures,
		Models:    f.Models,
		Providers: f.Providers,
		Workflows: f.Workflows,
	}
	filter.From, filter.To, err = f.Range.bounds()
	return filter, err
}

// WorkflowsOf returns workflows of the caller's organization by their ids, in no order.
func (e *Engine) WorkflowsOf(ctx context.Context, who caller.Caller, ids []uuid.UUID) ([]workflow.Workflow, error) {
	flows, err := e.store.WorkflowsOf(ctx, who, ids)
	if err != nil {
		return nil, fmt.Errorf("read workflows: %w", err)
	}
	return flows, nil
}
