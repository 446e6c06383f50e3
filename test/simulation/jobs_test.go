package simulation_test

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// jobs collects workflows that wait for a worker, even if the transaction rolls back: a job may be superfluous.
type jobs struct{ w *world }

func (j jobs) Drive(_ context.Context, _ postgres.Tx, _, flow uuid.UUID, _ time.Time) error {
	j.w.waiting = append(j.w.waiting, flow)
	return nil
}

// Unit collects the jobs of units in the same way.
func (j jobs) Unit(_ context.Context, _ postgres.Tx, unit workflow.Unit, at time.Time) error {
	j.w.units.jobs = append(j.w.units.jobs, unitJob{unit.ID, at})
	return nil
}

func (jobs) Batch(context.Context, postgres.Tx, uuid.UUID, uuid.UUID, time.Time) error { return nil }

func (jobs) Verify(context.Context, postgres.Tx, uuid.UUID, uuid.UUID, time.Time) error { return nil }

// Unpublish collects the posts that are to be taken from their readers.
func (j jobs) Unpublish(_ context.Context, _ postgres.Tx, organization, publication uuid.UUID, _ time.Time) error {
	if organization == j.w.organization {
		j.w.sites.withdrawals = append(j.w.sites.withdrawals, publication)
	}
	return nil
}

func (jobs) CheckTarget(context.Context, postgres.Tx, uuid.UUID, uuid.UUID, time.Time) error {
	return nil
}

func (jobs) Deliver(context.Context, postgres.Tx, uuid.UUID, uuid.UUID, time.Time) error { return nil }
