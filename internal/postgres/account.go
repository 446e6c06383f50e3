package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
)

// Account returns one account.
func (s *Store) Account(
	ctx context.Context, who caller.Caller, id uuid.UUID,
) (account cost.Account, found bool, err error) {
	row, err := s.forTenant(who.OrganizationID).AccountGet(ctx, dbsqlc.AccountGetParams{
		OrganizationID: who.OrganizationID, ID: id,
	})
	return one(row, err, toAccount)
}

// Accounts returns the accounts of workflows.
func (s *Store) Accounts(
	ctx context.Context, who caller.Caller, flows []uuid.UUID,
) (map[uuid.UUID]cost.Account, error) {
	rows, err := s.forTenant(who.OrganizationID).AccountListByWorkflows(ctx, dbsqlc.AccountListByWorkflowsParams{
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
	row, err := s.forTenant(who.OrganizationID).AccountGetMonth(ctx, dbsqlc.AccountGetMonthParams{
		OrganizationID: who.OrganizationID, At: &at,
	})
	return one(row, err, toAccount)
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
	return translate(s.forTenant(who.OrganizationID).AccountOpenMonth(ctx, dbsqlc.AccountOpenMonthParams{
		OrganizationID: who.OrganizationID,
		ID:             m.ID,
		Kind:           cost.AccountMonth,
		PeriodStart:    &m.Period.Start,
		PeriodEnd:      &m.Period.End,
		TimeZone:       m.TimeZone,
		EntryKind:      cost.EntryOpen,
		Actor:          who.Actor,
		At:             m.At,
	}))
}

// Booking is an event of a call's money.
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

// Movement is an account after an entry, with the change.
type Movement struct {
	Account cost.Account
	Delta   cost.Delta
	Overage bool
	At      time.Time
}

// Book writes a booking into both accounts of its call, the workflow's first and then the month's, whatever the limits.
// The budget of the call's article comes before both.
func (s *Store) Book(ctx context.Context, who caller.Caller, b Booking) ([]Movement, error) {
	if err := s.bookOnArticle(ctx, b.Call, b.Delta); err != nil {
		return nil, err
	}
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
	row, err := s.forTenant(who.OrganizationID).AccountBook(ctx, dbsqlc.AccountBookParams{
		OrganizationID:   b.Call.OrganizationID,
		ID:               account,
		Kind:             b.Kind,
		CallID:           b.Call.ID,
		CallHoldPico:     b.Call.Hold,
		SettledDelta:     int64(b.Delta.Settled),
		HeldDelta:        int64(b.Delta.Held),
		Overage:          b.Overage,
		StoppedKind:      b.stops(),
		Actor:            who.Actor,
		Reason:           b.Reason,
		At:               b.At,
		CorrectsSequence: b.Corrects,
		Calls:            n.calls,
		CountedSettled:   n.settled,
		CountedAssumed:   n.assumed,
		CountedAdjusted:  n.adjusted,
		CountedOverage:   n.overage,
	})
	if err != nil {
		return Movement{}, translate(err)
	}
	booked := toAccount(dbsqlc.UsageAccount(row))
	s.noteEntry(booked, CommittedEntry{Kind: b.Kind, Delta: b.Delta, Overage: b.Overage})
	return Movement{
		Account: booked,
		Delta:   b.Delta,
		Overage: b.Overage,
		At:      b.At,
	}, nil
}

// stops returns the kind of account that an overage stops. A recorded call stops none: it exceeded a limit, not a
// hold.
func (b Booking) stops() cost.AccountKind {
	if b.Kind == cost.EntryRecord {
		return ""
	}
	return cost.AccountWorkflow
}

// counts are what a booking adds to its day: a call with its outcome, or a correction.
type counts struct{ calls, settled, assumed, adjusted, overage int64 }

func (b Booking) counts() counts {
	n := counts{calls: 1}
	switch b.Kind {
	case cost.EntryAssume:
		n.assumed = int64(b.Delta.Settled)
	case cost.EntryAdjust:
		n.calls, n.adjusted = 0, int64(b.Delta.Settled)
	default:
		n.settled = int64(b.Delta.Settled)
	}
	if b.Overage && b.Kind == cost.EntrySettle {
		n.overage = int64(b.Delta.Settled - b.Call.Hold)
	}
	return n
}

// EachAccount calls visit for every account of every organization, in the order of their keys.
func (s *Store) EachAccount(ctx context.Context, visit func(cost.Account) error) error {
	in := dbsqlc.AccountListAllParams{PageSize: auditPage}
	return pages(func() ([]dbsqlc.UsageAccount, error) { return s.forAudit().AccountListAll(ctx, in) },
		func(r dbsqlc.UsageAccount) error {
			in.AfterOrganizationID, in.AfterID = r.OrganizationID, r.ID
			return visit(toAccount(r))
		})
}

// LockAccount returns one account and keeps others from changing it until the transaction ends.
func (s *Store) LockAccount(
	ctx context.Context, who caller.Caller, id uuid.UUID,
) (account cost.Account, found bool, err error) {
	row, err := s.forTenant(who.OrganizationID).AccountLock(ctx, dbsqlc.AccountLockParams{
		OrganizationID: who.OrganizationID, ID: id,
	})
	return one(row, err, toAccount)
}

// LockMonths returns the accounts of the month that starts at a time and of those after it, in order, and keeps others
// from changing them until the transaction ends.
func (s *Store) LockMonths(ctx context.Context, who caller.Caller, start time.Time) ([]cost.Account, error) {
	rows, err := s.forTenant(who.OrganizationID).AccountLockMonths(ctx, dbsqlc.AccountLockMonthsParams{
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
	row, err := s.forTenant(who.OrganizationID).AccountLimit(ctx, dbsqlc.AccountLimitParams{
		OrganizationID: who.OrganizationID,
		ID:             account.ID,
		LimitDelta:     int64(delta),
		Kind:           cost.EntryLimit,
		Actor:          who.Actor,
		Reason:         reason,
		At:             at,
	})
	if err != nil {
		return Movement{}, translate(err)
	}
	limited := toAccount(dbsqlc.UsageAccount(row))
	s.noteEntry(limited, CommittedEntry{Kind: cost.EntryLimit})
	return Movement{Account: limited, Delta: cost.Delta{Limit: delta}, At: at}, nil
}

// Rooms returns the room of each workflow, with the month that a time falls in.
func (s *Store) Rooms(
	ctx context.Context, who caller.Caller, flows []uuid.UUID, at time.Time,
) (map[uuid.UUID]cost.Room, error) {
	rows, err := s.forTenant(who.OrganizationID).AccountListWithMonth(ctx, dbsqlc.AccountListWithMonthParams{
		OrganizationID: who.OrganizationID, WorkflowIds: flows, At: at,
	})
	if err != nil {
		return nil, translate(err)
	}
	rooms := make(map[uuid.UUID]cost.Room, len(rows))
	for _, r := range rows {
		rooms[r.WorkflowID] = cost.Room{
			Workflow: cost.Balance{
				Settled: r.SettledPico,
				Held:    r.HeldPico,
				Limit:   r.LimitPico,
				Stopped: r.Stopped,
			},
			Month: cost.Balance{
				Settled: cost.Pico(r.MonthSettledPico),
				Held:    cost.Pico(r.MonthHeldPico),
				Limit:   cost.Limit(r.MonthLimitPico),
				Stopped: r.MonthStopped,
			},
		}
	}
	return rooms, nil
}

func toAccount(r dbsqlc.UsageAccount) cost.Account {
	a := cost.Account{
		OrganizationID: r.OrganizationID,
		ID:             r.ID,
		Kind:           r.Kind,
		Sequence:       r.Sequence,
		Hash:           r.Hash,
		LimitSequence:  r.LimitSequence,
		Balance: cost.Balance{
			Settled: r.SettledPico,
			Held:    r.HeldPico,
			Limit:   r.LimitPico,
			Stopped: r.Stopped,
		},
	}
	if r.PeriodStart != nil && r.PeriodEnd != nil {
		a.Period = &cost.Period{Start: r.PeriodStart.UTC(), End: r.PeriodEnd.UTC()}
	}
	return a
}

// ZonedMonth is the period of a month with the time zone that it was computed in; the zone is "" when a version before
// 0006 has opened the month.
type ZonedMonth struct {
	OrganizationID, ID uuid.UUID
	TimeZone           string
	Period             cost.Period
}

// EachMonth calls visit for every month of every organization, in order.
func (s *Store) EachMonth(ctx context.Context, visit func(ZonedMonth) error) error {
	in := dbsqlc.AccountListMonthsParams{PageSize: auditPage}
	return pages(func() ([]dbsqlc.UsageAccount, error) { return s.forAudit().AccountListMonths(ctx, in) },
		func(r dbsqlc.UsageAccount) error {
			in.AfterOrganizationID, in.AfterStart = r.OrganizationID, *r.PeriodStart
			return visit(ZonedMonth{
				OrganizationID: r.OrganizationID,
				ID:             r.ID,
				TimeZone:       value(r.TimeZone),
				Period:         *toAccount(r).Period,
			})
		})
}
