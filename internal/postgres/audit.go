package postgres

import (
	"context"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
	"github.com/infin8content/engine/internal/workflow"
)

// Disagreement is a row that does not agree with what other tables say.
type Disagreement struct{ Object, Fault string }

// WorkflowDisagreements compares workflows, runs and results with the journal and returns the first that disagree.
func (s *Store) WorkflowDisagreements(ctx context.Context, first int32) ([]Disagreement, error) {
	var processing []string
	for _, step := range workflow.Steps() {
		if step.Processing != "" {
			processing = append(processing, string(step.Processing))
		}
	}
	rows, err := s.forAudit().AuditWorkflow(ctx, dbsqlc.AuditWorkflowParams{
		Processing:   processing,
		Fail:         workflow.Fail,
		Advance:      workflow.Advance,
		Retry:        workflow.Retry,
		GraphVersion: workflow.GraphVersion,
		PageSize:     first,
	})
	return many(rows, err, func(r dbsqlc.AuditWorkflowRow) Disagreement { return Disagreement(r) })
}

// AccountDisagreements compares what accounts repeat of their ledgers and returns the first that disagree.
func (s *Store) AccountDisagreements(ctx context.Context, first int32) ([]Disagreement, error) {
	rows, err := s.forAudit().AuditAccount(ctx, dbsqlc.AuditAccountParams{LimitKind: cost.EntryLimit, PageSize: first})
	return many(rows, err, func(r dbsqlc.AuditAccountRow) Disagreement { return Disagreement(r) })
}

// CallDisagreements compares calls with their months and with each other and returns the first that disagree.
func (s *Store) CallDisagreements(ctx context.Context, first int32) ([]Disagreement, error) {
	rows, err := s.forAudit().AuditCall(ctx, dbsqlc.AuditCallParams{Month: cost.AccountMonth, PageSize: first})
	return many(rows, err, func(r dbsqlc.AuditCallRow) Disagreement { return Disagreement(r) })
}

// OrganizationDisagreements compares settings, webhooks and API keys with the journal of changes and returns the first
// that disagree.
func (s *Store) OrganizationDisagreements(ctx context.Context, first int32) ([]Disagreement, error) {
	rows, err := s.forAudit().AuditOrganization(ctx, first)
	return many(rows, err, func(r dbsqlc.AuditOrganizationRow) Disagreement { return Disagreement(r) })
}

// PriceDisagreements compares prices with each other and with what was decided about them, and returns the first that
// disagree.
func (s *Store) PriceDisagreements(ctx context.Context, first int32) ([]Disagreement, error) {
	rows, err := s.forAudit().AuditPrice(ctx, first)
	return many(rows, err, func(r dbsqlc.AuditPriceRow) Disagreement { return Disagreement(r) })
}
