package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
	"github.com/infin8content/engine/internal/workflow"
)

// WorkflowFilter chooses workflows. Empty States choose all; the times are always set.
type WorkflowFilter struct {
	States                 []workflow.State
	NameContains           string
	CreatedFrom, CreatedTo time.Time
	CreatedBy              string
}

// WorkflowPage is one page of a list of workflows, after the key (AfterAt, AfterID).
type WorkflowPage struct {
	Filter     WorkflowFilter
	ByUpdated  bool
	Descending bool
	AfterAt    time.Time
	AfterID    uuid.UUID
	First      int32
}

// Workflows returns one page of the organization's workflows.
func (s *Store) Workflows(ctx context.Context, who caller.Caller, p WorkflowPage) ([]workflow.Workflow, error) {
	in := dbsqlc.WorkflowListByCreatedParams{
		OrganizationID: who.OrganizationID, AfterAt: p.AfterAt, AfterID: p.AfterID, States: texts(p.Filter.States),
		NameContains: p.Filter.NameContains, CreatedFrom: p.Filter.CreatedFrom, CreatedTo: p.Filter.CreatedTo,
		CreatedBy: p.Filter.CreatedBy, PageSize: p.First,
	}
	q := s.planned(who.OrganizationID)
	list := q.WorkflowListByCreated
	switch {
	case p.ByUpdated && p.Descending:
		list = func(ctx context.Context, in dbsqlc.WorkflowListByCreatedParams) ([]dbsqlc.IntentWorkflow, error) {
			return q.WorkflowListByUpdatedDescending(ctx, dbsqlc.WorkflowListByUpdatedDescendingParams(in))
		}
	case p.ByUpdated:
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

// CountWorkflows counts the organization's workflows that a filter chooses.
func (s *Store) CountWorkflows(ctx context.Context, who caller.Caller, f WorkflowFilter) (int, error) {
	n, err := s.planned(who.OrganizationID).WorkflowCount(ctx, dbsqlc.WorkflowCountParams{
		OrganizationID: who.OrganizationID, States: texts(f.States), NameContains: f.NameContains,
		CreatedFrom: f.CreatedFrom, CreatedTo: f.CreatedTo, CreatedBy: f.CreatedBy,
	})
	return int(n), translate(err)
}

// texts passes a list of states as text, which is how the driver knows arrays.
func texts[T ~string](values []T) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = string(v)
	}
	return out
}
