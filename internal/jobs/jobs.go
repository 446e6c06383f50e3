// Package jobs wakes the workers. A River job names a workflow that may have work, or an alert that may be due; a
// sweeper finds work whose job is lost.
//
// The jobs decide nothing. The journal holds the work, its worker and its result: a job that comes twice, late or
// never changes only the time. River retries a job after an error of the database; a step is retried by a row of the
// journal.
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

	"github.com/infin8content/engine/internal/workflow"
)

// Schema is the schema of River's tables.
const Schema = "river"

const (
	// maxAttempts limits how often River works a job that meets a broken database. The sweeper comes after that.
	maxAttempts = 5
	// soon is the time below which a job becomes available at once, since River fetches scheduled jobs every few
	// seconds.
	soon = 50 * time.Millisecond
)

// driveArgs name a workflow that may have work. They do not say which work.
type driveArgs struct {
	OrganizationID uuid.UUID `json:"organization_id"`
	WorkflowID     uuid.UUID `json:"workflow_id"`
}

// Kind is the name of the job in River's table.
func (driveArgs) Kind() string { return "drive" }

// Enqueuer inserts jobs into the engine's transactions. It needs no connection of its own, so servers without workers
// have one too. It implements the engine's Jobs.
type Enqueuer struct {
	client *river.Client[pgx.Tx]
	now    func() time.Time
}

// NewEnqueuer returns an Enqueuer. now is the engine's clock.
func NewEnqueuer(logger *slog.Logger, now func() time.Time) (*Enqueuer, error) {
	client, err := river.NewClient(riverpgxv5.New(nil), &river.Config{
		Schema: Schema,
		Logger: quiet(logger),
		// River notifies of the first of several inserts within the cooldown only, even if it is rolled back. The
		// shortest cooldown loses the fewest notifications; workers have a poll of their own.
		FetchCooldown: river.FetchCooldownMin,
	})
	if err != nil {
		return nil, fmt.Errorf("make River's client: %w", err)
	}
	return &Enqueuer{client: client, now: now}, nil
}

// Drive inserts a job that drives the workflow from a time on. It is part of the transaction.
func (q *Enqueuer) Drive(ctx context.Context, tx pgx.Tx, organization, flow uuid.UUID, at time.Time) error {
	return q.insert(ctx, tx, driveArgs{OrganizationID: organization, WorkflowID: flow}, at)
}

// unitQueue is River's queue of units. It has workers of its own, so that long units keep no workflow waiting.
const unitQueue = "units"

// unitArgs name a unit that may have work.
type unitArgs struct {
	OrganizationID uuid.UUID `json:"organization_id"`
	UnitID         uuid.UUID `json:"unit_id"`
}

// Kind is the name of the job in River's table.
func (unitArgs) Kind() string { return "unit" }

// InsertOpts puts the job into its queue.
func (unitArgs) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: unitQueue} }

// Unit inserts a job that works on a unit from a time on. It is part of the transaction.
func (q *Enqueuer) Unit(ctx context.Context, tx pgx.Tx, unit workflow.Unit, at time.Time) error {
	return q.insert(ctx, tx, unitArgs{OrganizationID: unit.OrganizationID, UnitID: unit.ID}, at)
}

// insert inserts a job that runs from a time on. The arguments have its queue.
func (q *Enqueuer) insert(ctx context.Context, tx pgx.Tx, args river.JobArgs, at time.Time) error {
	options := &river.InsertOpts{MaxAttempts: maxAttempts}
	if at.Sub(q.now()) > soon {
		options.ScheduledAt = at
	}
	if _, err := q.client.InsertTx(ctx, tx, args, options); err != nil {
		return fmt.Errorf("enqueue %s %+v: %w", args.Kind(), args, err)
	}
	return nil
}

// quiet returns a logger for River that logs only warnings and errors.
func quiet(logger *slog.Logger) *slog.Logger {
	if logger == nil {
		return slog.New(slog.DiscardHandler)
	}
	return slog.New(warnings{logger.Handler()})
}

// warnings handles warnings and errors only.
type warnings struct{ slog.Handler }

func (h warnings) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && h.Handler.Enabled(ctx, level)
}

func (h warnings) WithAttrs(attributes []slog.Attr) slog.Handler {
	return warnings{h.Handler.WithAttrs(attributes)}
}

func (h warnings) WithGroup(name string) slog.Handler { return warnings{h.Handler.WithGroup(name)} }
