package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// errLost ends the transaction of a change that came too late.
var errLost = errors.New("another caller was first")

// Moved is a committed transition: the workflow after it and the journal row.
type Moved struct {
	Workflow   workflow.Workflow
	Transition workflow.Transition
	// Replayed reports that an earlier request with the same key made the transition.
	Replayed bool
}

// TransitionInput names one edge.
type TransitionInput struct {
	WorkflowID uuid.UUID
	From, To   workflow.State
	// Version makes the compare-and-set stricter than the state alone. It is the run's token when the transition ends
	// a run.
	Version        *int
	Reason         string
	IdempotencyKey string
}

// Transition takes one edge of the graph if the workflow is in From (and at Version). Of any number of concurrent
// callers of the same edge exactly one wins. The others get *StaleStateError, or *TerminalError when the workflow is
// over. An edge that is not in the graph is *workflow.IllegalTransitionError. A transition into a processing state
// begins a run of the caller with a lease; its fencing token is the new version. The error is FORBIDDEN for a caller
// without the permission OPERATE, unless the transition takes a pending step or ends a run of the caller.
func (e *Engine) Transition(ctx context.Context, who caller.Caller, in TransitionInput) (_ Moved, err error) {
	ctx, end := e.begin(ctx, "Transition")
	defer end(&err)
	kind, err := workflow.CheckEdge(in.From, in.To)
	if err != nil {
		return Moved{}, e.explainIllegal(ctx, who, in.WorkflowID, err)
	}
	if err := checkReason(in.Reason); err != nil {
		return Moved{}, err
	}
	if err := e.reach(ctx, who, in.WorkflowID, "workflow"); err != nil {
		return Moved{}, err
	}
	version, err := e.driven(ctx, who, in)
	if err != nil {
		return Moved{}, err
	}
	at := e.now()
	move := e.moveTo(in.WorkflowID, in.To, at)
	move.From, move.Kind, move.Version, move.Reason = in.From, kind, version, in.Reason
	if step := in.To.Step(); step != nil && in.To == step.Processing {
		move.Run = &postgres.NewRun{
			Step:           step.Key,
			Worker:         who.Actor,
			Attempt:        1,
			LeaseExpiresAt: at.Add(e.lease),
		}
	}
	key := in.IdempotencyKey
	in.IdempotencyKey = ""
	return e.makeOnce(ctx, who, request{
		key:       key,
		operation: "transitionWorkflow",
		content:   in,
		flow:      in.WorkflowID,
		at:        at,
	}, move)
}

// driven returns the version at which a transition may happen. It limits a caller without the permission OPERATE to the
// edges of a worker: from pending to processing, and from processing to completed or failed in a run of its own. For
// the end of a run it returns the run's token, so that no later run is ended in its place.
func (e *Engine) driven(ctx context.Context, who caller.Caller, in TransitionInput) (*int, error) {
	if who.Has(caller.Operate) {
		return in.Version, nil
	}
	step := in.From.Step()
	switch {
	case step == nil, !who.Has(caller.Drive):
		return nil, forbidden(who, caller.Operate)
	case in.From == step.Pending && in.To == step.Processing:
		return in.Version, nil
	case in.From != step.Processing || in.To != step.Completed && in.To != step.Failed:
		return nil, forbidden(who, caller.Operate)
	}
	token := in.Version
	if token == nil {
		flow, err := e.Workflow(ctx, who, in.WorkflowID)
		if err != nil {
			return nil, err
		}
		token = &flow.Version
	}
	run, there, err := e.store.Run(ctx, who, in.WorkflowID, *token)
	if err != nil {
		return nil, fmt.Errorf("read a run: %w", err)
	}
	if there && run.Worker != who.Actor {
		return nil, forbidden(who, caller.Operate)
	}
	return token, nil // Without a run the workflow is not in From at this version, and the transition is lost.
}

// change is a transition, with the time of the drive job if it needs one.
type change struct {
	postgres.Move
	driveAt *time.Time
}

