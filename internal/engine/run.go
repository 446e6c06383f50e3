package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// retryTolerance is how much earlier than planned a retry may begin, since the clocks of two servers differ.
const retryTolerance = time.Second

// Take claims what is to be done on a workflow now: the pending step, a retry that is due, or a run that a person began
// and nobody works on. The run is nil when there is nothing, or when somebody else was first. Of any number of workers
// one gets the run.
func (e *Engine) Take(
	ctx context.Context, who caller.Caller, id uuid.UUID,
) (_ *workflow.Run, _ workflow.Workflow, err error) {
	ctx, end := e.begin(ctx, "Take")
	defer end(&err)
	flow, there, err := e.store.Workflow(ctx, who, id)
	if err != nil || !there {
		return nil, flow, err
	}
	step := flow.Step()
	if step == nil || !e.drives[step.Key] {
		return nil, flow, nil
	}
	switch flow.State {
	case step.Pending:
		return e.start(ctx, who, flow, workflow.Advance, 1)
	case step.Failed:
		runs, err := e.store.Runs(ctx, who, id, step.Key)
		if err != nil || len(runs) == 0 {
			return nil, flow, err
		}
		if at := runs[0].RetryAt; at == nil || at.After(e.now().Add(retryTolerance)) {
			return nil, flow, nil
		}
		return e.start(ctx, who, flow, workflow.Retry, runs[0].Attempt+1)
	case step.Processing:
		run, there, err := e.store.Run(ctx, who, id, flow.Version)
		if err != nil || !there || run.Worker != "" {
			return nil, flow, err
		}
		adopted, won, err := e.store.AdoptRun(ctx, who, run, e.now().Add(e.lease))
		if err != nil || !won {
			return nil, flow, err
		}
		return &adopted, flow, nil
	}
	return nil, flow, nil
}

// start claims a run by the transition into the processing state.
func (e *Engine) start(
	ctx context.Context, who caller.Caller, flow workflow.Workflow, kind workflow.EdgeKind, attempt int,
) (*workflow.Run, workflow.Workflow, error) {
	step, at := flow.Step(), e.now()
	move := e.moveTo(flow.ID, step.Processing, at)
	move.From, move.Kind, move.Version = flow.State, kind, &flow.Version
	move.Reason = fmt.Sprintf("attempt %d", attempt)
	move.Run = &postgres.NewRun{
		Step: step.Key, Worker: who.Actor, Attempt: attempt, LeaseExpiresAt: at.Add(e.lease),
	}
	moved, err := e.makeIn(ctx, e.store, who, move)
	if errors.Is(err, errLost) {
		return nil, flow, nil
	}
	if err != nil {
		return nil, flow, err
	}
	return &workflow.Run{
		OrganizationID: who.OrganizationID, WorkflowID: flow.ID, Token: moved.Workflow.Version, Step: step.Key,
		Worker: who.Actor, Attempt: attempt, StartedAt: at, LeaseExpiresAt: move.Run.LeaseExpiresAt,
	}, moved.Workflow, nil
}

// Heartbeat renews the run's lease. *LostRunError when it is not the worker's any more.
func (e *Engine) Heartbeat(ctx context.Context, who caller.Caller, run workflow.Run) (err error) {
	ctx, end := e.begin(ctx, "Heartbeat")
	defer end(&err)
	_, won, err := e.store.RenewRun(ctx, who, run, e.now().Add(e.lease))
	if err != nil {
		return fmt.Errorf("renew the lease of run %d of workflow %s: %w", run.Token, run.WorkflowID, err)
	}
	if !won {
		return e.lost(ctx, who, run)
	}
	return nil
}

// Renewed is a run with its lease.
type Renewed struct {
	Run      workflow.Run
	Replayed bool
}

