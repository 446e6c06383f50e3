package postgres

import (
	"context"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
	"github.com/infin8content/engine/internal/workflow"
)

// The lists of an audit are of every organization, and for whoever works as the owner of the database: for others they
// are refused, rather than short.

// auditPage is how many rows the auditor's lists read at a time.
const auditPage = 5000

// Head is where a workflow stands, with the hash that explains it.
type Head struct {
	workflow.Workflow
	Hash []byte
}

// EachHead calls visit for every workflow of every organization, in the order of their keys.
func (s *Store) EachHead(ctx context.Context, visit func(Head) error) error {
	in := dbsqlc.WorkflowListHeadsParams{PageSize: auditPage}
	return pages(func() ([]dbsqlc.IntentWorkflow, error) { return s.ofAudit().WorkflowListHeads(ctx, in) },
		func(r dbsqlc.IntentWorkflow) error {
			in.AfterOrganizationID, in.AfterID = r.OrganizationID, r.ID
			return visit(Head{Workflow: toWorkflow(r), Hash: r.Hash})
		})
}

// EachTransition calls visit for every journal row of every organization, in the order of their keys.
func (s *Store) EachTransition(ctx context.Context, visit func(workflow.Transition) error) error {
	in := dbsqlc.TransitionListAllParams{AfterVersion: -1, PageSize: auditPage}
	return pages(func() ([]dbsqlc.WorkflowTransition, error) { return s.ofAudit().TransitionListAll(ctx, in) },
		func(r dbsqlc.WorkflowTransition) error {
			in.AfterOrganizationID, in.AfterWorkflowID, in.AfterVersion = r.OrganizationID, r.WorkflowID, r.Version
			return visit(toTransition(r))
		})
}

// EachAccount calls visit for every account of every organization, in the order of their keys.
func (s *Store) EachAccount(ctx context.Context, visit func(cost.Account) error) error {
	in := dbsqlc.AccountListAllParams{PageSize: auditPage}
	return pages(func() ([]dbsqlc.UsageAccount, error) { return s.ofAudit().AccountListAll(ctx, in) },
		func(r dbsqlc.UsageAccount) error {
			in.AfterOrganizationID, in.AfterID = r.OrganizationID, r.ID
			return visit(toAccount(r))
		})
}

// EachEntry calls visit for every ledger entry of every organization, in the order of their keys.
func (s *Store) EachEntry(ctx context.Context, visit func(cost.Entry) error) error {
	in := dbsqlc.LedgerListAllParams{AfterSequence: -1, PageSize: auditPage}
	return pages(func() ([]dbsqlc.AiUsageLedger, error) { return s.ofAudit().LedgerListAll(ctx, in) },
		func(r dbsqlc.AiUsageLedger) error {
			in.AfterOrganizationID, in.AfterAccountID, in.AfterSequence = r.OrganizationID, r.AccountID, r.Sequence
			return visit(toEntry(r))
		})
}

// Booked is a call with all that the ledger says about it, by account and in order.
type Booked struct {
	Call    Call
	Entries []cost.Entry
}

// EachCall calls visit for every call of every organization.
func (s *Store) EachCall(ctx context.Context, visit func(Booked) error) error {
	in := dbsqlc.CallListAllParams{PageSize: auditPage}
	for {
		calls, err := s.ofAudit().CallListAll(ctx, in)
		if err != nil {
			return translate(err)
		}
		var of dbsqlc.LedgerListByCallsParams
		for _, r := range calls {
			of.OrganizationIds, of.CallIds = append(of.OrganizationIds, r.OrganizationID), append(of.CallIds, r.ID)
		}
		entries, err := s.ofAudit().LedgerListByCalls(ctx, of)
		if err != nil {
			return translate(err)
		}
		for _, r := range calls { // Both lists are in the order of the calls' keys.
			b, n := Booked{Call: toCall(r)}, 0
			for ; n < len(entries) && *entries[n].CallID == r.ID && entries[n].OrganizationID == r.OrganizationID; n++ {
				b.Entries = append(b.Entries, toEntry(entries[n]))
			}
			if err := visit(b); err != nil {
				return err
			}
			entries = entries[n:]
			in.AfterOrganizationID, in.AfterID = r.OrganizationID, r.ID
		}
		if len(calls) < auditPage {
			return nil
		}
	}
}

// StrayEntries returns ledger entries of calls that are not there, a page of them at most.
func (s *Store) StrayEntries(ctx context.Context) ([]cost.Entry, error) {
	rows, err := s.ofAudit().LedgerListStray(ctx, auditPage)
	return many(rows, err, toEntry)
}

// pages reads until a page is not full.
func pages[Row any](read func() ([]Row, error), visit func(Row) error) error {
	for {
		rows, err := read()
		if err != nil {
			return translate(err)
		}
		for _, row := range rows {
			if err := visit(row); err != nil {
				return err
			}
		}
		if len(rows) < auditPage {
			return nil
		}
	}
}
