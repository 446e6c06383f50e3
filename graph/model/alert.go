package model

import (
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/publicid"
)

// Alert is something that somebody should hear of, in an answer.
type Alert struct{ cost.Alert }

// IsNode says that node can find it.
func (Alert) IsNode() {}

// ID is the typed id.
func (a Alert) ID() publicid.ID { return publicid.New(publicid.Alert, a.Alert.ID) }

// Message is what it is about.
func (a Alert) Message() string { return a.Sentence() }

// CreatedAt is when it happened.
func (a Alert) CreatedAt() time.Time { return a.At }

// Account is nil when it is about none.
func (a Alert) Account() *cost.AccountKind { return given(a.AccountKind) }

// Month is nil unless it is about the account of one.
func (a Alert) Month() *cost.Period { return a.Period }

// Threshold is nil when it is about none.
func (a Alert) Threshold() *int { return given(a.Alert.Threshold) }

// Settled is nil when it is about no account.
func (a Alert) Settled() *cost.Pico {
	if a.AccountID == nil {
		return nil
	}
	return &a.Alert.Settled
}

// Limit is nil when it is about no account, or there was no limit.
func (a Alert) Limit() *cost.Pico {
	if a.AccountID == nil {
		return nil
	}
	return limit(a.Alert.Limit)
}

// EntryID is nil when no entry has caused it.
func (a Alert) EntryID() *publicid.ID {
	if a.AccountID == nil {
		return nil
	}
	id := publicid.NewNumbered(publicid.LedgerEntry, *a.AccountID, a.Sequence)
	return &id
}

// WorkflowID is nil when it is about none.
func (a Alert) WorkflowID() *publicid.ID { return typed(publicid.Workflow, a.Alert.WorkflowID) }

// CallID is nil when no call has caused it.
func (a Alert) CallID() *publicid.ID { return typed(publicid.Call, a.Alert.CallID) }

// PriceProposalID is nil when it is about none.
func (a Alert) PriceProposalID() *publicid.ID { return typed(publicid.PriceProposal, a.ProposalID) }

// Model is nil when it is about none.
func (a Alert) Model() *string { return given(a.Alert.Model) }

// Difference is nil when it is about none.
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

// AlertDifference is a difference with a provider in an answer.
type AlertDifference struct{ cost.Difference }

// AlertDelivery is the delivery of an alert in an answer.
type AlertDelivery struct{ cost.Delivery }

// LastAttemptAt is nil before the first attempt.
func (d AlertDelivery) LastAttemptAt() *time.Time { return d.AttemptedAt }

// LastError is nil when there was an answer.
func (d AlertDelivery) LastError() *string { return given(d.Delivery.LastError) }

// DeliveredAt is nil when it was not acknowledged.
func (d AlertDelivery) DeliveredAt() *time.Time {
	if d.State != cost.DeliveryDelivered {
		return nil
	}
	return d.EndedAt
}

// NextAttemptAt is nil when it is over.
func (d AlertDelivery) NextAttemptAt() *time.Time { return d.NextAt }

// AlertWebhook is where alerts are sent to.
type AlertWebhook struct{ URL string }

// AlertWebhook is nil when there is none.
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
