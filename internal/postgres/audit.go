package postgres

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
	"github.com/infin8content/engine/internal/workflow"
)

// auditPage is how many rows the auditor's lists read at a time.
const auditPage = 5000

// readOnlySnapshot is the isolation of an audit.
var readOnlySnapshot = pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}

// Head is where a workflow stands, with the hash that explains it.
type Head struct {
	workflow.Workflow
	Hash []byte
}

// Snapshot calls do with a store whose every answer is of one moment, so that what is compared belongs together.
func (s *Store) Snapshot(ctx context.Context, do func(*Store) error) error {
	tx, err := s.pool.BeginTx(ctx, readOnlySnapshot)
	if err != nil {
		return translate(err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	return do(&Store{tx: tx, q: s.q.WithTx(tx)})
}

// EachHead calls visit for every workflow of every organization, in the order of their keys.
func (s *Store) EachHead(ctx context.Context, visit func(Head) error) error {
	in := dbsqlc.WorkflowListHeadsParams{PageSize: auditPage}
	return pages(func() ([]dbsqlc.IntentWorkflow, error) { return s.q.WorkflowListHeads(ctx, in) },
		func(r dbsqlc.IntentWorkflow) error {
			in.AfterOrganizationID, in.AfterID = r.OrganizationID, r.ID
			return visit(Head{Workflow: toWorkflow(r), Hash: r.Hash})
		})
}

// EachTransition calls visit for every journal row of every organization, in the order of their keys.
func (s *Store) EachTransition(ctx context.Context, visit func(workflow.Transition) error) error {
	in := dbsqlc.TransitionListAllParams{AfterVersion: -1, PageSize: auditPage}
	return pages(func() ([]dbsqlc.WorkflowTransition, error) { return s.q.TransitionListAll(ctx, in) },
		func(r dbsqlc.WorkflowTransition) error {
			in.AfterOrganizationID, in.AfterWorkflowID, in.AfterVersion = r.OrganizationID, r.WorkflowID, r.Version
			return visit(toTransition(r))
		})
}

// EachAccount calls visit for every account of every organization, in the order of their keys.
func (s *Store) EachAccount(ctx context.Context, visit func(cost.Account) error) error {
	in := dbsqlc.AccountListAllParams{PageSize: auditPage}
	return pages(func() ([]dbsqlc.UsageAccount, error) { return s.q.AccountListAll(ctx, in) },
		func(r dbsqlc.UsageAccount) error {
			in.AfterOrganizationID, in.AfterID = r.OrganizationID, r.ID
			return visit(toAccount(r))
		})
}

// EachEntry calls visit for every ledger entry of every organization, in the order of their keys.
func (s *Store) EachEntry(ctx context.Context, visit func(cost.Entry) error) error {
	in := dbsqlc.LedgerListAllParams{AfterSequence: -1, PageSize: auditPage}
	return pages(func() ([]dbsqlc.AiUsageLedger, error) { return s.q.LedgerListAll(ctx, in) },
		func(r dbsqlc.AiUsageLedger) error {
			in.AfterOrganizationID, in.AfterAccountID, in.AfterSequence = r.OrganizationID, r.AccountID, r.Sequence
			return visit(toEntry(r))
		})
}

// OpenHolds sums the holds of the calls without an outcome, by account.
func (s *Store) OpenHolds(ctx context.Context) (map[uuid.UUID]cost.Pico, error) {
	rows, err := s.q.CallListOpen(ctx, 1<<30)
	if err != nil {
		return nil, translate(err)
	}
	held := make(map[uuid.UUID]cost.Pico, len(rows))
	for _, r := range rows {
		held[r.AccountID] = cost.Pico(r.Held)
	}
	return held, nil
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
