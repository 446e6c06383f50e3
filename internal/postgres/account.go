package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
)

// Organization is the tenant.
type Organization struct {
	ID                        uuid.UUID
	Version                   int
	TimeZone                  string
	WorkflowLimit, MonthLimit cost.Limit
	CreatedAt                 time.Time
	// WebhookURL is where it is told of alerts, "" for nowhere, and WebhookVersion the change that has set it.
	WebhookURL     string
	WebhookVersion int
}

// CreateOrganization writes the caller's organization if it is new.
func (s *Store) CreateOrganization(ctx context.Context, who caller.Caller, o Organization) error {
	return translate(s.of(who.OrganizationID).OrganizationCreate(ctx, dbsqlc.OrganizationCreateParams{
		OrganizationID: o.ID, TimeZone: o.TimeZone, Actor: who.Actor, WorkflowLimitPico: o.WorkflowLimit,
		MonthLimitPico: o.MonthLimit, At: o.CreatedAt,
	}))
}

// Organization returns the caller's organization.
func (s *Store) Organization(ctx context.Context, who caller.Caller) (o Organization, found bool, err error) {
	row, err := s.of(who.OrganizationID).OrganizationGet(ctx, who.OrganizationID)
	return one(row, err, toOrganization)
}

// Account returns one account.
func (s *Store) Account(
	ctx context.Context, who caller.Caller, id uuid.UUID,
) (account cost.Account, found bool, err error) {
	row, err := s.of(who.OrganizationID).AccountGet(ctx, dbsqlc.AccountGetParams{
		OrganizationID: who.OrganizationID, ID: id,
	})
	return one(row, err, toAccount)
}

// Accounts returns the accounts of workflows.
func (s *Store) Accounts(
	ctx context.Context, who caller.Caller, flows []uuid.UUID,
) (map[uuid.UUID]cost.Account, error) {
	rows, err := s.of(who.OrganizationID).AccountListByWorkflows(ctx, dbsqlc.AccountListByWorkflowsParams{
		OrganizationID: who.OrganizationID, WorkflowIds: flows,
	})
	if err != nil {
		return nil, translate(err)
	}
	accounts := make(map[uuid.UUID]cost.Account, len(rows))
	for _, r := range rows {
		accounts[r.ID] = toAccount(r)
	}
	return accounts, nil
}

// Month returns the account of the month that a time falls in.
func (s *Store) Month(
	ctx context.Context, who caller.Caller, at time.Time,
) (account cost.Account, found bool, err error) {
	row, err := s.of(who.OrganizationID).AccountGetMonth(ctx, dbsqlc.AccountGetMonthParams{
		OrganizationID: who.OrganizationID, At: &at,
	})
	return one(row, err, toAccount)
}

// RunningMonth returns the account of the month that a time falls in. For a month that is not opened yet it has the nil
// UUID, and a balance of zero under the organization's limit.
func (s *Store) RunningMonth(
	ctx context.Context, who caller.Caller, o Organization, at time.Time,
) (cost.Account, error) {
	month, found, err := s.Month(ctx, who, at)
	if err != nil || found {
		return month, err
	}
	period, err := s.MonthPeriod(ctx, who, at, o.TimeZone)
	return cost.Account{
		OrganizationID: o.ID,
		Kind:           cost.AccountMonth,
		Period:         &period,
		Balance:        cost.Balance{Limit: o.MonthLimit},
	}, err
}

// MonthPeriod returns the month that a time falls in. It begins after the last one that was opened, which may have had
// another zone, and ends before the next one, which a server whose clock is ahead may have opened.
func (s *Store) MonthPeriod(
	ctx context.Context, who caller.Caller, at time.Time, timeZone string,
) (cost.Period, error) {
	last, found, err := s.LastMonth(ctx, who, at)
	if err != nil {
		return cost.Period{}, fmt.Errorf("read the month before: %w", err)
	}
	var before cost.Period
	if found && last.Period != nil {
		before = *last.Period
	}
	if before.Contains(at) { // Another caller has opened it since Month was asked.
		return before, nil
	}
	period, err := cost.MonthAfter(at, timeZone, before)
	if err != nil {
		return period, err
	}
	next, found, err := s.NextMonth(ctx, who, at)
	if err != nil {
		return period, fmt.Errorf("read the month after: %w", err)
	}
	if found && next.Period != nil && next.Period.Start.Before(period.End) {
		period.End = next.Period.Start
	}
	return period, nil
}

// NewMonth is a month to be opened. TimeZone is the one that its period was computed in.
type NewMonth struct {
	ID       uuid.UUID
	Period   cost.Period
	TimeZone string
	At       time.Time
}

