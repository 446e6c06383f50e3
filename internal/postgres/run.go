package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
	"github.com/infin8content/engine/internal/workflow"
)

func toRun(r dbsqlc.WorkflowRun) workflow.Run {
	return workflow.Run{
		OrganizationID: r.OrganizationID,
		WorkflowID:     r.WorkflowID,
		Token:          r.Token,
		Step:           r.Step,
		Worker:         r.Worker,
		Attempt:        r.Attempt,
		StartedAt:      r.StartedAt.UTC(),
		LeaseExpiresAt: r.LeaseExpiresAt.UTC(),
		EndedAt:        r.EndedAt,
		Failure:        value(r.FailureCode),
		FailureMessage: r.FailureMessage,
		RetryAt:        r.RetryAt,
		Parked:         r.Parked,
	}
}

// Run returns one run.
func (s *Store) Run(
	ctx context.Context, who caller.Caller, flow uuid.UUID, token int,
) (run workflow.Run, found bool, err error) {
	row, err := s.forTenant(who.OrganizationID).RunGet(ctx, dbsqlc.RunGetParams{
		OrganizationID: who.OrganizationID, WorkflowID: flow, Token: token,
	})
	return one(row, err, toRun)
}

// Runs returns the last runs of one step of a workflow, the last first.
func (s *Store) Runs(
	ctx context.Context, who caller.Caller, flow uuid.UUID, step workflow.StepKey,
) ([]workflow.Run, error) {
	rows, err := s.forTenant(who.OrganizationID).RunListByWorkflow(ctx, dbsqlc.RunListByWorkflowParams{
		OrganizationID: who.OrganizationID,
		WorkflowID:     flow,
		Step:           step,
		PageSize:       10,
	})
	return many(rows, err, toRun)
}

// LastRuns returns the last run of each workflow that has had one.
func (s *Store) LastRuns(
	ctx context.Context, who caller.Caller, flows []uuid.UUID,
) (map[uuid.UUID][]workflow.Run, error) {
	rows, err := s.forTenant(who.OrganizationID).RunListLast(ctx, dbsqlc.RunListLastParams{
		OrganizationID: who.OrganizationID, WorkflowIds: flows,
	})
	values, err := many(rows, err, toRun)
	return group(values, err, func(r workflow.Run) uuid.UUID { return r.WorkflowID })
}

// ParkRun takes a run from its worker, because its units do the work.
func (s *Store) ParkRun(
	ctx context.Context, who caller.Caller, run workflow.Run,
) (parked workflow.Run, won bool, err error) {
	row, err := s.forTenant(who.OrganizationID).RunPark(ctx, dbsqlc.RunParkParams{
		OrganizationID: who.OrganizationID,
		WorkflowID:     run.WorkflowID,
		Token:          run.Token,
		Worker:         run.Worker,
		NoWorker:       "",
	})
	return one(row, err, toRun)
}

// AdoptRun gives a run without a worker to the caller, unless it is parked and a unit is open.
func (s *Store) AdoptRun(
	ctx context.Context, who caller.Caller, run workflow.Run, lease time.Time,
) (adopted workflow.Run, won bool, err error) {
	row, err := s.forTenant(who.OrganizationID).RunAdopt(ctx, dbsqlc.RunAdoptParams{
		OrganizationID: who.OrganizationID,
		WorkflowID:     run.WorkflowID,
		Token:          run.Token,
		Worker:         who.Actor,
		LeaseExpiresAt: lease,
		NoWorker:       "",
	})
	return one(row, err, toRun)
}

// RenewRun renews the lease of a run that is live and the caller's.
func (s *Store) RenewRun(
	ctx context.Context, who caller.Caller, run workflow.Run, lease time.Time,
) (renewed workflow.Run, won bool, err error) {
	row, err := s.forTenant(who.OrganizationID).RunHeartbeat(ctx, dbsqlc.RunHeartbeatParams{
		OrganizationID: who.OrganizationID,
		WorkflowID:     run.WorkflowID,
		Token:          run.Token,
		Worker:         who.Actor,
		LeaseExpiresAt: lease,
	})
	return one(row, err, toRun)
}

// ExpiredRuns returns at most limit live runs whose lease has expired and locks their workflows until the transaction
// ends.
func (s *Store) ExpiredRuns(ctx context.Context, at time.Time, limit int32) ([]workflow.Run, error) {
	rows, err := s.forSweeper().RunListExpired(ctx, dbsqlc.RunListExpiredParams{At: at, PageSize: limit})
	return many(rows, err, toRun)
}

// HasRun reports whether the caller has, or had, a run in a workflow.
func (s *Store) HasRun(ctx context.Context, who caller.Caller, flow uuid.UUID) (bool, error) {
	has, err := s.forTenant(who.OrganizationID).RunHasWorker(ctx, dbsqlc.RunHasWorkerParams{
		OrganizationID: who.OrganizationID, WorkflowID: flow, Worker: who.Actor,
	})
	return has, translate(err)
}

// LiveWorkflows returns at most first workflows in which the caller has a live run.
func (s *Store) LiveWorkflows(ctx context.Context, who caller.Caller, first int32) ([]uuid.UUID, error) {
	flows, err := s.forTenant(who.OrganizationID).RunListLiveOfWorker(ctx, dbsqlc.RunListLiveOfWorkerParams{
		OrganizationID: who.OrganizationID, Worker: who.Actor, PageSize: first,
	})
	return flows, translate(err)
}
