package engine

import (
	"context"
	"errors"
	"time"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/content"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// FinishInput ends a run with a result.
type FinishInput struct {
	Run    workflow.Run
	Settle *SettleInput // the call of the result; nil when it was settled before
	Result Result
	// Keywords are the keywords that the competitor analysis found; none for other steps.
	Keywords []content.SeedKeyword
	// Clustered are the keywords of topic clustering; nil for other steps.
	Clustered *Clustered
	// Validation is the result of cluster validation; nil for other steps.
	Validation *Validation

	arranged *content.Clustering
}

// Result is the product of a step.
type Result struct {
	Token           int
	Step            workflow.StepKey
	Content         []byte // JSON
	Provider, Model string
	Source          workflow.ResultSource // set when the result is read
	At              time.Time
}

// Finish ends a run with its result. The transition, the result, the settlement, and the next pending step with its job
// are one transaction. When the run is lost, it books the settlement, drops the result, and returns *LostRunError. A
// run with an open unit does not end: the error is ErrUnitsOpen.
func (e *Engine) Finish(ctx context.Context, who caller.Caller, in FinishInput) (_ Moved, err error) {
	ctx, end := e.begin(ctx, "Finish")
	defer end(&err)
	step, _ := workflow.StepOf(in.Run.Step)
	at := e.now()
	in.Result.Model, in.Result.Provider = cost.CleanName(in.Result.Model), cost.CleanName(in.Result.Provider)
	if in.Settle != nil {
		cleaned := clean(*in.Settle)
		in.Settle = &cleaned
	}
	if in.Clustered != nil { // Before the transaction: it takes milliseconds.
		arranged := content.Arrange(in.Clustered.Keywords, in.Clustered.Signals, e.newID)
		in.arranged = &arranged
	}
	var m Moved
	err = e.store.InTx(ctx, func(tx *postgres.Store) error {
		// All verbs lock the workflow first, then the call, then the accounts.
		move := e.moveTo(in.Run.WorkflowID, step.Completed, at)
		move.From, move.Kind, move.Version = step.Processing, workflow.Advance, &in.Run.Token
		err := e.wakeAutopilot(ctx, tx, who, &move)
		if err != nil {
			return err
		}
		if m, err = e.makeIn(ctx, tx, who, move); err != nil {
			return err
		}
		if err := refuseOpenUnits(ctx, tx, who, in.Run); err != nil {
			return err
		}
		err = tx.KeepResult(ctx, who, postgres.StepResult{
			WorkflowID: in.Run.WorkflowID,
			Token:      in.Run.Token,
			Step:       in.Run.Step,
			Content:    in.Result.Content,
			Provider:   in.Result.Provider,
			Model:      in.Result.Model,
			Source:     workflow.ResultOfEngine,
			At:         at,
		})
		if err != nil {
			return err
		}
		if err := e.keepRows(ctx, tx, who, in, at); err != nil {
			return err
		}
		if m, err = e.advance(ctx, tx, who, m, step); err != nil || in.Settle == nil {
			return err
		}
		_, err = e.settleIn(ctx, tx, who, settlement{SettleInput: *in.Settle, late: true, at: at})
		return err
	})
	if errors.Is(err, errLost) {
		if in.Settle != nil {
			if _, err := e.SettleLate(ctx, who, *in.Settle); err != nil {
				return Moved{}, err
			}
		}
		return Moved{}, e.lost(ctx, who, in.Run)
	}
	return m, err
}

// keepRows writes the rows of a result: keywords, topics, or a plan.
func (e *Engine) keepRows(
	ctx context.Context, tx *postgres.Store, who caller.Caller, in FinishInput, at time.Time,
) error {
	if err := e.keepKeywords(ctx, tx, who, in, at); err != nil {
		return err
	}
	if err := e.keepClustering(ctx, tx, who, in, at); err != nil {
		return err
	}
	return e.keepValidation(ctx, tx, who, in, at)
}

// ErrUnitsOpen reports that a unit was opened again while its run was about to finish.
var ErrUnitsOpen = fault.New(fault.Conflict, "A unit of the step is open.")

// refuseOpenUnits returns ErrUnitsOpen when a unit of the run is open.
func refuseOpenUnits(ctx context.Context, tx *postgres.Store, who caller.Caller, run workflow.Run) error {
	if !run.Step.HasUnits() {
		return nil
	}
	open, err := tx.OpenUnits(ctx, who, run.WorkflowID, run.Token)
	if err == nil && open > 0 {
		err = ErrUnitsOpen
	}
	return err
}

// advance enters the next step when the engine's workers or programs outside drive it. A step for people follows each
// step that the workers finish, and COMPLETED follows the last step.
func (e *Engine) advance(
	ctx context.Context, tx *postgres.Store, who caller.Caller, m Moved, done workflow.Step,
) (Moved, error) {
	if done.Key == workflow.StepPublish && e.drives[done.Key] {
		return e.enter(ctx, tx, who, m, workflow.Completed)
	}
	next, there := nextStep(done.Completed)
	if !there {
		return m, nil
	}
	if _, gated := workflow.GateOf(done.Completed, next.Pending); gated {
		return m, nil // A decision opens this edge.
	}
	follows := e.drives[next.Key] || next.Kind == workflow.Human && e.drives[done.Key]
	if !follows {
		outside, err := tx.OutsideSteps(ctx, who)
		if err != nil || !outside.Has(next.Key) {
			return m, err
		}
	}
	return e.enter(ctx, tx, who, m, next.Pending)
}

// enter makes one more transition of a workflow in the same transaction.
func (e *Engine) enter(
	ctx context.Context, tx *postgres.Store, who caller.Caller, m Moved, to workflow.State,
) (Moved, error) {
	move := e.moveTo(m.Workflow.ID, to, m.Transition.At)
	move.From, move.Kind, move.Version = m.Workflow.State, workflow.Advance, &m.Workflow.Version
	if err := e.wakeAutopilot(ctx, tx, who, &move); err != nil {
		return m, err
	}
	return e.makeIn(ctx, tx, who, move)
}
