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

// Entries returns of each account the first ledger entries after a sequence number.
func (s *Store) Entries(
	ctx context.Context, who caller.Caller, accounts []uuid.UUID, after int64, first int32,
) (map[uuid.UUID][]cost.Entry, error) {
	rows, err := s.forTenant(who.OrganizationID).LedgerListByAccounts(ctx, dbsqlc.LedgerListByAccountsParams{
		OrganizationID: who.OrganizationID,
		AccountIds:     accounts,
		AfterSequence:  after,
		PageSize:       first,
	})
	values, err := many(rows, err, toEntry)
	return group(values, err, func(e cost.Entry) uuid.UUID { return e.AccountID })
}

// EntriesBefore returns of each account the last ledger entries before a sequence number, the last first.
func (s *Store) EntriesBefore(
	ctx context.Context, who caller.Caller, accounts []uuid.UUID, before int64, last int32,
) (map[uuid.UUID][]cost.Entry, error) {
	rows, err := s.forTenant(who.OrganizationID).LedgerListByAccountsDescending(ctx,
		dbsqlc.LedgerListByAccountsDescendingParams{
			OrganizationID: who.OrganizationID,
			AccountIds:     accounts,
			BeforeSequence: before,
			PageSize:       last,
		})
	values, err := many(rows, err, toEntry)
	return group(values, err, func(e cost.Entry) uuid.UUID { return e.AccountID })
}

// EntryFilter chooses entries of accounts, of all months without one. Empty Kinds choose all. The times are always set.
type EntryFilter struct {
	Accounts []uuid.UUID
	Kinds    []cost.EntryKind
	From, To time.Time
}

// TimedEntryCursor is a place among the entries of several accounts by time.
type TimedEntryCursor struct {
	At time.Time
	EntryCursor
}

// TimedEntryPage selects entries before a place, the newest first, or after it, the oldest first.
type TimedEntryPage struct {
	Filter    EntryFilter
	Ascending bool
	From      TimedEntryCursor
	Size      int32
}

// EntriesByTime returns a page of the entries of accounts by time.
func (s *Store) EntriesByTime(ctx context.Context, who caller.Caller, p TimedEntryPage) ([]cost.Entry, error) {
	in := dbsqlc.LedgerListByTimeParams{
		OrganizationID: who.OrganizationID,
		AccountIds:     orNone(p.Filter.Accounts),
		FromTime:       p.Filter.From,
		ToTime:         p.Filter.To,
		Kinds:          texts(p.Filter.Kinds),
		CursorAt:       p.From.At,
		CursorAccount:  p.From.AccountID,
		CursorSequence: p.From.Sequence,
		PageSize:       p.Size,
	}
	q := s.forTenantCustomPlan(who.OrganizationID)
	if p.Ascending {
		rows, err := q.LedgerListByTime(ctx, in)
		return many(rows, err, toEntry)
	}
	rows, err := q.LedgerListByTimeDescending(ctx, dbsqlc.LedgerListByTimeDescendingParams(in))
	return many(rows, err, toEntry)
}

// CountEntries counts the entries that a filter chooses.
func (s *Store) CountEntries(ctx context.Context, who caller.Caller, f EntryFilter) (int, error) {
	n, err := s.forTenantCustomPlan(who.OrganizationID).LedgerCountByTime(ctx, dbsqlc.LedgerCountByTimeParams{
		OrganizationID: who.OrganizationID,
		AccountIds:     orNone(f.Accounts),
		FromTime:       f.From,
		ToTime:         f.To,
		Kinds:          texts(f.Kinds),
	})
	return int(n), translate(err)
}

// EntryAt returns one ledger entry.
func (s *Store) EntryAt(
	ctx context.Context, who caller.Caller, account uuid.UUID, sequence int64,
) (entry cost.Entry, found bool, err error) {
	row, err := s.forTenant(who.OrganizationID).LedgerGet(ctx, dbsqlc.LedgerGetParams{
		OrganizationID: who.OrganizationID, AccountID: account, Sequence: sequence,
	})
	return one(row, err, toEntry)
}

// EachEntry calls visit for every ledger entry of every organization, in the order of their keys.
func (s *Store) EachEntry(ctx context.Context, visit func(cost.Entry) error) error {
	in := dbsqlc.LedgerListAllParams{AfterSequence: -1, PageSize: auditPage}
	return pages(func() ([]dbsqlc.AiUsageLedger, error) { return s.forAudit().LedgerListAll(ctx, in) },
		func(r dbsqlc.AiUsageLedger) error {
			in.AfterOrganizationID, in.AfterAccountID, in.AfterSequence = r.OrganizationID, r.AccountID, r.Sequence
			return visit(toEntry(r))
		})
}

// entriesOfCalls returns all ledger entries of calls, of any organization, in the order of the calls' keys.
func (s *Store) entriesOfCalls(ctx context.Context, calls []dbsqlc.AiCall) ([]cost.Entry, error) {
	var in dbsqlc.LedgerListByCallsParams
	for _, r := range calls {
		in.OrganizationIds, in.CallIds = append(in.OrganizationIds, r.OrganizationID), append(in.CallIds, r.ID)
	}
	rows, err := s.forAudit().LedgerListByCalls(ctx, in)
	return many(rows, err, toEntry)
}

