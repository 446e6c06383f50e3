package postgres

import (
	"context"

	"github.com/infin8content/engine/internal/content"
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

// ArticleDisagreements compares the budgets of articles with the calls and the ledger and returns the first that
// disagree.
func (s *Store) ArticleDisagreements(ctx context.Context, first int32) ([]Disagreement, error) {
	rows, err := s.forAudit().AuditArticleBudget(ctx, first)
	return many(rows, err, func(r dbsqlc.AuditArticleBudgetRow) Disagreement { return Disagreement(r) })
}

// TextDisagreements compares the versions of articles with their units and with the decisions about them, and returns
// the first that disagree.
func (s *Store) TextDisagreements(ctx context.Context, first int32) ([]Disagreement, error) {
	rows, err := s.forAudit().AuditArticle(ctx, dbsqlc.AuditArticleParams{
		Engine:         string(content.AuthorEngine),
		Finish:         string(workflow.UnitFinish),
		Done:           string(workflow.UnitDone),
		Rejected:       string(content.ArticleRejected),
		MostRejections: content.MaxRejections,
		PageSize:       first,
	})
	return many(rows, err, func(r dbsqlc.AuditArticleRow) Disagreement { return Disagreement(r) })
}

// BatchDisagreements compares batches with their items, results and changes and returns the first that disagree.
func (s *Store) BatchDisagreements(ctx context.Context, first int32) ([]Disagreement, error) {
	rows, err := s.forAudit().AuditBatch(ctx, first)
	return many(rows, err, func(r dbsqlc.AuditBatchRow) Disagreement { return Disagreement(r) })
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

// GateDisagreements compares transitions over gated edges with the settings of their time and with the decisions, and
// decisions with their transitions, and returns the first that disagree.
func (s *Store) GateDisagreements(ctx context.Context, first int32) ([]Disagreement, error) {
	gates := workflow.Gates()
	from, to := make([]string, len(gates)), make([]string, len(gates))
	for i, gate := range gates {
		leaves, enters := gate.Edge()
		from[i], to[i] = string(leaves), string(enters)
	}
	rows, err := s.forAudit().AuditGate(ctx, dbsqlc.AuditGateParams{
		Gates:      texts(gates),
		FromStates: from,
		ToStates:   to,
		ModeOff:    string(workflow.GateOff),
		Approved:   string(workflow.GateApproved),
		Advance:    string(workflow.Advance),
		Reset:      string(workflow.Reset),
		PageSize:   first,
	})
	return many(rows, err, func(r dbsqlc.AuditGateRow) Disagreement { return Disagreement(r) })
}

// KeywordDisagreements compares the decisions about keywords with the reviews of their workflow and returns the first
// that disagree.
func (s *Store) KeywordDisagreements(ctx context.Context, first int32) ([]Disagreement, error) {
	rows, err := s.forAudit().AuditKeyword(ctx, dbsqlc.AuditKeywordParams{
		Person:    string(content.OriginPerson),
		Reviewing: string(workflow.SeedReviewPending),
		PageSize:  first,
	})
	return many(rows, err, func(r dbsqlc.AuditKeywordRow) Disagreement { return Disagreement(r) })
}

// PlanDisagreements computes the plan behind each decision at the gate PLAN again, compares the decisions about
// articles with the times when their plan was open, and returns the first that disagree.
func (s *Store) PlanDisagreements(ctx context.Context, first int32) ([]Disagreement, error) {
	rows, err := s.forAudit().AuditPlan(ctx, dbsqlc.AuditPlanParams{
		Gate:      string(workflow.GatePlan),
		Step:      string(workflow.StepValidation),
		Reviewing: string(workflow.ValidationCompleted),
		Approved:  string(content.PlanApproved),
		Person:    string(content.OriginPerson),
		PageSize:  first,
	})
	return many(rows, err, func(r dbsqlc.AuditPlanRow) Disagreement { return Disagreement(r) })
}

// PublicationDisagreements compares publications with the journal of their events and returns the first that disagree.
func (s *Store) PublicationDisagreements(ctx context.Context, first int32) ([]Disagreement, error) {
	rows, err := s.forAudit().AuditPublication(ctx, dbsqlc.AuditPublicationParams{
		Gate: string(workflow.GatePublish), Approved: string(workflow.GateApproved), PageSize: first,
	})
	return many(rows, err, func(r dbsqlc.AuditPublicationRow) Disagreement { return Disagreement(r) })
}

// SelectionDisagreements computes the selection behind each decision at the gate SEEDS again and returns the first that
// disagree.
func (s *Store) SelectionDisagreements(ctx context.Context, first int32) ([]Disagreement, error) {
	rows, err := s.forAudit().AuditSelection(ctx, dbsqlc.AuditSelectionParams{
		Gate:      string(workflow.GateSeeds),
		Step:      string(workflow.StepCompetitor),
		Reviewing: string(workflow.SeedReviewPending),
		Selected:  string(content.ChoiceSelected),
		PageSize:  first,
	})
	return many(rows, err, func(r dbsqlc.AuditSelectionRow) Disagreement { return Disagreement(r) })
}

// StepDisagreements compares visits with their transitions, and parts with their content and their calls, and returns
// the first that disagree.
func (s *Store) StepDisagreements(ctx context.Context, first int32) ([]Disagreement, error) {
	rows, err := s.forAudit().AuditStep(ctx, dbsqlc.AuditStepParams{
		Unsettled: texts([]cost.CallState{cost.CallReserved, cost.CallDispatched, cost.CallUnknown}),
		PageSize:  first,
	})
	return many(rows, err, func(r dbsqlc.AuditStepRow) Disagreement { return Disagreement(r) })
}

// UnitDisagreements compares units and their calls with the journal of their events and returns the first that
// disagree.
func (s *Store) UnitDisagreements(ctx context.Context, first int32) ([]Disagreement, error) {
	rows, err := s.forAudit().AuditUnit(ctx, dbsqlc.AuditUnitParams{
		Claim: string(workflow.UnitClaim), PageSize: first,
	})
	return many(rows, err, func(r dbsqlc.AuditUnitRow) Disagreement { return Disagreement(r) })
}
