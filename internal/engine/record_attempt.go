package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres"
)

// Attempted is the result of an attempt: the status of the answer, or the problem.
type Attempted struct {
	OrganizationID, AlertID uuid.UUID
	Attempt                 int
	Status                  int // 0: no answer
	Problem                 string
	// WrittenAt is the time of the alert. Attempts end a day after it.
	WrittenAt time.Time
}

// RecordAttempt stores the result of an attempt. A status of 2xx acknowledges the alert, which is never sent again;
// 410 ends the delivery too. After any other result it plans the next attempt in the same transaction, until a day has
// passed.
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
			AlertID: in.AlertID,
			Attempt: in.Attempt,
			Status:  in.Status,
			Problem: in.Problem,
			NextAt:  next,
			WakeAt:  next.Add(wakeAfter),
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
		attempt = 0 // An answer of the receiver counts, however late it comes.
	}
	err := e.store.EndDelivery(ctx, sweeperOf(in.OrganizationID), postgres.EndedDelivery{
		AlertID: in.AlertID,
		Attempt: attempt,
		State:   state,
		Status:  in.Status,
		Problem: in.Problem,
		At:      e.now(),
	})
	if err != nil {
		return fmt.Errorf("end the delivery of alert %s: %w", in.AlertID, err)
	}
	return nil
}

// alertPauseAfter returns the pause after an attempt: 5 s, doubling to 4 hours, and up to a tenth more.
func (e *Engine) alertPauseAfter(attempt int) time.Duration {
	pause := longestPause
	if attempt < 20 {
		pause = min(pause, e.alertPause<<max(attempt-1, 0))
	}
	return pause + time.Duration(float64(pause)*e.jitter()/10)
}
