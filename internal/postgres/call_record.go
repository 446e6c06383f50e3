package postgres

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
	"github.com/infin8content/engine/internal/workflow"
)

// Record is a call that was made without a reservation.
type Record struct {
	ID, WorkflowID, MonthID uuid.UUID
	Step                    workflow.StepKey
	Bill                    Bill
}

// RecordCall writes a call down that was made without a reservation, and books its cost in full on both accounts, which
// it locks first, the workflow's before the month's. The call is flagged when either account goes beyond its limit.
// found is false when there is no such workflow.
func (s *Store) RecordCall(
	ctx context.Context, who caller.Caller, r Record,
) (call Call, moves []Movement, found bool, err error) {
	accounts := []uuid.UUID{r.WorkflowID, r.MonthID}
	over := make([]bool, len(accounts))
	for i, id := range accounts {
		account, there, err := s.LockAccount(ctx, who, id)
		if err != nil || !there {
			return call, nil, there, err
		}
		over[i] = !account.Balance.Covers(r.Bill.Cost)
	}
	row, err := s.forTenant(who.OrganizationID).CallRecord(ctx, dbsqlc.CallRecordParams{
		OrganizationID:   who.OrganizationID,
		ID:               r.ID,
		WorkflowID:       r.WorkflowID,
		MonthID:          r.MonthID,
		Step:             r.Step,
		Settled:          cost.CallSettled,
		Models:           []string{},
		WebSearches:      r.Bill.Usage.WebSearches,
		CostPico:         r.Bill.Cost,
		ListCostPico:     r.Bill.ListCost,
		Overage:          slices.Contains(over, true),
		Provider:         r.Bill.Provider,
		GenerationID:     r.Bill.GenerationID,
		AnsweredModel:    r.Bill.Model,
		PromptTokens:     r.Bill.Usage.PromptTokens,
		CompletionTokens: r.Bill.Usage.CompletionTokens,
		CachedTokens:     r.Bill.Usage.CachedTokens,
		ReasoningTokens:  r.Bill.Usage.ReasoningTokens,
		ItemsBilled:      r.Bill.Usage.Items,
		Actor:            who.Actor,
		At:               r.Bill.At,
	})
	if call, found, err = one(row, err, toCall); err != nil || !found {
		return call, nil, found, err
	}
	for i, id := range accounts {
		booked, err := s.book(ctx, who, id, Booking{
			Kind:    cost.EntryRecord,
			Call:    call,
			Delta:   cost.Delta{Settled: r.Bill.Cost},
			Overage: over[i],
			At:      r.Bill.At,
		})
		if err != nil {
			return call, nil, true, fmt.Errorf("record on account %s: %w", id, err)
		}
		moves = append(moves, booked)
	}
	return call, moves, true, nil
}
