package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
)

// Organization is the tenant.
type Organization struct {
	ID                        uuid.UUID
	TimeZone                  string
	WorkflowLimit, MonthLimit cost.Pico
	CreatedAt                 time.Time
}

// CreateOrganization writes the caller's organization if it is new.
func (s *Store) CreateOrganization(ctx context.Context, o Organization) error {
	return translate(s.q.OrganizationCreate(ctx, dbsqlc.OrganizationCreateParams{
		OrganizationID: o.ID, WorkflowLimitPico: o.WorkflowLimit, MonthLimitPico: o.MonthLimit, At: o.CreatedAt,
	}))
}

// Organization returns the caller's organization.
func (s *Store) Organization(ctx context.Context, who caller.Caller) (o Organization, found bool, err error) {
	row, err := s.q.OrganizationGet(ctx, who.OrganizationID)
	return one(row, err, func(r dbsqlc.Organization) Organization {
		return Organization{
			ID: r.ID, TimeZone: r.TimeZone, WorkflowLimit: r.WorkflowLimitPico, MonthLimit: r.MonthLimitPico,
			CreatedAt: r.CreatedAt.UTC(),
		}
	})
}

// Account returns one account.
func (s *Store) Account(
	ctx context.Context, who caller.Caller, id uuid.UUID,
) (account cost.Account, found bool, err error) {
	row, err := s.q.AccountGet(ctx, dbsqlc.AccountGetParams{OrganizationID: who.OrganizationID, ID: id})
	return one(row, err, toAccount)
}

// Accounts returns the accounts of workflows.
func (s *Store) Accounts(
	ctx context.Context, who caller.Caller, flows []uuid.UUID,
) (map[uuid.UUID]cost.Account, error) {
	rows, err := s.q.AccountListByWorkflows(ctx, dbsqlc.AccountListByWorkflowsParams{
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
	row, err := s.q.AccountGetMonth(ctx, dbsqlc.AccountGetMonthParams{OrganizationID: who.OrganizationID, At: &at})
	return one(row, err, toAccount)
}

// OpenMonth opens the account of a month, unless it is open.
func (s *Store) OpenMonth(
	ctx context.Context, who caller.Caller, id uuid.UUID, period cost.Period, at time.Time,
) error {
	return translate(s.q.AccountOpenMonth(ctx, dbsqlc.AccountOpenMonthParams{
		OrganizationID: who.OrganizationID, ID: id, Kind: cost.AccountMonth, PeriodStart: &period.Start,
		PeriodEnd: &period.End, EntryKind: cost.EntryOpen, Actor: who.Actor, At: at,
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
	row, err := s.q.AccountHold(ctx, dbsqlc.AccountHoldParams{
		OrganizationID: who.OrganizationID, ID: h.AccountID, Kind: cost.EntryReserve, CallID: h.CallID,
		HoldPico: int64(h.Amount), Actor: who.Actor, At: h.At,
	})
	return one(dbsqlc.UsageAccount(row), err, toAccount)
}

// Booking is what has happened to the money of a call.
type Booking struct {
	Kind    cost.EntryKind
	Call    Call
	Delta   cost.Delta
	Overage bool
	Reason  string
	At      time.Time
}

// Book writes a booking into both accounts of its call, the workflow's first and then the month's, whatever the limits.
func (s *Store) Book(ctx context.Context, who caller.Caller, b Booking) error {
	for _, account := range []uuid.UUID{b.Call.WorkflowID, b.Call.MonthID} {
		_, err := s.q.AccountBook(ctx, dbsqlc.AccountBookParams{
			OrganizationID: b.Call.OrganizationID, ID: account, Kind: b.Kind, CallID: b.Call.ID,
			CallHoldPico: b.Call.Hold, SettledDelta: int64(b.Delta.Settled), HeldDelta: int64(b.Delta.Held),
			Overage: b.Overage, StoppedKind: cost.AccountWorkflow, Actor: who.Actor, Reason: b.Reason, At: b.At,
		})
		if err != nil {
			return translate(err)
		}
	}
	return nil
}

// Entries returns of each account the first ledger entries after a sequence number.
func (s *Store) Entries(
	ctx context.Context, who caller.Caller, accounts []uuid.UUID, after int64, first int32,
) (map[uuid.UUID][]cost.Entry, error) {
	rows, err := s.q.LedgerListByAccounts(ctx, dbsqlc.LedgerListByAccountsParams{
		OrganizationID: who.OrganizationID, AccountIds: accounts, AfterSequence: after, PageSize: first,
	})
	values, err := many(rows, err, toEntry)
	return group(values, err, func(e cost.Entry) uuid.UUID { return e.AccountID })
}

// EntryAt returns one ledger entry.
func (s *Store) EntryAt(
	ctx context.Context, who caller.Caller, account uuid.UUID, sequence int64,
) (entry cost.Entry, found bool, err error) {
	row, err := s.q.LedgerGet(ctx, dbsqlc.LedgerGetParams{
		OrganizationID: who.OrganizationID, AccountID: account, Sequence: sequence,
	})
	return one(row, err, toEntry)
}

// Prices returns the prices of models that are valid at a time; of all models when none is named.
func (s *Store) Prices(ctx context.Context, models []string, at time.Time) ([]cost.Price, error) {
	if models == nil {
		rows, err := s.q.PriceListValid(ctx, at)
		return many(rows, err, toPrice)
	}
	rows, err := s.q.PriceList(ctx, dbsqlc.PriceListParams{Models: models, At: at})
	return many(rows, err, toPrice)
}
