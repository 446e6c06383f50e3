package postgres

import (
	"context"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
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

// Settled is the outcome of a settlement. Booked is false when nothing was changed.
type Settled struct {
	Call   Call
	Booked bool
}

// SettleCalls settles calls of one organization in one transaction, in their order. Each call is booked or left alone
// on its own. SettleCall and Book are for those that it leaves alone: calls with an outcome or another generation,
// for an article, beyond their hold or across a threshold, and those of a used key. After an error no call is booked,
// unless the connection broke.
func (s *Store) SettleCalls(
	ctx context.Context, organization uuid.UUID, all []NewSettlement,
) (made []Settled, err error) {
	if len(all) == 1 {
		return s.createSettlements(ctx, organization, all)
	}
	lock := dbsqlc.CallSettlementLockParams{OrganizationID: organization, KeyClass: keyLock, Keys: []string{}}
	for _, n := range all {
		lock.Ids = append(lock.Ids, n.Call.ID)
		if n.Key != "" {
			lock.Keys = append(lock.Keys, n.Key)
		}
	}
	err = s.InTx(ctx, func(tx *Store) error {
		// One statement after the other would lock the rows in another order than other transactions do.
		if err := tx.forTenantGenericPlan(organization).CallSettlementLock(ctx, lock); err != nil {
			return err
		}
		made, err = tx.createSettlements(ctx, organization, all)
		return err
	})
	if err != nil {
		return nil, err
	}
	return made, nil
}

func (s *Store) createSettlements(
	ctx context.Context, organization uuid.UUID, all []NewSettlement,
) ([]Settled, error) {
	params := make([]dbsqlc.CallSettlementCreateParams, len(all))
	for i, n := range all {
		params[i] = settleParams(organization, n)
	}
	made, changes := make([]Settled, len(all)), []Change{}
	q := s.forTenantGenericPlan(organization)
	err := eachOf(q.CallSettlementCreate(ctx, params), func(i int, row dbsqlc.CallSettlementCreateRow) {
		made[i] = Settled{Call: settledCall(all[i], row), Booked: true}
		delta := cost.Delta{Settled: all[i].Bill.Cost, Held: -all[i].Call.Hold}
		changes = append(changes, ledgerChange(organization, all[i].Call.WorkflowID, row.Sequence,
			CommittedEntry{Kind: cost.EntrySettle, Delta: delta}))
	})
	if err != nil {
		return nil, translate(err)
	}
	for _, c := range changes {
		s.note(c)
	}
	return made, nil
}

func settleParams(organization uuid.UUID, n NewSettlement) dbsqlc.CallSettlementCreateParams {
	var thresholds []int64
	for _, percent := range cost.Thresholds() {
		thresholds = append(thresholds, int64(percent))
	}
	return dbsqlc.CallSettlementCreateParams{
		OrganizationID:   organization,
		ID:               n.Call.ID,
		FromStates:       before(cost.CallSettled),
		CostPico:         int64(n.Bill.Cost),
		GenerationID:     n.Bill.GenerationID,
		Thresholds:       thresholds,
		KeyClass:         keyLock,
		Key:              pointer(n.Key),
		Fingerprint:      n.Fingerprint,
		Actor:            n.Actor,
		At:               n.Bill.At,
		Settled:          cost.CallSettled,
		ListCostPico:     n.Bill.ListCost,
		AnsweredModel:    n.Bill.Model,
		Provider:         n.Bill.Provider,
		PromptTokens:     n.Bill.Usage.PromptTokens,
		CompletionTokens: n.Bill.Usage.CompletionTokens,
		CachedTokens:     n.Bill.Usage.CachedTokens,
		ReasoningTokens:  n.Bill.Usage.ReasoningTokens,
		MadeSearches:     n.Bill.Usage.WebSearches,
		ItemsBilled:      n.Bill.Usage.Items,
		FailureCode:      pointer(n.Bill.Failure),
		Kind:             cost.EntrySettle,
		Reason:           string(n.Bill.Failure),
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
