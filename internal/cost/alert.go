package cost

import (
	"fmt"
	"time"

	"github.com/google/uuid"
)

// AlertKind is the kind of event that an alert reports.
type AlertKind string

// The kinds of alert.
const (
	AlertThreshold   AlertKind = "THRESHOLD"                 // an account has spent a share of its limit
	AlertOverage     AlertKind = "OVERAGE"                   // a call is marked as overage
	AlertDrift       AlertKind = "MODEL_DRIFT"               // a model answered that was not requested
	AlertUnknown     AlertKind = "OUTCOME_UNKNOWN"           // the outcome of a call has been unknown for an hour
	AlertQuarantined AlertKind = "PRICE_QUARANTINED"         // a price waits for a decision
	AlertDifference  AlertKind = "RECONCILIATION_DIFFERENCE" // a provider's figures differ from the ledger's
)

// AlertKinds returns all kinds of alert.
func AlertKinds() []AlertKind {
	return []AlertKind{
		AlertThreshold, AlertOverage, AlertDrift, AlertUnknown, AlertQuarantined, AlertDifference,
	}
}

// Thresholds returns the shares of a limit that cause an alert, in percent and rising.
func Thresholds() []int { return []int{50, 75, 90, 100} }

// reached reports whether so many percent of the limit are spent. Holds do not count, since most of a hold is given
// back. No threshold is reached while nothing is spent, or without a limit.
func (b Balance) reached(percent int) bool {
	limit, limited := b.Limit.Amount()
	if b.Settled <= 0 || !limited {
		return false
	}
	share := Pico(percent)
	return b.Settled >= limit/100*share+(limit%100*share+99)/100 // percent of the limit, rounded up; no sum overflows
}

// Crossed returns the thresholds that a change of a balance has crossed, rising: those that were not reached before it
// and are after it. A lower limit can cross several at once.
func Crossed(before, after Balance) (crossed []int) {
	for _, t := range Thresholds() {
		if after.reached(t) && !before.reached(t) {
			crossed = append(crossed, t)
		}
	}
	return crossed
}

// Alert is an event that an administrator should see. The fields beside the first four depend on the kind.
type Alert struct {
	OrganizationID, ID uuid.UUID // the nil OrganizationID is the operator
	Kind               AlertKind
	At                 time.Time
	ReadAt             *time.Time // when the reader of the alert marked it as read; nil when not

	// Of a THRESHOLD and an OVERAGE: the entry that caused it, and the balance after it.
	AccountID     *uuid.UUID
	AccountKind   AccountKind
	Period        *Period // of a month's account
	Sequence      int64
	LimitSequence int64 // of a THRESHOLD: the entry that set the limit
	Threshold     int   // in percent
	Settled       Pico
	Limit         Limit

	// The call of the alert or of its entry.
	CallID, WorkflowID *uuid.UUID
	Recorded           bool
	Hold, Cost         Pico

	// Of a PRICE_QUARANTINED; and the model also of other kinds.
	ProposalID *uuid.UUID
	Model      string
	Component  Component
	Unit       Pico

	Difference *Difference
	Delivery   *Delivery // nil when there was no webhook
}

// Difference has the figures of a RECONCILIATION_DIFFERENCE when it was first found. An amount within the tolerance is
// no difference; the number of calls may still differ.
type Difference struct {
	Provider                  string
	Day                       Day // by UTC
	BookedCalls, ChargedCalls int64
	Booked, Charged           Pico
}

// DeliveryState is the state of the delivery of an alert to a webhook.
type DeliveryState string

// The states of a delivery. All but the first are final.
const (
	DeliveryPending     DeliveryState = "PENDING"     // it is being sent, or waits for the next attempt
	DeliveryDelivered   DeliveryState = "DELIVERED"   // the receiver has acknowledged it
	DeliveryGone        DeliveryState = "GONE"        // the receiver has answered that it wants no more
	DeliveryExpired     DeliveryState = "EXPIRED"     // a day has passed without an acknowledgement
	DeliveryUnaddressed DeliveryState = "UNADDRESSED" // the webhook was removed in the meantime
)

// DeliveryStates returns all states of a delivery.
func DeliveryStates() []DeliveryState {
	return []DeliveryState{
		DeliveryPending, DeliveryDelivered, DeliveryGone, DeliveryExpired, DeliveryUnaddressed,
	}
}

// Delivery is the progress of an alert's delivery.
type Delivery struct {
	State       DeliveryState
	Attempts    int
	AttemptedAt *time.Time
	LastStatus  *int   // the last answer, nil when there was none
	LastError   string // why there was no answer
	EndedAt     *time.Time
	NextAt      *time.Time // when the next attempt is due
}

// Sentence describes the alert to a person.
func (a Alert) Sentence() string {
	switch a.Kind {
	case AlertThreshold:
		return fmt.Sprintf("%s has spent $%s and so reached %d %% of its limit of $%s.",
			a.account(), a.Settled, a.Threshold, a.Limit)
	case AlertOverage:
		if a.Recorded {
			return fmt.Sprintf("A call of $%s that was made without a reservation went beyond a limit.", a.Cost)
		}
		return fmt.Sprintf("A call cost $%s where $%s was held. Its workflow makes no other until its limit is set again.",
			a.Cost, a.Hold)
	case AlertDrift:
		if a.Model == "" {
			return "A model answered that was not requested; its answer was not used."
		}
		return fmt.Sprintf("The model %q answered, which was not requested; its answer was not used.", a.Model)
	case AlertUnknown:
		return fmt.Sprintf("It has been unknown for more than an hour whether a call was charged. It holds $%s.", a.Hold)
	case AlertQuarantined:
		return fmt.Sprintf("A price of %s (%s, $%s) is doubtful and is not used until a person decides.",
			a.Model, a.Component, a.Unit)
	case AlertDifference:
		return a.Difference.sentence(a.Model)
	}
	return string(a.Kind)
}

func (a Alert) account() string {
	if a.Period == nil {
		return "The workflow"
	}
	return fmt.Sprintf("The month that began at %s", a.Period.Start.Format(time.RFC3339))
}

func (d *Difference) sentence(model string) string {
	if model == "" {
		model = "calls that no model has answered"
	}
	return fmt.Sprintf("For %s on %s %s has charged $%s for %d calls, and $%s for %d are booked.",
		model, d.Day, d.Provider, d.Charged, d.ChargedCalls, d.Booked, d.BookedCalls)
}
