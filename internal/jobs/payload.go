package jobs

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/publicid"
)

// message is the body of a webhook. Its ids are those of the API, so that a receiver can query the API with them.
type message struct {
	Type      string    `json:"type"` // alert.threshold
	Timestamp string    `json:"timestamp"`
	Data      alertData `json:"data"`
}

type alertData struct {
	ID             publicid.ID `json:"id"`
	OrganizationID publicid.ID `json:"organizationId"`
	Kind           string      `json:"kind"`
	Message        string      `json:"message"`
	CreatedAt      string      `json:"createdAt"`

	WorkflowID publicid.ID `json:"workflowId,omitempty"`
	CallID     publicid.ID `json:"callId,omitempty"`
	EntryID    publicid.ID `json:"entryId,omitempty"`
	Account    string      `json:"account,omitempty"`
	MonthStart string      `json:"monthStart,omitempty"`
	MonthEnd   string      `json:"monthEnd,omitempty"`
	Threshold  int         `json:"threshold,omitempty"`
	Settled    string      `json:"settled,omitempty"`
	Limit      string      `json:"limit,omitempty"`
	Model      string      `json:"model,omitempty"`

	ProposalID publicid.ID `json:"priceProposalId,omitempty"`

	Provider     string `json:"provider,omitempty"`
	Day          string `json:"day,omitempty"`
	Booked       string `json:"booked,omitempty"`
	Charged      string `json:"charged,omitempty"`
	BookedCalls  *int64 `json:"bookedCalls,omitempty"`
	ChargedCalls *int64 `json:"chargedCalls,omitempty"`
}

// payload returns the body of an alert. Each delivery has the same bytes, since the parts of an alert do not change.
func payload(a cost.Alert) ([]byte, error) {
	at := a.At.UTC().Format("2006-01-02T15:04:05.000000Z")
	data := alertData{
		ID:             publicid.New(publicid.Alert, a.ID),
		OrganizationID: publicid.New(publicid.Organization, a.OrganizationID),
		Kind:           string(a.Kind),
		Message:        a.Sentence(),
		CreatedAt:      at,
		WorkflowID:     optionalID(publicid.Workflow, a.WorkflowID),
		CallID:         optionalID(publicid.Call, a.CallID),
		ProposalID:     optionalID(publicid.PriceProposal, a.ProposalID),
		Model:          a.Model,
	}
	if a.AccountID != nil {
		data.EntryID = publicid.NewNumbered(publicid.LedgerEntry, *a.AccountID, a.Sequence)
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
		return nil, fmt.Errorf("encode alert %s: %w", a.ID, err)
	}
	return body, nil
}

// testMessage is the body of a test of a webhook.
type testMessage struct {
	Type      string   `json:"type"` // test
	Timestamp string   `json:"timestamp"`
	Data      testData `json:"data"`
}

type testData struct {
	OrganizationID publicid.ID `json:"organizationId"`
	Message        string      `json:"message"`
}

// TestPayload returns the body of a test of a webhook.
func TestPayload(organization uuid.UUID, at time.Time) ([]byte, error) {
	return json.Marshal(testMessage{
		Type:      "test",
		Timestamp: at.UTC().Format("2006-01-02T15:04:05.000000Z"),
		Data: testData{
			OrganizationID: publicid.New(publicid.Organization, organization),
			Message:        "This is a test of the webhook. Nothing has happened.",
		},
	})
}

// optionalID returns "" for nil.
func optionalID(kind publicid.Kind, id *uuid.UUID) publicid.ID {
	if id == nil {
		return ""
	}
	return publicid.New(kind, *id)
}
