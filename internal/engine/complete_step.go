package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// CompleteStepInput ends the caller's run with a result. Advance also enters the next step, unless a gate is closed.
type CompleteStepInput struct {
	WorkflowID     uuid.UUID
	Token          int
	Result         HandedResult
	Advance        bool
	IdempotencyKey string
}

// CompleteStep ends a run of a program outside with its result, in one transaction with the next step. The run must be
// the caller's and live, else *LostRunError. The same result again is a replay; another one for a completed run is
// IDEMPOTENCY_MISMATCH. A result of the wrong shape is INVALID_INPUT.
func (e *Engine) CompleteStep(ctx context.Context, who caller.Caller, in CompleteStepInput) (_ Moved, err error) {
	ctx, end := e.begin(ctx, "CompleteStep")
	defer end(&err)
	run, err := e.ownRun(ctx, who, in.WorkflowID, in.Token)
	if err != nil {
		return Moved{}, err
	}
	handed, err := e.read(ctx, who, run, in.Result)
	if err != nil {
		return Moved{}, err
	}
	key, at := in.IdempotencyKey, e.now()
	in.IdempotencyKey = ""
	var m Moved
	replay, err := e.once(ctx, who, request{
		key:       key,
		operation: "completeStep",
		content:   in,
		flow:      in.WorkflowID,
		at:        at,
	}, func(tx *postgres.Store) (err error) {
		handed.Run.Token, handed.Result.At = in.Token, at
		if m, err = e.completeIn(ctx, tx, who, handed, in.Advance); err != nil || key == "" {
			return err
		}
		made := in.Token + 1
		return tx.CompleteIdempotencyRecord(ctx, who, key, postgres.Made{Version: &made})
	})
	switch {
	case errors.Is(err, errLost):
		return e.completedBefore(ctx, who, run, handed.Result.Content)
	case err != nil:
		return Moved{}, fmt.Errorf("complete a step: %w", err)
	case replay != nil:
		return e.replayMoved(ctx, who, *replay)
	}
	return m, nil
}

// ownRun returns a run that the caller has or had.
func (e *Engine) ownRun(ctx context.Context, who caller.Caller, flow uuid.UUID, token int) (workflow.Run, error) {
	if err := e.reach(ctx, who, flow, "workflow"); err != nil {
		return workflow.Run{}, err
	}
	run, there, err := e.store.Run(ctx, who, flow, token)
	if err != nil {
		return run, fmt.Errorf("read a run: %w", err)
	}
	if !there || run.Worker != who.Actor {
		return run, e.lost(ctx, who, workflow.Run{WorkflowID: flow})
	}
	return run, nil
}

// completeIn ends a run with a result within a transaction. The transition of the answer is the end of the run; the
// workflow is where the next step leaves it.
func (e *Engine) completeIn(
	ctx context.Context, tx *postgres.Store, who caller.Caller, in FinishInput, advance bool,
) (Moved, error) {
	step, _ := workflow.StepOf(in.Run.Step)
	move := e.moveTo(in.Run.WorkflowID, step.Completed, in.Result.At)
	move.From, move.Kind, move.Version = step.Processing, workflow.Advance, &in.Run.Token
	m, err := e.makeIn(ctx, tx, who, move)
	if err != nil {
		return m, err
	}
	err = tx.KeepResult(ctx, who, postgres.StepResult{
		WorkflowID: in.Run.WorkflowID,
		Token:      in.Run.Token,
		Step:       in.Run.Step,
		Content:    in.Result.Content,
		Provider:   in.Result.Provider,
		Model:      in.Result.Model,
		Source:     workflow.ResultOfWorker,
		At:         in.Result.At,
	})
	if err != nil {
		return m, err
	}
	if err := e.keepKeywords(ctx, tx, who, in, in.Result.At); err != nil || !advance {
		return m, err
	}
	to, there, err := e.follows(ctx, tx, who, step)
	if err != nil || !there {
		return m, err
	}
	next, err := e.enter(ctx, tx, who, m, to)
	m.Workflow = next.Workflow
	return m, err
}

// follows returns the state after a completed step. there is false when only a decision at a gate leads on.
func (e *Engine) follows(
	ctx context.Context, tx *postgres.Store, who caller.Caller, done workflow.Step,
) (to workflow.State, there bool, err error) {
	next, there := nextStep(done.Completed)
	if !there {
		return workflow.Completed, true, nil
	}
	if gate, gated := workflow.GateOf(done.Completed, next.Pending); gated {
		settings, err := tx.GateSettings(ctx, who)
		if err != nil || settings.Mode(gate) != workflow.GateOff {
			return "", false, err
		}
	}
	return next.Pending, true, nil
}

// completedBefore answers a completion that came too late: with its replay when the run ended with the same result.
func (e *Engine) completedBefore(
	ctx context.Context, who caller.Caller, run workflow.Run, content []byte,
) (Moved, error) {
	kept, there, err := e.store.ResultOf(ctx, who, run.WorkflowID, run.Token)
	if err != nil {
		return Moved{}, fmt.Errorf("read the result of a run: %w", err)
	}
	if !there {
		return Moved{}, e.lost(ctx, who, run)
	}
	if !sameJSON(kept.Content, content) {
		return Moved{}, fault.New(fault.IdempotencyMismatch, "The run was completed before, with another result.")
	}
	ended := run.Token + 1
	return e.replayMoved(ctx, who, postgres.IdempotencyRecord{
		WorkflowID: run.WorkflowID, Made: postgres.Made{Version: &ended},
	})
}

// sameJSON reports whether two texts are the same JSON value. The database keeps the members of an object in an order
// of its own.
func sameJSON(a, b []byte) bool {
	var values [2]any
	for i, text := range [][]byte{a, b} {
		decoder := json.NewDecoder(bytes.NewReader(text))
		if err := decoder.Decode(&values[i]); err != nil {
			return false
		}
	}
	return reflect.DeepEqual(values[0], values[1])
}