// moveTo prepares a transition. When the target state waits for a worker of this program, it includes a drive job.
func (e *Engine) moveTo(flow uuid.UUID, to workflow.State, at time.Time) change {
	c := change{Move: postgres.Move{WorkflowID: flow, To: to, At: at}}
	if e.waitsForWorker(to) {
		c.wake(at)
	}
	return c
}

// wake adds a drive job, and the time at which a sweeper inserts the next one.
func (c *change) wake(at time.Time) {
	again := at.Add(wakeAfter)
	c.driveAt, c.WakeAt = &at, &again
}

// waitsForWorker reports whether workers of this program take workflows in this state.
func (e *Engine) waitsForWorker(s workflow.State) bool {
	step := s.Step()
	return step != nil && s == step.Pending && e.drives[step.Key]
}

// makeOnce makes a transition under an idempotency key, with its job. It explains why a transition was lost.
func (e *Engine) makeOnce(ctx context.Context, who caller.Caller, r request, move change) (Moved, error) {
	var m Moved
	if r.key == "" && move.driveAt == nil { // One statement is a transaction.
		moved, err := e.makeIn(ctx, e.store, who, move)
		return moved, e.explainLost(ctx, who, move.WorkflowID, err)
	}
	replay, err := e.once(ctx, who, r, func(tx *postgres.Store) error {
		var err error
		if m, err = e.makeIn(ctx, tx, who, move); err != nil || r.key == "" {
			return err
		}
		return tx.CompleteIdempotencyRecord(ctx, who, r.key, postgres.Made{Version: &m.Transition.Version})
	})
	if err != nil || replay == nil {
		return m, e.explainLost(ctx, who, move.WorkflowID, err)
	}
	return e.replayMoved(ctx, who, *replay)
}

// makeIn makes a transition and inserts its job. The error is errLost when the workflow has moved on.
func (e *Engine) makeIn(
	ctx context.Context, store *postgres.Store, who caller.Caller, move change,
) (Moved, error) {
	flow, made, won, err := store.Transition(ctx, who, move.Move)
	if err != nil {
		return Moved{}, fmt.Errorf("move workflow %s to %s: %w", move.WorkflowID, move.To, err)
	}
	if !won {
		return Moved{}, errLost
	}
	if move.driveAt != nil {
		if err := e.jobs.Drive(ctx, store.Tx(), flow.OrganizationID, flow.ID, *move.driveAt); err != nil {
			return Moved{}, fmt.Errorf("insert a job for workflow %s: %w", flow.ID, err)
		}
	}
	return Moved{Workflow: flow, Transition: made}, nil
}

// replayMoved returns the transition of an earlier request with the same key, and the workflow as it is now.
func (e *Engine) replayMoved(ctx context.Context, who caller.Caller, key postgres.IdempotencyRecord) (Moved, error) {
	flow, err := e.Workflow(ctx, who, key.WorkflowID)
	if err != nil || key.Version == nil {
		return Moved{Workflow: flow, Replayed: true}, err
	}
	made, err := e.TransitionAt(ctx, who, key.WorkflowID, *key.Version)
	return Moved{Workflow: flow, Transition: made, Replayed: true}, err
}

// explainLost turns errLost into an error for the client: not found, over, or moved on.
func (e *Engine) explainLost(ctx context.Context, who caller.Caller, id uuid.UUID, err error) error {
	if !errors.Is(err, errLost) {
		return err
	}
	current, err := e.Workflow(ctx, who, id)
	if err != nil {
		return err
	}
	if current.IsTerminal() {
		return &TerminalError{Current: current}
	}
	return &StaleStateError{Current: current}
}

// explainIllegal returns the error of the graph, if the workflow exists and is not over.
func (e *Engine) explainIllegal(ctx context.Context, who caller.Caller, id uuid.UUID, illegal error) error {
	current, err := e.Workflow(ctx, who, id)
	if err != nil {
		return err
	}
	if current.IsTerminal() {
		return &TerminalError{Current: current}
	}
	var terminal *workflow.TerminalStateError
	if errors.As(illegal, &terminal) { // From is terminal, and the workflow is not.
		return &StaleStateError{Current: current}
	}
	return illegal
}
