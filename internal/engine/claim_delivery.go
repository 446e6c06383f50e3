package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
)

const (
	// attemptLease is the time that a worker has for one attempt, which takes at most 10 s.
	attemptLease = time.Minute
	// longestPause and deliverFor bound the attempts to deliver an alert: 17 in a day.
	longestPause = 4 * time.Hour
	deliverFor   = 24 * time.Hour
	// deliveriesWoken bounds one round of SweepDeliveries.
	deliveriesWoken = 100
	// gone is the answer of a receiver that wants no further deliveries.
	gone = 410
)

// Claim is one attempt to deliver an alert. Its worker may send for the time of a lease.
type Claim struct {
	Alert  cost.Alert
	URL    string
	Secret string // whsec_…
	// Attempt counts from 1.
	Attempt int
	At      time.Time
}

// ClaimDelivery claims one attempt to deliver an alert. Of any number of workers one gets it; after the end of the
// delivery none does. A nil claim means that there is nothing to send; with a wait, ask again after it.
func (e *Engine) ClaimDelivery(
	ctx context.Context, organization, alert uuid.UUID,
) (claim *Claim, wait time.Duration, err error) {
	who, at := sweeperOf(organization), e.now()
	d, claimed, err := e.store.ClaimDelivery(ctx, who, alert, at, at.Add(attemptLease))
	if err != nil {
		return nil, 0, fmt.Errorf("claim the delivery of alert %s: %w", alert, err)
	}
	if !claimed {
		wait, err = e.waitFor(ctx, who, alert, at)
		return nil, wait, err
	}
	o, err := e.organization(ctx, who)
	if err != nil {
		return nil, 0, err
	}
	if o.WebhookURL == "" || e.webhook.Secret == nil {
		unsent := Attempted{
			OrganizationID: organization,
			AlertID:        alert,
			Attempt:        d.Attempts,
			Problem:        d.LastError,
		}
		if d.LastStatus != nil {
			unsent.Status = *d.LastStatus
		}
		return nil, 0, e.endDelivery(ctx, unsent, cost.DeliveryUnaddressed)
	}
	a, err := e.Alert(ctx, who, alert)
	return &Claim{
		Alert:   a,
		URL:     o.WebhookURL,
		Secret:  e.webhook.Secret(organization, o.WebhookVersion),
		At:      at,
		Attempt: d.Attempts,
	}, 0, err
}

// waitFor returns the time until a delivery is due; 0 when it is over.
func (e *Engine) waitFor(
	ctx context.Context, who caller.Caller, alert uuid.UUID, at time.Time,
) (time.Duration, error) {
	d, found, err := e.store.Delivery(ctx, who, alert)
	if err != nil {
		return 0, fmt.Errorf("read the delivery of alert %s: %w", alert, err)
	}
	if !found || d.NextAt == nil {
		return 0, nil
	}
	return max(d.NextAt.Sub(at), time.Millisecond), nil
}
