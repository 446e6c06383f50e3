package postgres

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
	"github.com/infin8content/engine/internal/workflow"
)

// LockOrganization returns the caller's organization and keeps others from changing it until the transaction ends.
func (s *Store) LockOrganization(ctx context.Context, who caller.Caller) (o Organization, found bool, err error) {
	row, err := s.of(who.OrganizationID).OrganizationLock(ctx, who.OrganizationID)
	return one(row, err, toOrganization)
}

// ChangeOrganization writes the settings of an organization and who changed them; a WebhookVersion that is yet to come
// says that the webhook is among them. won is false when somebody else changed them since Version; nothing is written
// then.
func (s *Store) ChangeOrganization(
	ctx context.Context, who caller.Caller, to Organization, reason string, at time.Time,
) (changed Organization, won bool, err error) {
	row, err := s.of(who.OrganizationID).OrganizationChange(ctx, dbsqlc.OrganizationChangeParams{
		OrganizationID: to.ID, Version: to.Version, TimeZone: to.TimeZone, WorkflowLimitPico: to.WorkflowLimit,
		MonthLimitPico: to.MonthLimit, Actor: who.Actor, Reason: reason, At: at,
		SetsWebhook: to.WebhookVersion > to.Version, WebhookUrl: to.WebhookURL,
	})
	return one(dbsqlc.Organization(row), err, toOrganization)
}

// LockAccount returns one account and keeps others from changing it until the transaction ends.
func (s *Store) LockAccount(
	ctx context.Context, who caller.Caller, id uuid.UUID,
) (account cost.Account, found bool, err error) {
	row, err := s.of(who.OrganizationID).AccountLock(ctx, dbsqlc.AccountLockParams{
		OrganizationID: who.OrganizationID, ID: id,
	})
	return one(row, err, toAccount)
}

// LockMonths returns the accounts of the month that starts at a time and of those after it, in order, and keeps others
// from changing them until the transaction ends.
func (s *Store) LockMonths(ctx context.Context, who caller.Caller, start time.Time) ([]cost.Account, error) {
	rows, err := s.of(who.OrganizationID).AccountLockMonths(ctx, dbsqlc.AccountLockMonthsParams{
		OrganizationID: who.OrganizationID, PeriodStart: &start,
	})
	return many(rows, err, toAccount)
}

// Limit sets the limit of an account that the transaction has locked, and lets it spend again.
func (s *Store) Limit(
	ctx context.Context, who caller.Caller, account cost.Account, limit cost.Limit, reason string, at time.Time,
) (Movement, error) {
	delta, err := limit.Minus(account.Balance.Limit)
	if err != nil {
		return Movement{}, err
	}
	row, err := s.of(who.OrganizationID).AccountLimit(ctx, dbsqlc.AccountLimitParams{
		OrganizationID: who.OrganizationID, ID: account.ID, LimitDelta: int64(delta), Kind: cost.EntryLimit,
		Actor: who.Actor, Reason: reason, At: at,
	})
	if err != nil {
		return Movement{}, translate(err)
	}
	limited := toAccount(dbsqlc.UsageAccount(row))
	s.noteEntry(limited, ToldEntry{Kind: cost.EntryLimit})
	return Movement{Account: limited, Delta: cost.Delta{Limit: delta}, At: at}, nil
}

// LastMonth returns the last month that was opened before a time.
func (s *Store) LastMonth(
	ctx context.Context, who caller.Caller, at time.Time,
) (account cost.Account, found bool, err error) {
	row, err := s.of(who.OrganizationID).AccountGetLastMonth(ctx, dbsqlc.AccountGetLastMonthParams{
		OrganizationID: who.OrganizationID, At: &at,
	})
	return one(row, err, toAccount)
}