// OpenMonth opens the account of a month, unless it is open, or the organization's time zone is another one now.
func (s *Store) OpenMonth(ctx context.Context, who caller.Caller, m NewMonth) error {
	return translate(s.of(who.OrganizationID).AccountOpenMonth(ctx, dbsqlc.AccountOpenMonthParams{
		OrganizationID: who.OrganizationID, ID: m.ID, Kind: cost.AccountMonth, PeriodStart: &m.Period.Start,
		PeriodEnd: &m.Period.End, TimeZone: m.TimeZone, EntryKind: cost.EntryOpen, Actor: who.Actor, At: m.At,
	}))
}

// Hold is money to be reserved on one account.
type Hold struct {
	AccountID, CallID uuid.UUID
	Amount            cost.Pico
	At                time.Time
}

// Hold reserves money if it fits below the limit. held is false when it does not; nothing is written then.
func (s *Store) Hold(ctx context.Context, who caller.Caller, h Hold) (account cost.Account, held bool, err error) {
	row, err := s.of(who.OrganizationID).AccountHold(ctx, dbsqlc.AccountHoldParams{
		OrganizationID: who.OrganizationID, ID: h.AccountID, Kind: cost.EntryReserve, CallID: h.CallID,
		HoldPico: int64(h.Amount), Actor: who.Actor, At: h.At,
	})
	if account, held, err = one(dbsqlc.UsageAccount(row), err, toAccount); held {
		s.noteEntry(account, ToldEntry{Kind: cost.EntryReserve, Delta: cost.Delta{Held: h.Amount}})
	}
	return account, held, err
}

// Booking is what has happened to the money of a call.
type Booking struct {
	Kind    cost.EntryKind
	Call    Call
	Delta   cost.Delta
	Overage bool
	Reason  string
	At      time.Time
	// Corrects is the entry that an adjustment corrects, by its sequence number; nil for none in particular.
	Corrects *int64
}

// Movement is an account after an entry, with what the entry has changed.
type Movement struct {
	Account cost.Account
	Delta   cost.Delta
	Overage bool
	At      time.Time
}

// Book writes a booking into both accounts of its call, the workflow's first and then the month's, whatever the limits.
func (s *Store) Book(ctx context.Context, who caller.Caller, b Booking) ([]Movement, error) {
	moves := make([]Movement, 0, 2)
	for _, account := range []uuid.UUID{b.Call.WorkflowID, b.Call.MonthID} {
		booked, err := s.book(ctx, who, account, b)
		if err != nil {
			return nil, err
		}
		moves = append(moves, booked)
	}
	return moves, nil
}

// book writes a booking into one account.
func (s *Store) book(
	ctx context.Context, who caller.Caller, account uuid.UUID, b Booking,
) (Movement, error) {
	n := b.counts()
	row, err := s.of(who.OrganizationID).RecordUsageAndIncrement(ctx, dbsqlc.RecordUsageAndIncrementParams{
		OrganizationID: b.Call.OrganizationID, ID: account, Kind: b.Kind, CallID: b.Call.ID,
		CallHoldPico: b.Call.Hold, SettledDelta: int64(b.Delta.Settled), HeldDelta: int64(b.Delta.Held),
		Overage: b.Overage, StoppedKind: b.stops(), Actor: who.Actor, Reason: b.Reason, At: b.At,
		CorrectsSequence: b.Corrects, Calls: n.calls, CountedSettled: n.settled, CountedAssumed: n.assumed,
		CountedAdjusted: n.adjusted, CountedOverage: n.overage,
	})
	if err != nil {
		return Movement{}, translate(err)
	}
	booked := toAccount(dbsqlc.UsageAccount(row))
	s.noteEntry(booked, ToldEntry{Kind: b.Kind, Delta: b.Delta, Overage: b.Overage})
	return Movement{Account: booked, Delta: b.Delta, Overage: b.Overage, At: b.At}, nil
}

// stops is the kind of account that an overage stops. A recorded call stops none: it went beyond a limit, not a hold.
func (b Booking) stops() cost.AccountKind {
	if b.Kind == cost.EntryRecord {
		return ""
	}
	return cost.AccountWorkflow
}

// Entries returns of each account the first ledger entries after a sequence number.
func (s *Store) Entries(
	ctx context.Context, who caller.Caller, accounts []uuid.UUID, after int64, first int32,
) (map[uuid.UUID][]cost.Entry, error) {
	rows, err := s.of(who.OrganizationID).LedgerListByAccounts(ctx, dbsqlc.LedgerListByAccountsParams{
		OrganizationID: who.OrganizationID, AccountIds: accounts, AfterSequence: after, PageSize: first,
	})
	values, err := many(rows, err, toEntry)
	return group(values, err, func(e cost.Entry) uuid.UUID { return e.AccountID })
}

// EntryAt returns one ledger entry.
func (s *Store) EntryAt(
	ctx context.Context, who caller.Caller, account uuid.UUID, sequence int64,
) (entry cost.Entry, found bool, err error) {
	row, err := s.of(who.OrganizationID).LedgerGet(ctx, dbsqlc.LedgerGetParams{
		OrganizationID: who.OrganizationID, AccountID: account, Sequence: sequence,
	})
	return one(row, err, toEntry)
}
