package engine

import (
	"context"
	"fmt"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// Part is one answer that a visit of a step keeps.
type Part = postgres.Part

// Visit is one entry into a step with the answers that it has so far.
type Visit struct {
	// Number is the version of the transition into the step's pending state.
	Number int
	Parts  map[string]Part
}

// VisitOf returns the number of the visit that a run belongs to.
func (e *Engine) VisitOf(ctx context.Context, who caller.Caller, run workflow.Run) (int, error) {
	step, _ := workflow.StepOf(run.Step)
	number, there, err := e.store.OpenVisit(ctx, who, run.WorkflowID, step)
	if number, err = found(number, there, err, "visit"); err != nil {
		return 0, fmt.Errorf("open the visit of step %s of workflow %s: %w", run.Step, run.WorkflowID, err)
	}
	return number, nil
}

// OpenVisit returns the visit that a run belongs to, with the answers that earlier attempts paid for.
func (e *Engine) OpenVisit(ctx context.Context, who caller.Caller, run workflow.Run) (Visit, error) {
	number, err := e.VisitOf(ctx, who, run)
	if err != nil {
		return Visit{}, err
	}
	parts, err := e.store.Parts(ctx, who, run.WorkflowID, number)
	if err != nil {
		return Visit{}, fmt.Errorf("read the parts of visit %d of workflow %s: %w", number, run.WorkflowID, err)
	}
	return Visit{Number: number, Parts: parts}, nil
}

// SentForPart counts the calls for one part of a visit that were sent, or that another run made.
func (e *Engine) SentForPart(
	ctx context.Context, who caller.Caller, run workflow.Run, visit int, part string,
) (int, error) {
	return e.store.SentForPart(ctx, who, run, visit, part)
}

// KeepPartInput is one answer for a visit. Settle is the call that gave it; nil for an answer that cost nothing.
type KeepPartInput struct {
	Run    workflow.Run
	Visit  int
	Part   Part
	Settle *SettleInput
	// Total is how many parts the unit of the run will have, as far as it is known now.
	Total int
}

// KeepPart keeps an answer and settles its call in one transaction. When the run is lost, the settlement alone is
// booked, the answer is dropped, and the error is *LostRunError. An answer that the visit has already stays as it is.
func (e *Engine) KeepPart(ctx context.Context, who caller.Caller, in KeepPartInput) (err error) {
	ctx, end := e.begin(ctx, "KeepPart")
	defer end(&err)
	in.Part.CreatedAt = e.now()
	if in.Settle != nil {
		in.Part.CallID = &in.Settle.CallID
	}
	kept := false
	err = e.store.InTx(ctx, func(tx *postgres.Store) (err error) {
		// The workflow first, then the call and the accounts: every transaction locks in this order.
		if kept, err = tx.KeepPart(ctx, who, in.Run, in.Visit, in.Part); err != nil {
			return err
		}
		if kept && in.Run.Unit != nil {
			if err := e.progress(ctx, tx, who, in); err != nil {
				return err
			}
		}
		if in.Settle == nil {
			return nil
		}
		_, err = e.settleIn(ctx, tx, who, settlement{SettleInput: *in.Settle, late: true, at: in.Part.CreatedAt})
		return err
	})
	if err != nil {
		return fmt.Errorf("keep part %s of workflow %s: %w", in.Part.Key, in.Run.WorkflowID, err)
	}
	if kept {
		return nil
	}
	current, err := e.Workflow(ctx, who, in.Run.WorkflowID)
	if err != nil {
		return err
	}
	if current.Version != in.Run.Token {
		return &LostRunError{Current: current}
	}
	if in.Run.Unit == nil {
		return nil
	}
	return e.WatchUnit(ctx, who, workflow.Unit{
		WorkflowID: in.Run.WorkflowID,
		ID:         in.Run.Unit.ID,
		Attempt:    in.Run.Unit.Attempt,
	})
}

// progress counts a kept part of a unit, which the part has locked.
func (e *Engine) progress(ctx context.Context, tx *postgres.Store, who caller.Caller, in KeepPartInput) error {
	unit, there, err := tx.LockUnit(ctx, who, in.Run.Unit.ID)
	if unit, err = found(unit, there, err, "unit"); err != nil {
		return err
	}
	next, err := unit.Progress(max(in.Total, unit.Total), in.Part.CreatedAt)
	if err != nil {
		return err
	}
	return e.moveUnit(ctx, tx, who, postgres.UnitMove{Before: unit, After: next, Kind: workflow.UnitProgress})
}

// errNoVisit says that a workflow has nothing to review.
func errNoVisit() error {
	return fault.New(fault.Conflict, "The workflow has no current keywords: the competitor analysis must run first.")
}
