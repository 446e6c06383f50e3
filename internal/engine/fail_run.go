package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// FailRunInput ends a run without a result.
type FailRunInput struct {
	Run        workflow.Run
	Failure    workflow.FailureCode
	Message    string        // for the journal; no secrets
	RetryAfter time.Duration // as the provider has asked
}

// FailRun ends a run without a result. It plans the next attempt in the same transaction when the step's policy allows
// one. The error is *LostRunError when the run is lost.
func (e *Engine) FailRun(ctx context.Context, who caller.Caller, in FailRunInput) (_ Moved, err error) {
	ctx, end := e.begin(ctx, "FailRun")
	defer end(&err)
	var m Moved
	err = e.store.InTx(ctx, func(tx *postgres.Store) (err error) {
		m, err = e.failIn(ctx, tx, who, in)
		return err
	})
	if errors.Is(err, errLost) {
		return Moved{}, e.lost(ctx, who, in.Run)
	}
	return m, err
}

func (e *Engine) failIn(
	ctx context.Context, tx *postgres.Store, who caller.Caller, in FailRunInput,
) (Moved, error) {
	step, _ := workflow.StepOf(in.Run.Step)
	runs, err := tx.Runs(ctx, who, in.Run.WorkflowID, in.Run.Step)
	if err != nil {
		return Moved{}, fmt.Errorf("read the runs of workflow %s: %w", in.Run.WorkflowID, err)
	}
	at := e.now()
	move := e.moveTo(in.Run.WorkflowID, step.Failed, at)
	move.From, move.Kind, move.Version = step.Processing, workflow.Fail, &in.Run.Token
	move.Failure, move.FailureMessage = in.Failure, storable(in.Message)
	move.Reason = string(in.Failure)
	if move.FailureMessage != "" {
		move.Reason += ": " + move.FailureMessage
	}
	wait, again := workflow.PolicyOf(in.Run.Step).Retry(workflow.RetryInput{
		Code:           in.Failure,
		Attempt:        in.Run.Attempt,
		SameCodeBefore: sameCodeBefore(in, runs),
		RetryAfter:     in.RetryAfter,
		Jitter:         e.jitter(),
	})
	if again {
		if err := e.planRetry(ctx, tx, who, &move, at.Add(wait)); err != nil {
			return Moved{}, err
		}
	}
	return e.makeIn(ctx, tx, who, move)
}

// planRetry plans the next attempt. A worker of the engine gets a job; a program outside claims the attempt.
func (e *Engine) planRetry(
	ctx context.Context, tx *postgres.Store, who caller.Caller, move *change, next time.Time,
) error {
	outside, err := tx.OutsideSteps(ctx, who)
	if err != nil {
		return fmt.Errorf("read the steps of programs outside: %w", err)
	}
	move.RetryAt = &next
	move.wake(next)
	if step := move.From.Step(); !e.drives[step.Key] || outside.Has(step.Key) {
		move.driveAt = nil
	}
	return nil
}

// sameCodeBefore counts the attempts of this visit that failed with the same code. runs has the last run first;
// attempt 1 is the first of the visit.
func sameCodeBefore(in FailRunInput, runs []workflow.Run) int {
	count := 0
	for _, r := range runs {
		if r.Token < in.Run.Token && r.Attempt < in.Run.Attempt && r.Failure == in.Failure {
			count++
		}
		if r.Token <= in.Run.Token && r.Attempt == 1 {
			break
		}
	}
	return count
}

// maxMessage limits the message of a failure in the journal, in bytes.
const maxMessage = 1000

// storable cuts a foreign text to a valid one of at most maxMessage bytes.
func storable(text string) string {
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "?"), "\x00", "?")
	if len(text) <= maxMessage {
		return text
	}
	cut := maxMessage
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut]
}
