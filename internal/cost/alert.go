package cost

import (
	"fmt"
	"time"

	"github.com/google/uuid"
)

// AlertKind is what an alert is about.
type AlertKind string

// The kinds of alert.
const (
	AlertThreshold   AlertKind = "THRESHOLD"                 // an account has spent a share of its limit
	AlertOverage     AlertKind = "OVERAGE"                   // a call is marked as overage
	AlertDrift       AlertKind = "MODEL_DRIFT"               // a model answered that was not asked
	AlertUnknown     AlertKind = "OUTCOME_UNKNOWN"           // nobody knows for an hour whether a call was charged
	AlertQuarantined AlertKind = "PRICE_QUARANTINED"         // a price waits for a decision
	AlertDifference  AlertKind = "RECONCILIATION_DIFFERENCE" // a provider's figures are not the ledger's
)

// AlertKinds returns all kinds of alert.
func AlertKinds() []AlertKind {
	return []AlertKind{
		AlertThreshold, AlertOverage, AlertDrift, AlertUnknown, AlertQuarantined, AlertDifference,
	}
}

// Thresholds returns the shares of a limit, in percent and rising, that an account alerts at.
func Thresholds() []int { return []int{50, 75, 90, 100} }

// reached reports whether so many percent of the limit are spent. What is held does not count, since most of a hold
// comes back. Nothing is reached while nothing is spent, nor without a limit.
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

// Alert is something that somebody should hear of. Which fields it has beside the first four depends on its kind.
type Alert struct {
	OrganizationID, ID uuid.UUID // the nil OrganizationID is the operator
	Kind               AlertKind
	At                 time.Time

	// Of a THRESHOLD and an OVERAGE: the entry that caused it, and what its account said afterwards.
	AccountID     *uuid.UUID
	AccountKind   AccountKind
	Period        *Period // of a month's account
	Sequence      int64
	LimitSequence int64 // of a THRESHOLD: the entry that set the limit
	Threshold     int   // in percent
	Settled       Pico
	Limit         Limit

	// The call it is about, or that the entry is about.
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

// Difference is what a RECONCILIATION_DIFFERENCE was when it was first seen. What differs by less than a tolerance is
// none, but may be in the number of calls.
type Difference struct {
	Provider                  string
	Day                       Day // by UTC
	BookedCalls, ChargedCalls int64
	Booked, Charged           Pico
}

// DeliveryState is what has become of telling a webhook.
type DeliveryState string

// The states of a delivery. All but the first are final.
const (
	DeliveryPending     DeliveryState = "PENDING"     // it is being sent, or will be again
	DeliveryDelivered   DeliveryState = "DELIVERED"   // the receiver has acknowledged it
	DeliveryGone        DeliveryState = "GONE"        // the receiver wants no more of it
	DeliveryExpired     DeliveryState = "EXPIRED"     // a day has passed without an acknowledgement
	DeliveryUnaddressed DeliveryState = "UNADDRESSED" // the webhook was removed meanwhile
)

// DeliveryStates returns all states of a delivery.
func DeliveryStates() []DeliveryState {
	return []DeliveryState{
		DeliveryPending, DeliveryDelivered, DeliveryGone, DeliveryExpired, DeliveryUnaddressed,
	}
}

// Delivery is how far the delivery of an alert has come.
type Delivery struct {
	State       DeliveryState
	Attempts    int
	AttemptedAt *time.Time
	LastStatus  *int   // the last answer, nil when there was none
	LastError   string // why there was none
	EndedAt     *time.Time
	NextAt      *time.Time // when the next attempt is due
}

// Sentence says what the alert is about, for a person.
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
			return "A model answered that was not asked; the answer was not used."
		}
		return fmt.Sprintf("The model %q answered, which was not asked; the answer was not used.", a.Model)
	case AlertUnknown:
		return fmt.Sprintf("Nobody knows for more than an hour whether a call was charged. It holds $%s.", a.Hold)
	case AlertQuarantined:
		return fmt.Sprintf("A price of %s (%s, $%s) is doubted and not used until somebody decides.",
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
