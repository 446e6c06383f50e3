// Package jobs wakes the workers. A River job says that a workflow may have work, or that an alert may have to be
// delivered; a sweeper finds what no job speaks of any more.
//
// It refuses to be the truth. What is to be done, who does it and whether it counts is in the journal: a job that comes
// twice, late or never changes nothing but the time. River's own retries are for a database that was away; a step is
// tried again by a row of the journal.
package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
)

// Schema is where River's tables are.
const Schema = "river"

const (
	// maxAttempts is how often River works a job that meets a broken database; sweeping comes after it.
	maxAttempts = 5
	// soon is so near that a job is made available at once: River would look at a scheduled one seconds later.
	soon = 50 * time.Millisecond
)

// driveArgs name a workflow that may have work. What is to be done with the workflow is not among them.
type driveArgs struct {
	OrganizationID uuid.UUID `json:"organization_id"`
	WorkflowID     uuid.UUID `json:"workflow_id"`
}

// Kind names the job in River's table.
func (driveArgs) Kind() string { return "drive" }

// Enqueuer puts jobs into the engine's transactions. It needs no connection of its own, so that a server without
// workers has one too. It implements the engine's Jobs.
type Enqueuer struct {
	client *river.Client[pgx.Tx]
	now    func() time.Time
}

// NewEnqueuer returns an Enqueuer. now is the engine's clock.
func NewEnqueuer(logger *slog.Logger, now func() time.Time) (*Enqueuer, error) {
	client, err := river.NewClient(riverpgxv5.New(nil), &river.Config{
		Schema: Schema,
		Logger: quiet(logger),
		// Of two insertions within the cooldown River announces the first alone, even if it is rolled back. The
		// shortest cooldown loses the fewest announcements; how often workers look is their own setting.
		FetchCooldown: river.FetchCooldownMin,
	})
	if err != nil {
		return nil, fmt.Errorf("make River's client: %w", err)
	}
	return &Enqueuer{client: client, now: now}, nil
}

// Drive asks for a worker to drive the workflow, not before the given time. Without the transaction there is no job.
func (q *Enqueuer) Drive(ctx context.Context, tx pgx.Tx, organization, flow uuid.UUID, at time.Time) error {
	args := driveArgs{OrganizationID: organization, WorkflowID: flow}
	if _, err := q.client.InsertTx(ctx, tx, args, q.from(at)); err != nil {
		return fmt.Errorf("enqueue the drive of workflow %s: %w", flow, err)
	}
	return nil
}

// from are the options of a job that is not worked before a time.
func (q *Enqueuer) from(at time.Time) *river.InsertOpts {
	options := &river.InsertOpts{MaxAttempts: maxAttempts}
	if at.Sub(q.now()) > soon {
		options.ScheduledAt = at
	}
	return options
}

// quiet returns a logger for River that says only what somebody must act on.
func quiet(logger *slog.Logger) *slog.Logger {
	if logger == nil {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(warnings{logger.Handler()})
}

// warnings passes warnings and errors on.
type warnings struct{ slog.Handler }

func (h warnings) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && h.Handler.Enabled(ctx, level)
}

func (h warnings) WithAttrs(attributes []slog.Attr) slog.Handler {
	return warnings{h.Handler.WithAttrs(attributes)}
}

func (h warnings) WithGroup(name string) slog.Handler { return warnings{h.Handler.WithGroup(name)} }
