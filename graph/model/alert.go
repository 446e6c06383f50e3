package model

import (
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/publicid"
)

// Alert is an alert in an answer.
type Alert struct{ cost.Alert }

// IsNode marks a type that the field node finds.
func (Alert) IsNode() {}

// ID returns the public id.
func (a Alert) ID() publicid.ID { return publicid.New(publicid.Alert, a.Alert.ID) }

// Message returns the sentence of the alert.
func (a Alert) Message() string { return a.Sentence() }

// CreatedAt returns the time of the event.
func (a Alert) CreatedAt() time.Time { return a.At }

// Account is nil for an alert about no account.
func (a Alert) Account() *cost.AccountKind { return given(a.AccountKind) }

// Month is nil for an alert about no account of a month.
func (a Alert) Month() *cost.Period { return a.Period }

// Threshold is nil for an alert about no threshold.
func (a Alert) Threshold() *int { return given(a.Alert.Threshold) }

// Settled is nil for an alert about no account.
func (a Alert) Settled() *cost.Pico {
	if a.AccountID == nil {
		return nil
	}
	return &a.Alert.Settled
}

// Limit is nil for an alert about no account, and for an account without a limit.
func (a Alert) Limit() *cost.Pico {
	if a.AccountID == nil {
		return nil
	}
	return limit(a.Alert.Limit)
}

// EntryID is nil for an alert that no entry has caused.
func (a Alert) EntryID() *publicid.ID {
	if a.AccountID == nil {
		return nil
	}
	id := publicid.NewNumbered(publicid.LedgerEntry, *a.AccountID, a.Sequence)
	return &id
}

// WorkflowID is nil for an alert about no workflow.
func (a Alert) WorkflowID() *publicid.ID { return typed(publicid.Workflow, a.Alert.WorkflowID) }

// CallID is nil for an alert that no call has caused.
func (a Alert) CallID() *publicid.ID { return typed(publicid.Call, a.Alert.CallID) }

// PriceProposalID is nil for an alert about no proposal.
func (a Alert) PriceProposalID() *publicid.ID { return typed(publicid.PriceProposal, a.ProposalID) }

// Model is nil for an alert about no model.
func (a Alert) Model() *string { return given(a.Alert.Model) }

// Difference is nil for an alert about no difference.
func (a Alert) Difference() *AlertDifference {
	if a.Alert.Difference == nil {
		return nil
	}
	return &AlertDifference{*a.Alert.Difference}
}

// Delivery is nil when there was no webhook.
func (a Alert) Delivery() *AlertDelivery {
	if a.Alert.Delivery == nil {
		return nil
	}
	return &AlertDelivery{*a.Alert.Delivery}
}

func typed(kind publicid.Kind, id *uuid.UUID) *publicid.ID {
	if id == nil {
		return nil
	}
	named := publicid.New(kind, *id)
	return &named
}

// AlertDifference is a difference between our figure and a provider's, in an answer.
type AlertDifference struct{ cost.Difference }

// AlertDelivery is the delivery of an alert in an answer.
type AlertDelivery struct{ cost.Delivery }

// LastAttemptAt is nil before the first attempt.
func (d AlertDelivery) LastAttemptAt() *time.Time { return d.AttemptedAt }

// LastError is nil when the last attempt had an answer.
func (d AlertDelivery) LastError() *string { return given(d.Delivery.LastError) }

// DeliveredAt is nil for a delivery that was not acknowledged.
func (d AlertDelivery) DeliveredAt() *time.Time {
	if d.State != cost.DeliveryDelivered {
		return nil
	}
	return d.EndedAt
}

// NextAttemptAt is nil when no attempt follows.
func (d AlertDelivery) NextAttemptAt() *time.Time { return d.NextAt }

// AlertWebhook is the address that alerts are sent to.
type AlertWebhook struct{ URL string }

// AlertWebhook is nil for an organization without a webhook.
func (o Organization) AlertWebhook() *AlertWebhook {
	if o.WebhookURL == "" {
		return nil
	}
	return &AlertWebhook{o.WebhookURL}
}

// The list of alerts.
type (
	AlertConnection = Connection[*Alert]
	AlertEdge       = Edge[*Alert]
)
