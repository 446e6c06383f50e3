package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres"
)

const (
	// attemptLease keeps other workers from a delivery while one sends it, which takes at most 10 s.
	attemptLease = time.Minute
	// longestPause and deliverFor bound the attempts to deliver an alert: 17 in a day.
	longestPause = 4 * time.Hour
	deliverFor   = 24 * time.Hour
	// deliveriesWoken bounds one round of SweepDeliveries.
	deliveriesWoken = 100
	// gone is what a receiver answers that wants no more of it.
	gone = 410
)

// Claim is one attempt to deliver an alert. Whoever has it may send, for the time of a lease.
type Claim struct {
	Alert  cost.Alert
	URL    string
	Secret string // whsec_…
	// Attempt counts from 1.
	Attempt int
	At      time.Time
}

// ClaimDelivery takes the delivery of an alert for one attempt. Of any number of workers one gets it, and nobody does
// once it is over. nil: there is nothing to send; if wait is not zero, ask again after it.
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
		unsent := Attempted{OrganizationID: organization, AlertID: alert, Attempt: d.Attempts, Problem: d.LastError}
		if d.LastStatus != nil {
			unsent.Status = *d.LastStatus
		}
		return nil, 0, e.endDelivery(ctx, unsent, cost.DeliveryUnaddressed)
	}
	a, err := e.Alert(ctx, who, alert)
	return &Claim{
		Alert: a, URL: o.WebhookURL, Secret: e.webhook.Secret(organization, o.WebhookVersion), At: at,
		Attempt: d.Attempts,
	}, 0, err
}

// waitFor is how long until a delivery is due; 0 when it is over.
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

// Attempted is what came of an attempt: the status of the answer, or why there was none.
type Attempted struct {
	OrganizationID, AlertID uuid.UUID
	Attempt                 int
	Status                  int // 0: no answer
	Problem                 string
	// WrittenAt is when the alert was written: after a day it is given up.
	WrittenAt time.Time
}

// RecordAttempt writes down what came of an attempt. A status of 2xx is an acknowledgement: nobody will send that alert
// again. 410 ends the delivery too. After anything else the next attempt is planned in the same transaction, until a
// day has passed.
func (e *Engine) RecordAttempt(ctx context.Context, in Attempted) error {
	at := e.now()
	switch {
	case in.Status >= 200 && in.Status < 300:
		return e.endDelivery(ctx, in, cost.DeliveryDelivered)
	case in.Status == gone:
		return e.endDelivery(ctx, in, cost.DeliveryGone)
	}
	next := at.Add(e.alertPauseAfter(in.Attempt))
	if next.After(in.WrittenAt.Add(deliverFor)) {
		return e.endDelivery(ctx, in, cost.DeliveryExpired)
	}
	err := e.store.InTx(ctx, func(tx *postgres.Store) error {
		mine, err := tx.PostponeDelivery(ctx, sweeperOf(in.OrganizationID), postgres.FailedAttempt{
			AlertID: in.AlertID, Attempt: in.Attempt, Status: in.Status, Problem: in.Problem, NextAt: next,
			WakeAt: next.Add(wakeAfter),
		})
		if err != nil || !mine {
			return err
		}
		return e.jobs.Deliver(ctx, tx.Tx(), in.OrganizationID, in.AlertID, next)
	})
	if err != nil {
		return fmt.Errorf("postpone the delivery of alert %s: %w", in.AlertID, err)
	}
	return nil
}

func (e *Engine) endDelivery(ctx context.Context, in Attempted, state cost.DeliveryState) error {
	attempt := in.Attempt
	if state == cost.DeliveryDelivered || state == cost.DeliveryGone {
		attempt = 0 // What the receiver has said counts, however late it is heard.
	}
	err := e.store.EndDelivery(ctx, sweeperOf(in.OrganizationID), postgres.EndedDelivery{
		AlertID: in.AlertID, Attempt: attempt, State: state, Status: in.Status, Problem: in.Problem, At: e.now(),
	})
	if err != nil {
		return fmt.Errorf("end the delivery of alert %s: %w", in.AlertID, err)
	}
	return nil
}

// alertPauseAfter is the pause after an attempt: 5 s, doubling to 4 hours, and up to a tenth more.
func (e *Engine) alertPauseAfter(attempt int) time.Duration {
	pause := longestPause
	if attempt < 20 {
		pause = min(pause, e.alertPause<<max(attempt-1, 0))
	}
	return pause + time.Duration(float64(pause)*e.jitter()/10)
}

// SweepDeliveries asks again for workers for the deliveries that nobody has come for, or whose worker has died. It may
// run in any number of servers at once. It returns how many it has asked for.
func (e *Engine) SweepDeliveries(ctx context.Context) (woken int, err error) {
	at := e.now()
	err = e.store.InTx(ctx, func(tx *postgres.Store) error {
		late, err := tx.WakeDeliveries(ctx, at, at.Add(wakeAfter), deliveriesWoken)
		if err != nil {
			return err
		}
		for _, d := range late {
			if err := e.jobs.Deliver(ctx, tx.Tx(), d.OrganizationID, d.AlertID, at); err != nil {
				return err
			}
			woken++
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("wake deliveries: %w", err)
	}
	return woken, nil
}
