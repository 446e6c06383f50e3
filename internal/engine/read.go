package engine

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

// Cursor is a place in a list that is ordered by time and id.
type Cursor struct {
	At time.Time
	ID uuid.UUID
}

// from returns the key that a page in an ascending or descending order starts from: the cursor, or an end of the list.
func (c *Cursor) from(descending bool) Cursor {
	switch {
	case c != nil:
		return *c
	case descending:
		return Cursor{At: end, ID: uuid.Max}
	}
	return Cursor{At: beginning}
}

// A page of a list begins after a cursor. With Backward it ends before the cursor, and its items come in reverse order:
// the last one first.

// CallsInput selects the first calls of each workflow after a cursor.
type CallsInput struct {
	Workflows []uuid.UUID
	Backward  bool
	After     *Cursor
	First     int
}

// TransitionsInput selects the first journal rows of each workflow after a version; −1 starts at the first.
type TransitionsInput struct {
	Workflows []uuid.UUID
	Backward  bool
	After     int
	First     int
}

// EntriesInput selects the first ledger entries of each account after a sequence number; −1 starts at the first. A
// workflow's account has the workflow's id.
type EntriesInput struct {
	Accounts []uuid.UUID
	Backward bool
	After    int64
	First    int
}

// Rooms returns the room of each workflow. It locks nothing, so it is no promise that Reserve will admit an amount.
func (e *Engine) Rooms(ctx context.Context, who caller.Caller, flows []uuid.UUID) (map[uuid.UUID]cost.Room, error) {
	rooms, err := e.store.Rooms(ctx, who, flows, e.now())
	if err != nil {
		return nil, fmt.Errorf("read the room of workflows: %w", err)
	}
	return rooms, nil
}

// MaxPage is the largest page of a list. A reader may ask for one item more to find out whether there is a next page.
const MaxPage = 100

// The bounds of a filter that names none.
var (
	beginning = postgres.Beginning
	end       = postgres.End
)

// found turns the store's answer into the value or an error that names the thing.
func found[T any](value T, there bool, err error, thing string) (T, error) {
	if err != nil {
		return value, fmt.Errorf("read a %s: %w", thing, err)
	}
	if !there {
		return value, notFound(thing)
	}
	return value, nil
}

// Workflow returns one workflow that the caller reaches, or NOT_FOUND.
func (e *Engine) Workflow(ctx context.Context, who caller.Caller, id uuid.UUID) (workflow.Workflow, error) {
	flow, there, err := e.store.Workflow(ctx, who, id)
	if err == nil && there {
		there, err = e.reaches(ctx, who, id)
	}
	return found(flow, there, err, "workflow")
}

// Transitions returns the first journal rows of each workflow after a version.
func (e *Engine) Transitions(
	ctx context.Context, who caller.Caller, in TransitionsInput,
) (map[uuid.UUID][]workflow.Transition, error) {
	if in.Backward {
		return e.store.TransitionsBefore(ctx, who, in.Workflows, in.After, int32(in.First))
	}
	return e.store.Transitions(ctx, who, in.Workflows, in.After, int32(in.First))
}

// TransitionAt returns one journal row, or NOT_FOUND.
func (e *Engine) TransitionAt(
	ctx context.Context, who caller.Caller, flow uuid.UUID, version int,
) (workflow.Transition, error) {
	made, there, err := e.store.TransitionAt(ctx, who, flow, version)
	if err == nil && there {
		there, err = e.reaches(ctx, who, flow)
	}
	return found(made, there, err, "transition")
}

// Calls returns the first calls of each workflow after a cursor.
func (e *Engine) Calls(ctx context.Context, who caller.Caller, in CallsInput) (map[uuid.UUID][]cost.Call, error) {
	from := in.After.from(in.Backward)
	return e.store.Calls(ctx, who, postgres.WorkflowCallPage{
		Workflows: in.Workflows,
		Backward:  in.Backward,
		At:        from.At,
		ID:        from.ID,
		Size:      int32(in.First),
	})
}

// CountCalls counts the calls of each workflow.
func (e *Engine) CountCalls(
	ctx context.Context, who caller.Caller, flows []uuid.UUID,
) (map[uuid.UUID]int, error) {
	return e.store.CountCalls(ctx, who, flows)
}

// Call returns one call of a workflow that the caller reaches, or NOT_FOUND. A caller without the permission CALLS
// finds only the calls that it reserved.
func (e *Engine) Call(ctx context.Context, who caller.Caller, id uuid.UUID) (cost.Call, error) {
	c, err := e.readCall(ctx, who, id)
	return c.Call, err
}

func (e *Engine) readCall(ctx context.Context, who caller.Caller, id uuid.UUID) (postgres.Call, error) {
	call, there, err := e.store.Call(ctx, who, id)
	there = there && (call.Actor == who.Actor || who.Has(caller.Calls))
	if err == nil && there {
		there, err = e.reaches(ctx, who, call.WorkflowID)
	}
	return found(call, there, err, "call")
}

// Entries returns the first ledger entries of each account after a sequence number.
func (e *Engine) Entries(
	ctx context.Context, who caller.Caller, in EntriesInput,
) (map[uuid.UUID][]cost.Entry, error) {
	if in.Backward {
		return e.store.EntriesBefore(ctx, who, in.Accounts, in.After, int32(in.First))
	}
	return e.store.Entries(ctx, who, in.Accounts, in.After, int32(in.First))
}

// EntryAt returns one ledger entry, or NOT_FOUND.
func (e *Engine) EntryAt(
	ctx context.Context, who caller.Caller, account uuid.UUID, sequence int64,
) (cost.Entry, error) {
	entry, there, err := e.store.EntryAt(ctx, who, account, sequence)
	if err == nil && there {
		there, err = e.reaches(ctx, who, account)
	}
	return found(entry, there, err, "ledger entry")
}

// Accounts returns the accounts of workflows.
func (e *Engine) Accounts(
	ctx context.Context, who caller.Caller, flows []uuid.UUID,
) (map[uuid.UUID]cost.Account, error) {
	return e.store.Accounts(ctx, who, flows)
}

// ICPs returns the current ideal customer profile of each workflow that has one.
func (e *Engine) ICPs(ctx context.Context, who caller.Caller, flows []uuid.UUID) (map[uuid.UUID]Result, error) {
	return e.StepResults(ctx, who, flows, workflow.StepICP)
}

// StepResults returns the current result of a step of each workflow that has one.
func (e *Engine) StepResults(
	ctx context.Context, who caller.Caller, flows []uuid.UUID, step workflow.StepKey,
) (map[uuid.UUID]Result, error) {
	kept, err := e.store.CurrentResults(ctx, who, flows, step)
	if err != nil {
		return nil, fmt.Errorf("read results: %w", err)
	}
	results := make(map[uuid.UUID]Result, len(kept))
	for id, r := range kept {
		results[id] = toResult(r)
	}
	return results, nil
}

func toResult(r postgres.StepResult) Result {
	return Result{
		Token:    r.Token,
		Step:     r.Step,
		Content:  r.Content,
		Provider: r.Provider,
		Model:    r.Model,
		Source:   r.Source,
		At:       r.At,
	}
}
