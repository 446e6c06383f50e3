package engine

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// RecordInput is a call that was made without a reservation.
type RecordInput struct {
	WorkflowID     uuid.UUID
	Step           workflow.StepKey // the workflow's present step when empty
	Model          string
	Usage          cost.Usage
	Cost           *cost.Pico // the price table's figure counts when nil
	Provider       string
	GenerationID   string
	IdempotencyKey string
}

// Record books a call that was made without a reservation: always, in full, and flagged when it goes beyond a limit. It
// is for money that is spent already, also of a workflow that is over. Its errors are those of Settle.
func (e *Engine) Record(ctx context.Context, who caller.Caller, in RecordInput) (_ Charged, err error) {
	ctx, end := e.begin(ctx, "Record")
	defer end(&err)
	at := e.now()
	flow, err := e.Workflow(ctx, who, in.WorkflowID)
	if err != nil {
		return Charged{}, err
	}
	month, err := e.month(ctx, who, at)
	if err != nil {
		return Charged{}, fmt.Errorf("find the month: %w", err)
	}
	bill, err := e.bill(ctx, e.store, postgres.Call{Call: cost.Call{
		OrganizationID: who.OrganizationID, ReservedAt: at,
	}}, settlement{at: at, SettleInput: SettleInput{
		Model:        in.Model,
		Usage:        in.Usage,
		Cost:         in.Cost,
		Provider:     in.Provider,
		GenerationID: in.GenerationID,
	}})
	if err != nil {
		return Charged{}, err
	}
	record := postgres.Record{
		ID:         e.newID(),
		WorkflowID: flow.ID,
		MonthID:    month.ID,
		Step:       stepFor(flow, in.Step),
		Bill:       bill,
	}
	key := in.IdempotencyKey
	in.IdempotencyKey = ""
	replay, err := e.once(ctx, who, request{
		key:       key,
		operation: "recordUsage",
		content:   in,
		flow:      flow.ID,
		call:      &record.ID,
		at:        at,
	}, func(tx *postgres.Store) error {
		call, moves, there, err := tx.RecordCall(ctx, who, record)
		if err == nil && !there {
			err = notFound("workflow")
		}
		if err != nil {
			return err
		}
		return e.watchCall(ctx, tx, call, moves)
	})
	if err != nil {
		return Charged{}, fmt.Errorf("record a call: %w", e.explainDuplicate(ctx, who, in.GenerationID, err))
	}
	if replay != nil {
		return e.replayCharged(ctx, who, *replay)
	}
	return e.charged(ctx, who, record.ID, false)
}
