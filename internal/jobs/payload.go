package jobs

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
)

// message is the body of a webhook. Its ids are those of the API, so that a receiver can ask there for the rest.
type message struct {
	Type      string     `json:"type"` // alert.threshold
	Timestamp string     `json:"timestamp"`
	Data      alertsData `json:"data"`
}

type alertsData struct {
	ID             string `json:"id"`
	OrganizationID string `json:"organizationId"`
	Kind           string `json:"kind"`
	Message        string `json:"message"`
	CreatedAt      string `json:"createdAt"`

	WorkflowID string `json:"workflowId,omitempty"`
	CallID     string `json:"callId,omitempty"`
	EntryID    string `json:"entryId,omitempty"`
	Account    string `json:"account,omitempty"`
	MonthStart string `json:"monthStart,omitempty"`
	MonthEnd   string `json:"monthEnd,omitempty"`
	Threshold  int    `json:"threshold,omitempty"`
	Settled    string `json:"settled,omitempty"`
	Limit      string `json:"limit,omitempty"`
	Model      string `json:"model,omitempty"`

	ProposalID string `json:"priceProposalId,omitempty"`

	Provider     string `json:"provider,omitempty"`
	Day          string `json:"day,omitempty"`
	Booked       string `json:"booked,omitempty"`
	Charged      string `json:"charged,omitempty"`
	BookedCalls  *int64 `json:"bookedCalls,omitempty"`
	ChargedCalls *int64 `json:"chargedCalls,omitempty"`
}

// payload is what a receiver is told of an alert: the same bytes each time, since nothing that an alert is made of
// changes.
func payload(a cost.Alert) ([]byte, error) {
	at := a.At.UTC().Format("2006-01-02T15:04:05.000000Z")
	data := alertsData{
		ID: alertID(a), OrganizationID: "org_" + a.OrganizationID.String(), Kind: string(a.Kind), Message: a.Sentence(),
		CreatedAt: at, WorkflowID: typed("wf_", a.WorkflowID), CallID: typed("call_", a.CallID),
		ProposalID: typed("prop_", a.ProposalID), Model: a.Model,
	}
	if a.AccountID != nil {
		data.EntryID = fmt.Sprintf("led_%s_%d", a.AccountID, a.Sequence)
		data.Account, data.Threshold = string(a.AccountKind), a.Threshold
		data.Settled = a.Settled.String()
		if limit, limited := a.Limit.Amount(); limited {
			data.Limit = limit.String()
		}
	}
	if a.Period != nil {
		data.MonthStart, data.MonthEnd = a.Period.Start.Format(time.RFC3339), a.Period.End.Format(time.RFC3339)
	}
	if d := a.Difference; d != nil {
		data.Provider, data.Day = d.Provider, d.Day.String()
		data.Booked, data.Charged = d.Booked.String(), d.Charged.String()
		data.BookedCalls, data.ChargedCalls = &d.BookedCalls, &d.ChargedCalls
	}
	body, err := json.Marshal(message{
		Type: "alert." + strings.ToLower(string(a.Kind)), Timestamp: at, Data: data,
	})
	if err != nil {
		return nil, fmt.Errorf("write alert %s down: %w", a.ID, err)
	}
	return body, nil
}

// alertID is the id of an alert in the API, and that of its message.
func alertID(a cost.Alert) string { return "alert_" + a.ID.String() }

func typed(prefix string, id *uuid.UUID) string {
	if id == nil {
		return ""
	}
	return prefix + id.String()
}
