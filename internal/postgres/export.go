package postgres

import (
	"context"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
	"github.com/infin8content/engine/internal/workflow"
)

// exportPage is how many rows an export has in memory at a time.
const exportPage = 500

// TransitionKey is a place among an organization's journals.
type TransitionKey struct {
	WorkflowID uuid.UUID
	Version    int
}

// TransitionPage returns the next journal rows of the organization that were written within a period, by key. done is
// true when there are no more. Between two pages nothing is locked or kept open: a journal only grows, so what has been
// read stays true, and of each workflow what was read has no gap.
func (s *Store) TransitionPage(
	ctx context.Context, who caller.Caller, within cost.Period, after TransitionKey,
) (page []workflow.Transition, done bool, err error) {
	rows, err := s.of(who.OrganizationID).TransitionListByOrganization(ctx, dbsqlc.TransitionListByOrganizationParams{
		OrganizationID: who.OrganizationID, AfterWorkflowID: after.WorkflowID, AfterVersion: after.Version,
		FromTime: within.Start, ToTime: within.End, PageSize: exportPage,
	})
	page, err = many(rows, err, toTransition)
	return page, len(page) < exportPage, err
}

// AccountEntry is a ledger entry with the kind of its account.
type AccountEntry struct {
	cost.Entry
	Account cost.AccountKind
}

// EntryKey is a place among an organization's ledgers.
type EntryKey struct {
	AccountID uuid.UUID
	Sequence  int64
}

// EntryPage is TransitionPage for the ledgers.
func (s *Store) EntryPage(
	ctx context.Context, who caller.Caller, within cost.Period, after EntryKey,
) (page []AccountEntry, done bool, err error) {
	rows, err := s.of(who.OrganizationID).LedgerListByOrganization(ctx, dbsqlc.LedgerListByOrganizationParams{
		OrganizationID: who.OrganizationID, AfterAccountID: after.AccountID, AfterSequence: after.Sequence,
		FromTime: within.Start, ToTime: within.End, PageSize: exportPage,
	})
	page, err = many(rows, err, func(r dbsqlc.LedgerListByOrganizationRow) AccountEntry {
		return AccountEntry{Entry: toEntry(r.AiUsageLedger), Account: r.AccountKind}
	})
	return page, len(page) < exportPage, err
}
