package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres/dbsqlc"
	"github.com/infin8content/engine/internal/workflow"
)

// decisionsShown is how many decisions a workflow shows, the last ones.
const decisionsShown = 50

// GateDecision is one decision at a gate. Version is the transition that it made.
type GateDecision struct {
	WorkflowID      uuid.UUID
	Version         int
	Gate            workflow.Gate
	Verdict         workflow.GateVerdict
	ResetTo         *workflow.StepKey // the step that the work goes back to; nil for an approval
	Feedback        string
	SelectionDigest []byte
	Selected        int
	// Likely and Most are the forecast that the decision was made with; nil without one.
	Likely, Most    *cost.Pico
	SettingsVersion *int // the settings in force; nil when the organization never set its gates
	FourEyes        bool
	PreparedBy      string
	DecidedBy       string
	At              time.Time
}

// WriteGateDecision writes a decision in the transaction that made its transition.
func (s *Store) WriteGateDecision(ctx context.Context, who caller.Caller, d GateDecision) (GateDecision, error) {
	row, err := s.forTenant(who.OrganizationID).GateDecisionInsert(ctx, dbsqlc.GateDecisionInsertParams{
		OrganizationID:  who.OrganizationID,
		WorkflowID:      d.WorkflowID,
		Version:         d.Version,
		Gate:            d.Gate,
		Verdict:         d.Verdict,
		ResetTo:         d.ResetTo,
		Feedback:        d.Feedback,
		SelectionDigest: d.SelectionDigest,
		Selected:        d.Selected,
		LikelyPico:      d.Likely,
		MostPico:        d.Most,
		SettingsVersion: d.SettingsVersion,
		FourEyes:        d.FourEyes,
		PreparedBy:      d.PreparedBy,
		DecidedBy:       who.Actor,
		At:              d.At,
	})
	if err != nil {
		return GateDecision{}, translate(err)
	}
	return toGateDecision(row), nil
}

// GateDecisions returns the decisions about each workflow, the last first.
func (s *Store) GateDecisions(
	ctx context.Context, who caller.Caller, flows []uuid.UUID,
) (map[uuid.UUID][]GateDecision, error) {
	rows, err := s.forTenant(who.OrganizationID).GateDecisionListByWorkflows(ctx, dbsqlc.GateDecisionListByWorkflowsParams{
		OrganizationID: who.OrganizationID,
		WorkflowIds:    flows,
		PageSize:       decisionsShown,
	})
	decisions, err := many(rows, err, toGateDecision)
	return group(decisions, err, func(d GateDecision) uuid.UUID { return d.WorkflowID })
}

func toGateDecision(r dbsqlc.GateDecision) GateDecision {
	return GateDecision{
		WorkflowID:      r.WorkflowID,
		Version:         r.Version,
		Gate:            r.Gate,
		Verdict:         r.Verdict,
		ResetTo:         r.ResetTo,
		Feedback:        r.Feedback,
		SelectionDigest: r.SelectionDigest,
		Selected:        r.Selected,
		Likely:          r.LikelyPico,
		Most:            r.MostPico,
		SettingsVersion: r.SettingsVersion,
		FourEyes:        r.FourEyes,
		PreparedBy:      r.PreparedBy,
		DecidedBy:       r.DecidedBy,
		At:              r.DecidedAt.UTC(),
	}
}