// NextMonth returns the first month that was opened after a time.
func (s *Store) NextMonth(
	ctx context.Context, who caller.Caller, at time.Time,
) (account cost.Account, found bool, err error) {
	row, err := s.of(who.OrganizationID).AccountGetNextMonth(ctx, dbsqlc.AccountGetNextMonthParams{
		OrganizationID: who.OrganizationID, At: &at,
	})
	return one(row, err, toAccount)
}

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
	row, err := s.of(who.OrganizationID).CallRecord(ctx, dbsqlc.CallRecordParams{
		OrganizationID: who.OrganizationID, ID: r.ID, WorkflowID: r.WorkflowID, MonthID: r.MonthID, Step: r.Step,
		Settled: cost.CallSettled, Models: []string{}, WebSearches: r.Bill.Usage.WebSearches, CostPico: r.Bill.Cost,
		ListCostPico: r.Bill.ListCost, Overage: slices.Contains(over, true), Provider: r.Bill.Provider,
		GenerationID: r.Bill.GenerationID, AnsweredModel: r.Bill.Model, PromptTokens: r.Bill.Usage.PromptTokens,
		CompletionTokens: r.Bill.Usage.CompletionTokens, CachedTokens: r.Bill.Usage.CachedTokens,
		ReasoningTokens: r.Bill.Usage.ReasoningTokens, Actor: who.Actor, At: r.Bill.At,
	})
	if call, found, err = one(row, err, toCall); err != nil || !found {
		return call, nil, found, err
	}
	for i, id := range accounts {
		booked, err := s.book(ctx, who, id, Booking{
			Kind: cost.EntryRecord, Call: call, Delta: cost.Delta{Settled: r.Bill.Cost}, Overage: over[i], At: r.Bill.At,
		})
		if err != nil {
			return call, nil, true, fmt.Errorf("record on account %s: %w", id, err)
		}
		moves = append(moves, booked)
	}
	return call, moves, true, nil
}

// Adjust is a correction of what was booked for a call.
type Adjust struct {
	Entry  cost.Entry // the corrected one, of the account it was named by
	Call   Call
	Delta  cost.Pico
	Reason string
	At     time.Time
}

// AdjustCall books a correction on both accounts of a call, the workflow's first; each names the entry of its own
// account. The entry that comes back is the one on the account of the corrected entry.
func (s *Store) AdjustCall(
	ctx context.Context, who caller.Caller, a Adjust,
) (entry cost.Entry, moves []Movement, err error) {
	for _, id := range []uuid.UUID{a.Call.WorkflowID, a.Call.MonthID} {
		corrected := a.Entry
		if id != a.Entry.AccountID {
			row, err := s.of(who.OrganizationID).LedgerGetSibling(ctx, dbsqlc.LedgerGetSiblingParams{
				OrganizationID: who.OrganizationID, CallID: &a.Call.ID, OtherAccountID: id, AccountID: a.Entry.AccountID,
				Sequence: a.Entry.Sequence,
			})
			if err != nil {
				return entry, nil, fmt.Errorf("find the entry on the other account: %w", translate(err))
			}
			corrected = toEntry(row)
		}
		booked, err := s.book(ctx, who, id, Booking{
			Kind: cost.EntryAdjust, Call: a.Call, Delta: cost.Delta{Settled: a.Delta}, At: a.At,
			Reason: cost.CorrectionReason(corrected.Sequence, a.Reason), Corrects: &corrected.Sequence,
		})
		if err != nil {
			return entry, nil, err
		}
		moves = append(moves, booked)
		if id == a.Entry.AccountID {
			if entry, _, err = s.EntryAt(ctx, who, id, booked.Account.Sequence); err != nil {
				return entry, nil, err
			}
		}
	}
	return entry, moves, nil
}

// Rooms returns the room of each workflow, with the month that a time falls in.
func (s *Store) Rooms(
	ctx context.Context, who caller.Caller, flows []uuid.UUID, at time.Time,
) (map[uuid.UUID]cost.Room, error) {
	rows, err := s.of(who.OrganizationID).CheckWorkflowCostLimit(ctx, dbsqlc.CheckWorkflowCostLimitParams{
		OrganizationID: who.OrganizationID, WorkflowIds: flows, At: at,
	})
	if err != nil {
		return nil, translate(err)
	}
	rooms := make(map[uuid.UUID]cost.Room, len(rows))
	for _, r := range rows {
		rooms[r.WorkflowID] = cost.Room{
			Workflow: cost.Balance{Settled: r.SettledPico, Held: r.HeldPico, Limit: r.LimitPico, Stopped: r.Stopped},
			Month: cost.Balance{
				Settled: cost.Pico(r.MonthSettledPico), Held: cost.Pico(r.MonthHeldPico),
				Limit: cost.Limit(r.MonthLimitPico), Stopped: r.MonthStopped,
			},
		}
	}
	return rooms, nil
}
