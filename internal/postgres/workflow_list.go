package postgres

import (
	"context"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
	"github.com/infin8content/engine/internal/workflow"
)

// WorkflowFilter chooses workflows. Empty States and RunActivities choose all, and so does a zero SpendAtLeast; the
// times are always set.
type WorkflowFilter struct {
	States                                []workflow.State
	NameContains                          string
	CreatedFrom, CreatedTo, UpdatedBefore time.Time
	CreatedBy                             string
	SpendAtLeast                          cost.Pico
	// RunActivities are answers of run_activity; "" is the one for a state without a run.
	RunActivities []string
	IDs           []uuid.UUID // all when empty
}

const (
	// A text is frequent when one in twenty of the newest names has it.
	sampledNames, frequentNames = 200, 10
	// mostNamed is how many workflows a search of names may find for a list to read those alone.
	mostNamed = 1000
)

// Beginning and End are the bounds of times that choose all.
var (
	Beginning = time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)
	End       = time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)
)

// hasStatesAlone reports whether a filter has no condition but states. The sums of workflow_counts answer it.
func (f WorkflowFilter) hasStatesAlone() bool {
	return f.NameContains == "" && f.CreatedBy == "" && f.SpendAtLeast == 0 &&
		!f.CreatedFrom.After(Beginning) && !f.CreatedTo.Before(End) && !f.UpdatedBefore.Before(End) &&
		len(f.RunActivities) == 0 && len(f.IDs) == 0
}

// named narrows a filter by name to the workflows that the index of names finds, if they are few. A list reads the
// others in its order. any is false when no name contains the text. Two statements, or none without such a filter.
func (s *Store) named(
	ctx context.Context, who caller.Caller, f WorkflowFilter,
) (narrowed WorkflowFilter, any bool, err error) {
	if utf8.RuneCountInString(f.NameContains) < 2 || len(f.IDs) > 0 {
		return f, true, nil
	}
	looked := dbsqlc.WorkflowListRareLettersParams{
		OrganizationID: who.OrganizationID,
		Fragment:       f.NameContains,
		Sampled:        sampledNames,
		Frequent:       frequentNames,
	}
	rare, err := s.forTenantGenericPlan(who.OrganizationID).WorkflowListRareLetters(ctx, looked)
	if err != nil || rare.Frequent {
		return f, true, translate(err)
	}
	found, err := s.forTenantCustomPlan(who.OrganizationID).WorkflowListNamed(ctx, dbsqlc.WorkflowListNamedParams{
		OrganizationID: who.OrganizationID,
		Fragment:       f.NameContains,
		Letters:        rare.Letters,
		Most:           mostNamed + 1,
	})
	if err != nil || len(found) > mostNamed {
		return f, true, translate(err)
	}
	f.IDs = found
	return f, len(found) > 0, nil
}

// WorkflowOrder is the value that a list of workflows is ordered by.
type WorkflowOrder int

// The orders. WorkflowsBySpend has one more.
const (
	WorkflowsByCreated WorkflowOrder = iota
	WorkflowsByUpdated
	WorkflowsByName
)

// WorkflowPage is one page of a list of workflows, after a key: (AfterAt, AfterID) by time, AfterName by name, and
// (AfterSpend, AfterID) by spend. FromEnd is true for a descending page by name without a key.
type WorkflowPage struct {
	Filter     WorkflowFilter
	Order      WorkflowOrder
	Descending bool
	AfterAt    time.Time
	AfterID    uuid.UUID
	AfterName  string
	FromEnd    bool
	AfterSpend cost.Pico
	First      int32
}

// Workflows returns one page of the organization's workflows.
func (s *Store) Workflows(ctx context.Context, who caller.Caller, p WorkflowPage) ([]workflow.Workflow, error) {
	var any bool
	var err error
	if p.Filter, any, err = s.named(ctx, who, p.Filter); err != nil || !any {
		return nil, err
	}
	if p.Order == WorkflowsByName {
		return s.workflowsByName(ctx, who, p)
	}
	in := dbsqlc.WorkflowListByCreatedParams{
		OrganizationID: who.OrganizationID,
		AfterAt:        p.AfterAt,
		AfterID:        p.AfterID,
		States:         texts(p.Filter.States),
		NameContains:   p.Filter.NameContains,
		CreatedFrom:    p.Filter.CreatedFrom,
		CreatedTo:      p.Filter.CreatedTo,
		CreatedBy:      p.Filter.CreatedBy,
		UpdatedBefore:  p.Filter.UpdatedBefore,
		SpendAtLeast:   int64(p.Filter.SpendAtLeast),
		RunActivities:  texts(p.Filter.RunActivities),
		Ids:            p.Filter.IDs,
		PageSize:       p.First,
	}
	q := s.forTenantCustomPlan(who.OrganizationID)
	list := q.WorkflowListByCreated
	byUpdated := p.Order == WorkflowsByUpdated
	switch {
	case byUpdated && p.Descending:
		list = func(ctx context.Context, in dbsqlc.WorkflowListByCreatedParams) ([]dbsqlc.IntentWorkflow, error) {
			return q.WorkflowListByUpdatedDescending(ctx, dbsqlc.WorkflowListByUpdatedDescendingParams(in))
		}
	case byUpdated:
		list = func(ctx context.Context, in dbsqlc.WorkflowListByCreatedParams) ([]dbsqlc.IntentWorkflow, error) {
			return q.WorkflowListByUpdated(ctx, dbsqlc.WorkflowListByUpdatedParams(in))
		}
	case p.Descending:
		list = func(ctx context.Context, in dbsqlc.WorkflowListByCreatedParams) ([]dbsqlc.IntentWorkflow, error) {
			return q.WorkflowListByCreatedDescending(ctx, dbsqlc.WorkflowListByCreatedDescendingParams(in))
		}
	}
	rows, err := list(ctx, in)
	return many(rows, err, toWorkflow)
}

