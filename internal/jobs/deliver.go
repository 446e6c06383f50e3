package jobs

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/publicid"
	"github.com/infin8content/engine/internal/webhook"
)

// alertQueue is the queue of the deliveries, so that none waits behind steps that take minutes.
const alertQueue = "alerts"

const (
	// deliverers is how many alerts a server sends at once.
	deliverers = 4
	// deliverLimit is the longest one delivery may take from before its claim: the message and the books. It is less than
	// the engine's lease of a claim, so that who stood still for longer does not send beside whoever has claimed next.
	deliverLimit = 40 * time.Second
)

// deliverArgs name an alert that is to be delivered.
type deliverArgs struct {
	OrganizationID uuid.UUID `json:"organization_id"`
	AlertID        uuid.UUID `json:"alert_id"`
}

// Kind names the job in River's table.
func (deliverArgs) Kind() string { return "deliver" }

// Deliver asks for a worker to tell an organization's webhook of an alert, not before the given time.
func (q *Enqueuer) Deliver(ctx context.Context, tx pgx.Tx, organization, alert uuid.UUID, at time.Time) error {
	options := q.from(at)
	options.Queue = alertQueue
	if _, err := q.client.InsertTx(ctx, tx, deliverArgs{organization, alert}, options); err != nil {
		return fmt.Errorf("enqueue the delivery of alert %s: %w", alert, err)
	}
	return nil
}

// deliverer works the delivery jobs. That an alert is not sent twice at once, and never after it was acknowledged, is
// the claim's doing: jobs may come as often as they like.
type deliverer struct {
	river.WorkerDefaults[deliverArgs]
	engine *engine.Engine
	sender *webhook.Sender
}

// Timeout is the longest one job may take.
func (d *deliverer) Timeout(*river.Job[deliverArgs]) time.Duration { return deliverLimit }

// Work makes one attempt. The next one, if it needs one, is a job of its own.
func (d *deliverer) Work(ctx context.Context, job *river.Job[deliverArgs]) error {
	// A server that stops finishes what it has begun, so that an acknowledgement is not lost.
	sending, cancel := context.WithTimeout(context.WithoutCancel(ctx), deliverLimit)
	defer cancel()
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
