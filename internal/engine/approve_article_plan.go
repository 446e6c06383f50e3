package engine

import (
	"bytes"
	"context"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// ApproveArticlePlanInput approves the articles that a reviewer saw.
type ApproveArticlePlanInput struct {
	WorkflowID      uuid.UUID
	ExpectedVersion int
	Digest          []byte
	// MaxTotal is the most that all articles may cost together; nil for no limit beside the budgets.
	MaxTotal       *cost.Pico
	IdempotencyKey string
}

// ApproveArticlePlan takes the approved articles into step 6: the decision and the transition are one commit.
// *StaleStateError when the workflow has moved on, *StaleSelectionError when the approved articles are not the ones
// that the reviewer saw; NOTHING_APPROVED without an article, SELECTION_TOO_LARGE above 50; FOUR_EYES when the
// organization asks for two people and the caller prepared the plan.
// *cost.RefusedError when the most that the articles can cost does not fit the accounts, or is above MaxTotal.
func (e *Engine) ApproveArticlePlan(
	ctx context.Context, who caller.Caller, in ApproveArticlePlanInput,
) (_ Moved, err error) {
	ctx, end := e.begin(ctx, "ApproveArticlePlan")
	defer end(&err)
	return e.decideGate(ctx, who, gateRequest{
		gate:      workflow.GatePlan,
		flow:      in.WorkflowID,
		key:       in.IdempotencyKey,
		operation: "approveArticlePlan",
		content: struct {
			WorkflowID uuid.UUID
			Version    int
			Digest     []byte
			MaxTotal   *cost.Pico
		}{in.WorkflowID, in.ExpectedVersion, in.Digest, in.MaxTotal},
		expect: func(ctx context.Context, tx *postgres.Store, s gateSubject) (*WorkForecast, error) {
			forecast, err := e.budgetArticles(ctx, tx, who, approvedArticles{
				flow:     s.flow,
				articles: s.articles,
				maxTotal: in.MaxTotal,
				at:       s.at,
			})
			return &forecast, err
		},
	}, e.openPlan(who, in.WorkflowID), func(s gateSubject) (change, GateDecision, error) {
		switch {
		case s.flow.Version != in.ExpectedVersion:
			return change{}, GateDecision{}, &StaleStateError{Current: s.flow}
		case !bytes.Equal(s.selection.Digest[:], in.Digest):
			return change{}, GateDecision{}, &StaleSelectionError{StaleStateError{Current: s.flow}, "digest"}
		case s.selection.Count < content.FewestArticles:
			return change{}, GateDecision{}, fault.New(fault.NothingApproved,
				"No article is approved. Approve at least one, or send the plan back.")
		case s.selection.Count > content.MostArticles:
			return change{}, GateDecision{}, fault.New(fault.SelectionTooLarge,
				"The number of approved articles is %d; a plan has at most %d.", s.selection.Count, content.MostArticles)
		}
		move := e.moveTo(s.flow.ID, workflow.ArticlePending, s.at)
		move.Kind = workflow.Advance
		return move, GateDecision{Verdict: workflow.GateApproved}, nil
	})
}
