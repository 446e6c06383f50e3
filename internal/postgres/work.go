package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
	"github.com/infin8content/engine/internal/workflow"
)

// WorkQuery selects work of steps. WorkflowID limits it to one workflow; the nil UUID is no limit.
type WorkQuery struct {
	Steps      []workflow.Step
	WorkflowID uuid.UUID
	At         time.Time
	First      int32
}

// Work is a workflow that waits for a worker. Run is its last run, or the run that has no worker; nil in a pending
// state.
type Work struct {
	Workflow workflow.Workflow
	Run      *workflow.Run
}

func (q WorkQuery) keys() (keys, pending, failed []string) {
	for _, step := range q.Steps {
		keys = append(keys, string(step.Key))
		pending, failed = append(pending, string(step.Pending)), append(failed, string(step.Failed))
	}
	return keys, pending, failed
}

// PendingWork returns workflows in the pending states of the steps and locks them until the transaction ends. It
// returns none that another transaction has locked.
func (s *Store) PendingWork(ctx context.Context, who caller.Caller, q WorkQuery) ([]Work, error) {
	_, pending, _ := q.keys()
	rows, err := s.forTenant(who.OrganizationID).WorkListPending(ctx, dbsqlc.WorkListPendingParams{
		OrganizationID: who.OrganizationID,
		States:         pending,
		WorkflowID:     pointer(q.WorkflowID),
		PageSize:       q.First,
	})
	return many(rows, err, func(r dbsqlc.IntentWorkflow) Work { return Work{Workflow: toWorkflow(r)} })
}

// RetryWork returns failed workflows whose retry is due, and locks them as PendingWork does.
func (s *Store) RetryWork(ctx context.Context, who caller.Caller, q WorkQuery) ([]Work, error) {
	_, _, failed := q.keys()
	rows, err := s.forTenant(who.OrganizationID).WorkListRetries(ctx, dbsqlc.WorkListRetriesParams{
		OrganizationID: who.OrganizationID,
		States:         failed,
		At:             &q.At,
		WorkflowID:     pointer(q.WorkflowID),
		PageSize:       q.First,
	})
	return many(rows, err, func(r dbsqlc.WorkListRetriesRow) Work {
		run := toRun(r.WorkflowRun)
		return Work{Workflow: toWorkflow(r.IntentWorkflow), Run: &run}
	})
}

// OfferedWork returns live runs without a worker, and locks their workflows as PendingWork does.
func (s *Store) OfferedWork(ctx context.Context, who caller.Caller, q WorkQuery) ([]Work, error) {
	keys, _, _ := q.keys()
	rows, err := s.forTenant(who.OrganizationID).WorkListOffered(ctx, dbsqlc.WorkListOfferedParams{
		OrganizationID: who.OrganizationID,
		Steps:          keys,
		NoWorker:       "",
		WorkflowID:     pointer(q.WorkflowID),
		PageSize:       q.First,
	})
	return many(rows, err, func(r dbsqlc.WorkListOfferedRow) Work {
		run := toRun(r.WorkflowRun)
		return Work{Workflow: toWorkflow(r.IntentWorkflow), Run: &run}
	})
}

// AvailableWork returns the steps that have work to claim.
func (s *Store) AvailableWork(ctx context.Context, who caller.Caller, q WorkQuery) ([]workflow.StepKey, error) {
	keys, pending, failed := q.keys()
	steps, err := s.forTenant(who.OrganizationID).WorkListAvailable(ctx, dbsqlc.WorkListAvailableParams{
		OrganizationID: who.OrganizationID,
		WorkflowID:     pointer(q.WorkflowID),
		At:             &q.At,
		NoWorker:       "",
		Steps:          keys,
		Pending:        pending,
		Failed:         failed,
	})
	return steps, translate(err)
}