// StrayEntries returns ledger entries of calls that are not there, a page of them at most.
func (s *Store) StrayEntries(ctx context.Context) ([]cost.Entry, error) {
	rows, err := s.forAudit().LedgerListStray(ctx, auditPage)
	return many(rows, err, toEntry)
}

// LastEntryOf returns the last entry of a kind that the workflow's account has for a call, corrections of a named entry
// aside.
func (s *Store) LastEntryOf(
	ctx context.Context, c Call, kind cost.EntryKind,
) (entry cost.Entry, found bool, err error) {
	row, err := s.forTenant(c.OrganizationID).LedgerGetLastOfCall(ctx, dbsqlc.LedgerGetLastOfCallParams{
		OrganizationID: c.OrganizationID,
		AccountID:      c.WorkflowID,
		CallID:         &c.ID,
		Kind:           kind,
	})
	return one(row, err, toEntry)
}

// BookedFor returns the sum of a call's bookings.
func (s *Store) BookedFor(ctx context.Context, c Call) (cost.Pico, error) {
	sum, err := s.forTenant(c.OrganizationID).LedgerBookedForCall(ctx, dbsqlc.LedgerBookedForCallParams{
		OrganizationID: c.OrganizationID, AccountID: c.WorkflowID, CallID: &c.ID,
	})
	return cost.Pico(sum), translate(err)
}

// AccountEntry is a ledger entry with the kind of its account, and the article of its call if it has one.
type AccountEntry struct {
	cost.Entry
	Account   cost.AccountKind
	ArticleID *uuid.UUID
}

// EntryCursor is a place among an organization's ledgers.
type EntryCursor struct {
	AccountID uuid.UUID
	Sequence  int64
}

// EntryPage is TransitionPage for the ledgers.
func (s *Store) EntryPage(
	ctx context.Context, who caller.Caller, within cost.Period, after EntryCursor,
) (page []AccountEntry, done bool, err error) {
	rows, err := s.forTenant(who.OrganizationID).LedgerListByOrganization(ctx, dbsqlc.LedgerListByOrganizationParams{
		OrganizationID: who.OrganizationID,
		AfterAccountID: after.AccountID,
		AfterSequence:  after.Sequence,
		FromTime:       within.Start,
		ToTime:         within.End,
		PageSize:       exportPage,
	})
	page, err = many(rows, err, func(r dbsqlc.LedgerListByOrganizationRow) AccountEntry {
		return AccountEntry{Entry: toEntry(r.AiUsageLedger), Account: r.AccountKind, ArticleID: r.ArticleID}
	})
	return page, len(page) < exportPage, err
}

// Adjust is a correction of the booked cost of a call.
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
	if err := s.bookOnArticle(ctx, a.Call, cost.Delta{Settled: a.Delta}); err != nil {
		return entry, nil, err
	}
	for _, id := range []uuid.UUID{a.Call.WorkflowID, a.Call.MonthID} {
		corrected := a.Entry
		if id != a.Entry.AccountID {
			row, err := s.forTenant(who.OrganizationID).LedgerGetSibling(ctx, dbsqlc.LedgerGetSiblingParams{
				OrganizationID: who.OrganizationID,
				CallID:         &a.Call.ID,
				OtherAccountID: id,
				AccountID:      a.Entry.AccountID,
				Sequence:       a.Entry.Sequence,
			})
			if err != nil {
				return entry, nil, fmt.Errorf("find the entry on the other account: %w", translate(err))
			}
			corrected = toEntry(row)
		}
		booked, err := s.book(ctx, who, id, Booking{
			Kind:     cost.EntryAdjust,
			Call:     a.Call,
			Delta:    cost.Delta{Settled: a.Delta},
			At:       a.At,
			Reason:   cost.CorrectionReason(corrected.Sequence, a.Reason),
			Corrects: &corrected.Sequence,
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

func toEntry(r dbsqlc.AiUsageLedger) cost.Entry {
	return cost.Entry{
		OrganizationID: r.OrganizationID,
		AccountID:      r.AccountID,
		Sequence:       r.Sequence,
		Kind:           r.Kind,
		CallID:         r.CallID,
		Before: cost.Balance{
			Settled: r.SettledBefore,
			Held:    r.HeldBefore,
			Limit:   r.LimitBefore,
			Stopped: r.StoppedBefore,
		},
		After: cost.Balance{
			Settled: r.SettledAfter,
			Held:    r.HeldAfter,
			Limit:   r.LimitAfter,
			Stopped: r.StoppedAfter,
		},
		Delta:         cost.Delta{Settled: r.SettledDelta, Held: r.HeldDelta, Limit: r.LimitDelta},
		Overage:       r.Overage,
		Actor:         r.Actor,
		Reason:        r.Reason,
		At:            r.OccurredAt.UTC(),
		PreviousHash:  r.PreviousHash,
		Hash:          r.Hash,
		Corrects:      r.CorrectsSequence,
		LimitSequence: r.LimitSequence,
	}
}
