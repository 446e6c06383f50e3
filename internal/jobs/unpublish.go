package jobs

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/steps"
)

// unpublishArgs name a publication whose post the readers shall no longer see.
type unpublishArgs struct {
	OrganizationID uuid.UUID `json:"organization_id"`
	PublicationID  uuid.UUID `json:"publication_id"`
}

// Kind is the name of the job in River's table.
func (unpublishArgs) Kind() string { return "unpublish" }

// InsertOpts puts the job into its queue, unless one for the same publication is alive.
func (unpublishArgs) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: siteQueue, UniqueOpts: river.UniqueOpts{ByArgs: true, ByState: alive}}
}

// alive are the states of a job that River works or will work.
var alive = []rivertype.JobState{
	rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRunning, rivertype.JobStateRetryable,
	rivertype.JobStateScheduled,
}

// Unpublish inserts a job that takes a post from its readers from a time on, unless one is alive.
func (q *Enqueuer) Unpublish(
	ctx context.Context, tx pgx.Tx, organization, publication uuid.UUID, at time.Time,
) error {
	return q.insert(ctx, tx, unpublishArgs{organization, publication}, at)
}

// unpublisher works these jobs. The request names the post by its id, so it may come twice.
type unpublisher struct {
	river.WorkerDefaults[unpublishArgs]
	sites *steps.Sites
	name  string
}

// Timeout limits one job.
func (u *unpublisher) Timeout(*river.Job[unpublishArgs]) time.Duration { return siteCheckLimit }

// Work makes one attempt. River works the job again after an error that may pass.
func (u *unpublisher) Work(ctx context.Context, job *river.Job[unpublishArgs]) error {
	who := caller.Caller{Actor: u.name, OrganizationID: job.Args.OrganizationID, Role: caller.Admin}
	return riverError(u.sites.Unpublish(ctx, who, job.Args.PublicationID, job.Attempt >= job.MaxAttempts))
}
