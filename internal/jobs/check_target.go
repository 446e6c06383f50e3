package jobs

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/steps"
)

// siteQueue is the queue of the checks of publish targets, so that a slow site delays no step and no alert.
const siteQueue = "sites"

const (
	siteCheckers = 2
	// siteCheckLimit limits one check, which makes a few requests.
	siteCheckLimit = 90 * time.Second
)

// checkTargetArgs name a publish target to try.
type checkTargetArgs struct {
	OrganizationID uuid.UUID `json:"organization_id"`
	TargetID       uuid.UUID `json:"target_id"`
}

// Kind is the name of the job in River's table.
func (checkTargetArgs) Kind() string { return "check_target" }

// InsertOpts puts the job into its queue.
func (checkTargetArgs) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: siteQueue} }

// CheckTarget inserts a job that tries a publish target from a time on.
func (q *Enqueuer) CheckTarget(ctx context.Context, tx pgx.Tx, organization, target uuid.UUID, at time.Time) error {
	return q.insert(ctx, tx, checkTargetArgs{organization, target}, at)
}

// targetChecker works the checks. A check changes nothing on the site, so it may come twice.
type targetChecker struct {
	river.WorkerDefaults[checkTargetArgs]
	sites *steps.Sites
	name  string
}

// Timeout limits one job.
func (c *targetChecker) Timeout(*river.Job[checkTargetArgs]) time.Duration { return siteCheckLimit }

// Work makes one check.
func (c *targetChecker) Work(ctx context.Context, job *river.Job[checkTargetArgs]) error {
	who := caller.Caller{Actor: c.name, OrganizationID: job.Args.OrganizationID, Role: caller.Admin}
	return riverError(c.sites.CheckTarget(ctx, who, job.Args.TargetID))
}