func (s *Store) workflowsByName(ctx context.Context, who caller.Caller, p WorkflowPage) ([]workflow.Workflow, error) {
	in := dbsqlc.WorkflowListByNameDescendingParams{
		OrganizationID: who.OrganizationID,
		FromEnd:        p.FromEnd,
		AfterName:      p.AfterName,
		States:         texts(p.Filter.States),
		NameContains:   p.Filter.NameContains,
		CreatedFrom:    p.Filter.CreatedFrom,
		CreatedTo:      p.Filter.CreatedTo,
		CreatedBy:      p.Filter.CreatedBy,
		UpdatedBefore:  p.Filter.UpdatedBefore,
		SpendAtLeast:   int64(p.Filter.SpendAtLeast),
		RunActivities:  texts(p.Filter.RunActivities),
		Ids:            p.Filter.IDs,
		PageSize:       p.First,
	}
	q := s.forTenantCustomPlan(who.OrganizationID)
	if p.Descending {
		rows, err := q.WorkflowListByNameDescending(ctx, in)
		return many(rows, err, toWorkflow)
	}
	rows, err := q.WorkflowListByName(ctx, dbsqlc.WorkflowListByNameParams{
		OrganizationID: in.OrganizationID,
		AfterName:      in.AfterName,
		States:         in.States,
		NameContains:   in.NameContains,
		CreatedFrom:    in.CreatedFrom,
		CreatedTo:      in.CreatedTo,
		CreatedBy:      in.CreatedBy,
		UpdatedBefore:  in.UpdatedBefore,
		SpendAtLeast:   in.SpendAtLeast,
		RunActivities:  in.RunActivities,
		Ids:            in.Ids,
		PageSize:       in.PageSize,
	})
	return many(rows, err, toWorkflow)
}

// SpentWorkflow is a workflow with the settled amount of its account.
type SpentWorkflow struct {
	workflow.Workflow
	Settled cost.Pico
}

// WorkflowsBySpend returns one page of the organization's workflows in the order of their settled amounts. It ignores
// Order.
func (s *Store) WorkflowsBySpend(ctx context.Context, who caller.Caller, p WorkflowPage) ([]SpentWorkflow, error) {
	var any bool
	var err error
	if p.Filter, any, err = s.named(ctx, who, p.Filter); err != nil || !any {
		return nil, err
	}
	in := dbsqlc.WorkflowListBySpendParams{
		OrganizationID: who.OrganizationID,
		AfterPico:      int64(p.AfterSpend),
		AfterID:        p.AfterID,
		States:         texts(p.Filter.States),
		NameContains:   p.Filter.NameContains,
		CreatedFrom:    p.Filter.CreatedFrom,
		CreatedTo:      p.Filter.CreatedTo,
		CreatedBy:      p.Filter.CreatedBy,
		UpdatedBefore:  p.Filter.UpdatedBefore,
		SpendAtLeast:   int64(p.Filter.SpendAtLeast),
		RunActivities:  texts(p.Filter.RunActivities),
		Ids:            p.Filter.IDs,
		PageSize:       p.First,
	}
	q := s.forTenantCustomPlan(who.OrganizationID)
	if p.Descending {
		rows, err := q.WorkflowListBySpendDescending(ctx, dbsqlc.WorkflowListBySpendDescendingParams(in))
		return many(rows, err, func(r dbsqlc.WorkflowListBySpendDescendingRow) SpentWorkflow {
			return SpentWorkflow{Workflow: toWorkflow(r.IntentWorkflow), Settled: r.SettledPico}
		})
	}
	rows, err := q.WorkflowListBySpend(ctx, in)
	return many(rows, err, func(r dbsqlc.WorkflowListBySpendRow) SpentWorkflow {
		return SpentWorkflow{Workflow: toWorkflow(r.IntentWorkflow), Settled: r.SettledPico}
	})
}

