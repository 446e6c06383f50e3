package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
	"github.com/infin8content/engine/internal/workflow"
)

// NewSettlement is the bill of an open call.
type NewSettlement struct {
	Call  Call // as it was read
	Bill  Bill
	Actor string
	// Key is claimed with the fingerprint of the request; "" when there is none.
	Key         string
	Fingerprint []byte
}

// CheckTexts returns INVALID_INPUT for texts that the database cannot keep.
func (n NewSettlement) CheckTexts() error {
	b := n.Bill
	return checkText(n.Actor, n.Key, b.Model, b.Provider, b.GenerationID, string(b.Failure))
}

// Settled is the outcome of a settlement. Booked is false when nothing was changed.
type Settled struct {
	Call   Call
	Flow   workflow.Workflow // the workflow that pays, as it was when the statement began
	Booked bool
}

// SettleCalls settles calls by one statement, in their order. They may be of several organizations. SettleCall and Book
// are for those that it leaves alone: calls with an outcome or another generation, for an article, beyond their hold,
// or of a used key. The same holds for a call when its cost and those of all calls before it cross a threshold: such a
// call may be booked alone. After an error no call is booked, unless the connection broke. The error is ErrLocked as
// for ReserveCalls.
func (s *Store) SettleCalls(ctx context.Context, all []NewSettlement, wait time.Duration) ([]Settled, error) {
	rows, organizations := make([]callSettlementRow, len(all)), make([]uuid.UUID, len(all))
	for i, n := range all {
		if err := n.CheckTexts(); err != nil {
			return nil, err
		}
		rows[i], organizations[i] = toCallSettlementRow(i, n), n.Call.OrganizationID
	}
	encoded, err := json.Marshal(rows)
	if err != nil {
		return nil, fmt.Errorf("encode settlements: %w", err)
	}
	in := dbsqlc.CallSettlementCreateParams{
		Bills:      encoded,
		KeyClass:   keyLock,
		FromStates: before(cost.CallSettled),
		Settled:    cost.CallSettled,
		Kind:       string(cost.EntrySettle),
	}
	for _, percent := range cost.Thresholds() {
		in.Thresholds = append(in.Thresholds, int64(percent))
	}
	settled, err := s.forBooker(organizations, wait).CallSettlementCreate(ctx, in)
	if err != nil {
		return nil, translateBooking(err)
	}
	made := make([]Settled, len(all))
	for _, row := range settled {
		n := all[row.Number]
		made[row.Number] = Settled{Call: settledCall(n, row), Flow: toWorkflow(row.IntentWorkflow), Booked: true}
		s.note(ledgerChange(n.Call.OrganizationID, n.Call.WorkflowID, row.Sequence, CommittedEntry{
			Kind: cost.EntrySettle, Delta: cost.Delta{Settled: n.Bill.Cost, Held: -n.Call.Hold},
		}))
	}
	return made, nil
}

// callSettlementRow is a settlement as CallSettlementCreate reads it.
type callSettlementRow struct {
	Number           int                   `json:"number"`
	OrganizationID   uuid.UUID             `json:"organization_id"`
	ID               uuid.UUID             `json:"id"`
	CostPico         int64                 `json:"cost_pico"`
	ListCostPico     *int64                `json:"list_cost_pico"`
	Model            string                `json:"model"`
	Provider         *string               `json:"provider"`
	GenerationID     *string               `json:"generation_id"`
	PromptTokens     int64                 `json:"prompt_tokens"`
	CompletionTokens int64                 `json:"completion_tokens"`
	CachedTokens     int64                 `json:"cached_tokens"`
	ReasoningTokens  int64                 `json:"reasoning_tokens"`
	WebSearches      int64                 `json:"web_searches"`
	Items            *int64                `json:"items"` // nil for none
	FailureCode      *workflow.FailureCode `json:"failure_code"`
	Actor            string                `json:"actor"`
	Key              *string               `json:"key"`
	Fingerprint      *bytea                `json:"fingerprint"`
	At               time.Time             `json:"at"`
}

func toCallSettlementRow(number int, n NewSettlement) callSettlementRow {
	return callSettlementRow{
		Number:           number,
		OrganizationID:   n.Call.OrganizationID,
		ID:               n.Call.ID,
		CostPico:         int64(n.Bill.Cost),
		ListCostPico:     (*int64)(n.Bill.ListCost),
		Model:            n.Bill.Model,
		Provider:         pointer(n.Bill.Provider),
		GenerationID:     pointer(n.Bill.GenerationID),
		PromptTokens:     n.Bill.Usage.PromptTokens,
		CompletionTokens: n.Bill.Usage.CompletionTokens,
		CachedTokens:     n.Bill.Usage.CachedTokens,
		ReasoningTokens:  n.Bill.Usage.ReasoningTokens,
		WebSearches:      n.Bill.Usage.WebSearches,
		Items:            pointer(n.Bill.Usage.Items),
		FailureCode:      pointer(n.Bill.Failure),
		Actor:            n.Actor,
		Key:              pointer(n.Key),
		Fingerprint:      digest(n.Key, n.Fingerprint),
		At:               n.Bill.At,
	}
}

// settledCall returns a call as it was settled.
func settledCall(n NewSettlement, row dbsqlc.CallSettlementCreateRow) Call {
	c, at := n.Call, n.Bill.At.UTC()
	c.State, c.Cost, c.ListCost, c.EndedAt = cost.CallSettled, &n.Bill.Cost, n.Bill.ListCost, &at
	c.AnsweredModel, c.Usage, c.FailureCode = n.Bill.Model, n.Bill.Usage, string(n.Bill.Failure)
	c.Provider, c.GenerationID, c.DispatchedAt = row.Provider, value(row.GenerationID), row.DispatchedAt
	return c
}