// RenewLease is Heartbeat for a program outside: it must have begun the run itself. *LostRunError when the run is over,
// NOT_FOUND for another organization's workflow. A replay renews nothing and returns the run as it is now.
func (e *Engine) RenewLease(ctx context.Context, who caller.Caller, in RenewLeaseInput) (_ Renewed, err error) {
	ctx, end := e.begin(ctx, "RenewLease")
	defer end(&err)
	at, key := e.now(), in.IdempotencyKey
	in.IdempotencyKey = ""
	var run workflow.Run
	replay, err := e.once(ctx, who, request{
		key: key, operation: "renewLease", content: in, flow: in.WorkflowID, at: at,
	}, func(tx *postgres.Store) error {
		var (
			won bool
			err error
		)
		run, won, err = tx.RenewRun(ctx, who, workflow.Run{WorkflowID: in.WorkflowID, Token: in.Token}, at.Add(e.lease))
		if err == nil && !won {
			err = errLost
		}
		return err
	})
	switch {
	case errors.Is(err, errLost):
		return Renewed{}, e.lost(ctx, who, workflow.Run{WorkflowID: in.WorkflowID})
	case err != nil:
		return Renewed{}, fmt.Errorf("renew a lease: %w", err)
	case replay != nil:
		run, there, err := e.store.Run(ctx, who, in.WorkflowID, in.Token)
		run, err = found(run, there, err, "run")
		return Renewed{Run: run, Replayed: true}, err
	}
	return Renewed{Run: run}, nil
}

// Watch asks whether the run is still on. *LostRunError when the workflow has left it.
func (e *Engine) Watch(ctx context.Context, who caller.Caller, run workflow.Run) error {
	flow, err := e.Workflow(ctx, who, run.WorkflowID)
	if err != nil {
		return err
	}
	if flow.Version != run.Token {
		return &LostRunError{Current: flow}
	}
	return nil
}

func (e *Engine) lost(ctx context.Context, who caller.Caller, run workflow.Run) error {
	current, err := e.Workflow(ctx, who, run.WorkflowID)
	if err != nil {
		return err
	}
	return &LostRunError{Current: current}
}

// FinishInput is what a run ends with.
type FinishInput struct {
	Run    workflow.Run
	Settle *SettleInput // the call that gave the result; nil when it was settled before
	Result Result
}

// Finish ends a run with its result: the transition, the result, the settlement, and the next pending step with its job
// are one transaction. When the run is lost, the settlement alone is booked, the result is dropped, and the error is
// *LostRunError.
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
	var m Moved
	err = e.store.InTx(ctx, func(tx *postgres.Store) error {
		// The workflow first, then the call and the accounts: the order in which everything here is locked.
		move := e.moveTo(in.Run.WorkflowID, step.Completed, at)
		move.From, move.Kind, move.Version = step.Processing, workflow.Advance, &in.Run.Token
		var err error
		if m, err = e.makeIn(ctx, tx, who, move); err != nil {
			return err
		}
		err = tx.KeepResult(ctx, who, postgres.StepResult{
			WorkflowID: in.Run.WorkflowID, Token: in.Run.Token, Step: in.Run.Step, Content: in.Result.Content,
			Provider: in.Result.Provider, Model: in.Result.Model, At: at,
		})
		if err != nil {
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

// advance enters the next step when workers of ours drive it.
func (e *Engine) advance(
	ctx context.Context, tx *postgres.Store, who caller.Caller, m Moved, done workflow.Step,
) (Moved, error) {
	for _, next := range workflow.Steps() {
		if next.Number != done.Number+1 || !e.drives[next.Key] {
			continue
		}
		move := e.moveTo(m.Workflow.ID, next.Pending, m.Transition.At)
		move.From, move.Kind, move.Version = m.Workflow.State, workflow.Advance, &m.Workflow.Version
		return e.makeIn(ctx, tx, who, move)
	}
	return m, nil
}

// FailRunInput is why a run failed.
type FailRunInput struct {
	Run        workflow.Run
	Failure    workflow.FailureCode
	Message    string        // for the journal; no secrets
	RetryAfter time.Duration // what the provider asked for
}

// FailRun ends a run without a result. When the step's policy allows another attempt, it is planned in the same
// transaction. *LostRunError when the run is lost.
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
		Code: in.Failure, Attempt: in.Run.Attempt, SameCodeBefore: sameCodeBefore(in, runs),
		RetryAfter: in.RetryAfter, Jitter: e.jitter(),
	})
	if again && e.drives[in.Run.Step] {
		next := at.Add(wait)
		move.RetryAt = &next
		move.wake(next)
	}
	return e.makeIn(ctx, tx, who, move)
}

// sameCodeBefore counts the attempts of this visit that failed with the same code. runs has the last first; attempt 1
// began the visit.
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

// maxMessage is how much of a failure's message the journal keeps, in bytes.
const maxMessage = 1000

// storable cuts a text that came from elsewhere to what the journal can keep.
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
