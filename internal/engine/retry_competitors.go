package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// RetryCompetitorsInput names a workflow in review.
type RetryCompetitorsInput struct {
	WorkflowID     uuid.UUID
	IdempotencyKey string
}

// RetryCompetitors asks again for the competitors that the current analysis left out. It is a RESET to COMPETITOR whose
// visit begins with the answers of the last one, so only what is missing is paid for. CONFLICT when no competitor was
// left out.
func (e *Engine) RetryCompetitors(
	ctx context.Context, who caller.Caller, in RetryCompetitorsInput,
) (_ Moved, err error) {
	ctx, end := e.begin(ctx, "RetryCompetitors")
	defer end(&err)
	at := e.now()
	var moved Moved
	replay, err := e.once(ctx, who, request{
		key:       in.IdempotencyKey,
		operation: "retryCompetitors",
		content:   in.WorkflowID,
		flow:      in.WorkflowID,
		at:        at,
	}, func(tx *postgres.Store) error {
		locked, err := e.lockReview(ctx, tx, who, in.WorkflowID, at)
		if err != nil {
			return err
		}
		left, err := missing(ctx, tx, who, in.WorkflowID)
		if err != nil {
			return err
		}
		step, _ := workflow.StepOf(workflow.StepCompetitor)
		move := e.moveTo(in.WorkflowID, step.Pending, at)
		move.From, move.Kind, move.Version = locked.flow.State, workflow.Reset, &locked.flow.Version
		move.Reason = "Ask again for " + strings.Join(left, ", ") + "."
		if moved, err = e.makeIn(ctx, tx, who, move); err != nil {
			return err
		}
		visit, there, err := tx.OpenVisit(ctx, who, in.WorkflowID, step)
		if visit, err = found(visit, there, err, "visit"); err != nil {
			return err
		}
		if err := tx.InheritParts(ctx, who, postgres.Inheritance{
			WorkflowID: in.WorkflowID,
			From:       locked.visit,
			To:         visit,
			At:         at,
		}); err != nil {
			return fmt.Errorf("take the answers of visit %d of workflow %s over: %w", locked.visit, in.WorkflowID, err)
		}
		if in.IdempotencyKey == "" {
			return nil
		}
		return tx.CompleteIdempotencyRecord(ctx, who, in.IdempotencyKey,
			postgres.Made{Version: &moved.Transition.Version})
	})
	var stale *StaleStateError
	switch {
	case errors.As(err, &stale) && stale.Current.IsTerminal():
		return Moved{}, &TerminalError{Current: stale.Current}
	case err != nil:
		return Moved{}, err
	case replay != nil:
		return e.replayMoved(ctx, who, *replay)
	}
	return moved, nil
}

// missing returns the competitors that the current analysis left out.
func missing(ctx context.Context, tx *postgres.Store, who caller.Caller, flow uuid.UUID) ([]string, error) {
	kept, err := tx.CurrentResults(ctx, who, []uuid.UUID{flow}, workflow.StepCompetitor)
	if err != nil {
		return nil, fmt.Errorf("read the analysis of workflow %s: %w", flow, err)
	}
	var analysis content.Analysis
	if result, there := kept[flow]; there {
		if err := json.Unmarshal(result.Content, &analysis); err != nil {
			return nil, fmt.Errorf("read the analysis of workflow %s: %w", flow, err)
		}
	}
	var missing []string
	for _, c := range analysis.Competitors {
		if c.Failed {
			missing = append(missing, c.Domain)
		}
	}
	if len(missing) == 0 {
		return nil, fault.New(fault.Conflict, "The analysis has left no competitor out.")
	}
	return missing, nil
}
