package jobs

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fair"
	"github.com/infin8content/engine/internal/publicid"
	"github.com/infin8content/engine/internal/webhook"
)

// alertQueue is the queue of the deliveries, so that they do not wait behind steps that take minutes.
const alertQueue = "alerts"

const (
	// deliverers is the number of alerts that a server sends at once.
	deliverers = 16
	// ownDeliverers is the number of alerts that a server sends at once for one organization, so that a slow receiver
	// delays only its own alerts. crowdedPause is the time until a further one is tried again.
	ownDeliverers = 2
	crowdedPause  = 5 * time.Second
	// deliverLimit limits one delivery, from before its claim to the stored result. It is shorter than the engine's
	// lease of a claim, so that a slow worker does not send beside the next one.
	deliverLimit = 40 * time.Second
)

// deliverArgs name an alert that is due.
type deliverArgs struct {
	OrganizationID uuid.UUID `json:"organization_id"`
	AlertID        uuid.UUID `json:"alert_id"`
}

// Kind is the name of the job in River's table.
func (deliverArgs) Kind() string { return "deliver" }

// InsertOpts puts the job into its queue.
func (deliverArgs) InsertOpts() river.InsertOpts { return river.InsertOpts{Queue: alertQueue} }

// Deliver inserts a job that sends an alert to the organization's webhook from a time on.
func (q *Enqueuer) Deliver(ctx context.Context, tx pgx.Tx, organization, alert uuid.UUID, at time.Time) error {
	return q.insert(ctx, tx, deliverArgs{organization, alert}, at)
}

// deliverer works the delivery jobs. The claim makes sure that an alert is not sent twice at once, and never after its
// acknowledgement; the number of jobs does not matter.
type deliverer struct {
	river.WorkerDefaults[deliverArgs]
	engine *engine.Engine
	sender *webhook.Sender
	// running counts the deliveries of each organization.
	running *fair.Count[uuid.UUID]
}

func newDeliverer(o Options) *deliverer {
	return &deliverer{engine: o.Engine, sender: o.Webhooks, running: fair.NewCount[uuid.UUID](ownDeliverers)}
}

// Timeout limits one job.
func (d *deliverer) Timeout(*river.Job[deliverArgs]) time.Duration { return deliverLimit }

// Work makes one attempt. The next attempt has a job of its own.
func (d *deliverer) Work(ctx context.Context, job *river.Job[deliverArgs]) error {
	// A server that stops finishes its delivery, so that it stores the acknowledgement.
	sending, cancel := context.WithTimeout(context.WithoutCancel(ctx), deliverLimit)
	defer cancel()
	done, ok := d.running.Add(job.Args.OrganizationID)
	if !ok {
		return river.JobSnooze(crowdedPause)
	}
	defer done()
	claim, wait, err := d.engine.ClaimDelivery(ctx, job.Args.OrganizationID, job.Args.AlertID)
	switch {
	case err != nil:
		return riverError(err)
	case claim == nil && wait > 0:
		return river.JobSnooze(wait)
	case claim == nil:
		return nil
	}
	body, err := payload(claim.Alert)
	if err != nil {
		return river.JobCancel(err)
	}
	attempt := engine.Attempted{
		OrganizationID: job.Args.OrganizationID,
		AlertID:        job.Args.AlertID,
		Attempt:        claim.Attempt,
		WrittenAt:      claim.Alert.At,
	}
	attempt.Status, err = d.sender.Send(sending, webhook.Message{
		ID:     string(publicid.New(publicid.Alert, claim.Alert.ID)),
		URL:    claim.URL,
		Secret: claim.Secret,
		Body:   body,
		At:     claim.At,
	})
	if err != nil {
		attempt.Problem = err.Error()
	}
	return d.engine.RecordAttempt(sending, attempt)
}