// CountWorkflows counts the organization's workflows that a filter chooses.
func (s *Store) CountWorkflows(ctx context.Context, who caller.Caller, f WorkflowFilter) (int, error) {
	if f.hasStatesAlone() {
		counts, err := s.summedCounts(ctx, who, f.States)
		n := 0
		for _, workflows := range counts {
			n += workflows
		}
		return n, err
	}
	f, any, err := s.named(ctx, who, f)
	if err != nil || !any {
		return 0, err
	}
	n, err := s.forTenantCustomPlan(who.OrganizationID).WorkflowListCount(ctx, dbsqlc.WorkflowListCountParams{
		OrganizationID: who.OrganizationID,
		States:         texts(f.States),
		NameContains:   f.NameContains,
		CreatedFrom:    f.CreatedFrom,
		CreatedTo:      f.CreatedTo,
		CreatedBy:      f.CreatedBy,
		UpdatedBefore:  f.UpdatedBefore,
		SpendAtLeast:   int64(f.SpendAtLeast),
		RunActivities:  texts(f.RunActivities),
		Ids:            f.IDs,
	})
	return int(n), translate(err)
}

// WorkflowsOf returns workflows of the caller's organization by their ids; one that is not there is left out.
func (s *Store) WorkflowsOf(ctx context.Context, who caller.Caller, ids []uuid.UUID) ([]workflow.Workflow, error) {
	rows, err := s.forTenant(who.OrganizationID).WorkflowListByIds(ctx, dbsqlc.WorkflowListByIdsParams{
		OrganizationID: who.OrganizationID, Ids: orNone(ids),
	})
	return many(rows, err, toWorkflow)
}

// CountByState counts the workflows of a filter in each state that one of them has: one statement, and two more for a
// text in names. It reads the workflows, unless the filter has states alone.
func (s *Store) CountByState(
	ctx context.Context, who caller.Caller, f WorkflowFilter,
) (map[workflow.State]int, error) {
	if f.hasStatesAlone() {
		return s.summedCounts(ctx, who, f.States)
	}
	f, any, err := s.named(ctx, who, f)
	if err != nil || !any {
		return nil, err
	}
	q := s.forTenantCustomPlan(who.OrganizationID)
	rows, err := q.WorkflowListCountByState(ctx, dbsqlc.WorkflowListCountByStateParams{
		OrganizationID: who.OrganizationID,
		States:         texts(f.States),
		NameContains:   f.NameContains,
		CreatedFrom:    f.CreatedFrom,
		CreatedTo:      f.CreatedTo,
		CreatedBy:      f.CreatedBy,
		AnyUpdate:      !f.UpdatedBefore.Before(End),
		UpdatedBefore:  f.UpdatedBefore,
		SpendAtLeast:   int64(f.SpendAtLeast),
		RunActivities:  texts(f.RunActivities),
		Ids:            f.IDs,
	})
	if err != nil {
		return nil, translate(err)
	}
	counts := make(map[workflow.State]int, len(rows))
	for _, r := range rows {
		counts[r.State] = int(r.Workflows)
	}
	return counts, nil
}

// summedCounts returns how many workflows the organization has in each of some states; in all when states is empty.
func (s *Store) summedCounts(
	ctx context.Context, who caller.Caller, states []workflow.State,
) (map[workflow.State]int, error) {
	rows, err := s.forTenant(who.OrganizationID).WorkflowListCountFromSums(ctx, who.OrganizationID)
	if err != nil {
		return nil, translate(err)
	}
	counts := make(map[workflow.State]int, len(rows))
	for _, r := range rows {
		if len(states) == 0 || slices.Contains(states, r.State) {
			counts[r.State] = int(r.Workflows)
		}
	}
	return counts, nil
}

// SelectWorkflows returns the first workflows of a filter in the order of their ids, each with its id, state and
// version alone.
func (s *Store) SelectWorkflows(
	ctx context.Context, who caller.Caller, f WorkflowFilter, first int32,
) ([]workflow.Workflow, error) {
	f, any, err := s.named(ctx, who, f)
	if err != nil || !any {
		return nil, err
	}
	rows, err := s.forTenantCustomPlan(who.OrganizationID).WorkflowListSelected(ctx, dbsqlc.WorkflowListSelectedParams{
		OrganizationID: who.OrganizationID,
		States:         texts(f.States),
		NameContains:   f.NameContains,
		CreatedFrom:    f.CreatedFrom,
		CreatedTo:      f.CreatedTo,
		CreatedBy:      f.CreatedBy,
		UpdatedBefore:  f.UpdatedBefore,
		SpendAtLeast:   int64(f.SpendAtLeast),
		Ids:            f.IDs,
		RunActivities:  texts(f.RunActivities),
		PageSize:       first,
	})
	return many(rows, err, func(r dbsqlc.WorkflowListSelectedRow) workflow.Workflow {
		return workflow.Workflow{OrganizationID: who.OrganizationID, ID: r.ID, State: r.State, Version: r.Version}
	})
}
