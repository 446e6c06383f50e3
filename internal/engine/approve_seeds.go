package engine

import (
	"bytes"
	"context"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// ApproveSeedsInput approves the selection that a reviewer saw.
type ApproveSeedsInput struct {
	WorkflowID      uuid.UUID
	ExpectedVersion int
	SelectionDigest []byte
	IdempotencyKey  string
}

// ApproveSeeds ends the seed review with the selected keywords: the decision and the transition are one commit.
// *StaleStateError when the workflow has moved on, *StaleSelectionError when the selection is not the one that the
// reviewer saw; FOUR_EYES when the organization asks for two people and the caller prepared the selection;
// SELECTION_TOO_SMALL and SELECTION_TOO_LARGE outside 2 to 100 keywords.
func (e *Engine) ApproveSeeds(ctx context.Context, who caller.Caller, in ApproveSeedsInput) (_ Moved, err error) {
	ctx, end := e.begin(ctx, "ApproveSeeds")
	defer end(&err)
	return e.decideGate(ctx, who, gateRequest{
		gate:      workflow.GateSeeds,
		flow:      in.WorkflowID,
		key:       in.IdempotencyKey,
		operation: "approveSeeds",
		content: struct {
			WorkflowID uuid.UUID
			Version    int
			Digest     []byte
		}{in.WorkflowID, in.ExpectedVersion, in.SelectionDigest},
		expect: func(ctx context.Context, tx *postgres.Store, s gateSubject) (*WorkForecast, error) {
			room, err := e.lockRoom(ctx, tx, who, s.flow, s.at)
			if err != nil {
				return nil, err
			}
			return e.planForecast(ctx, tx, who, planAhead{selected: s.selection.Count, room: room, at: s.at})
		},
	}, e.openSeeds(who, in.WorkflowID), func(r gateSubject) (change, GateDecision, error) {
		selection := r.selection
		switch {
		case r.flow.Version != in.ExpectedVersion:
			return change{}, GateDecision{}, &StaleStateError{Current: r.flow}
		case !bytes.Equal(selection.Digest[:], in.SelectionDigest):
			return change{}, GateDecision{}, &StaleSelectionError{StaleStateError{Current: r.flow}, "selectionDigest"}
		case selection.Count < content.FewestSeeds:
			return change{}, GateDecision{}, fault.New(fault.SelectionTooSmall,
				"The number of selected keywords is %d; the next step needs at least %d.", selection.Count, content.FewestSeeds)
		case selection.Count > content.MostSeeds:
			return change{}, GateDecision{}, fault.New(fault.SelectionTooLarge,
				"The number of selected keywords is %d; the next step takes at most %d.", selection.Count, content.MostSeeds)
		}
		move := e.moveTo(r.flow.ID, workflow.SeedReviewCompleted, r.at)
		move.Kind = workflow.Advance
		return move, GateDecision{Verdict: workflow.GateApproved}, nil
	})
}
