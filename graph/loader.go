package graph

import (
	"context"
	"encoding/json"
	"fmt"
	"sync/atomic"

	"github.com/google/uuid"

	"github.com/infin8content/engine/graph/model"
	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/workflow"
)

// load calls fetch once for all workflows of a batch and each key. The key is a value of a type that only one field
// uses.
func load[V any](
	b *model.Batch, key any, fetch func([]workflow.Workflow) (map[uuid.UUID]V, error),
) (map[uuid.UUID]V, error) {
	answer, err := b.Once(key, func() (any, error) {
		found, err := fetch(b.Workflows)
		if err != nil {
			return nil, &sharedError{error: err}
		}
		return found, nil
	})
	if err != nil {
		return nil, err
	}
	return answer.(map[uuid.UUID]V), nil
}

// sharedError is an error that each workflow of a list has in the same field.
type sharedError struct {
	error
	seen atomic.Bool
}

// Unwrap returns the cause.
func (e *sharedError) Unwrap() error { return e.error }

// First reports whether this is the first call. The error is logged once, however many fields have it.
func (e *sharedError) First() bool { return e.seen.CompareAndSwap(false, true) }

// The batch keys of fields without arguments.
type (
	accountsKey   struct{}
	icpsKey       struct{}
	activitiesKey struct{}
	roomsKey      struct{}
	callCountsKey struct{}
)

// The batch keys of fields with arguments: equal arguments share one statement.
type (
	transitionsKey struct {
		backward bool
		from     int64
		size     int
	}
	entriesKey struct {
		backward bool
		from     int64
		size     int
	}
	callsKey struct {
		backward bool
		from     engine.Cursor
		size     int
	}
)

// account returns the account of a workflow.
func (r *Resolver) account(ctx context.Context, w *model.Workflow) (cost.Account, error) {
	found, err := load(w.Batch, accountsKey{}, func(all []workflow.Workflow) (map[uuid.UUID]cost.Account, error) {
		return r.Engine.Accounts(ctx, caller.From(ctx), ids(all))
	})
	if err != nil {
		return cost.Account{}, err
	}
	return one(found, w)
}

// canSpend reports whether a hold would be admitted now. A month needs no query.
func (r *Resolver) canSpend(ctx context.Context, s *model.Spend, amount cost.Pico) (bool, error) {
	if s.Workflow == nil {
		return s.Admits(amount), nil
	}
	found, err := load(s.Workflow.Batch, roomsKey{}, func(all []workflow.Workflow) (map[uuid.UUID]cost.Room, error) {
		return r.Engine.Rooms(ctx, caller.From(ctx), ids(all))
	})
	if err != nil {
		return false, err
	}
	room, err := one(found, s.Workflow)
	return room.Admits(amount), err
}

// activity returns the present activity of a workflow.
func (r *Resolver) activity(ctx context.Context, w *model.Workflow) (engine.Activity, error) {
	found, err := load(w.Batch, activitiesKey{}, func(all []workflow.Workflow) (map[uuid.UUID]engine.Activity, error) {
		return r.Engine.Activities(ctx, caller.From(ctx), all)
	})
	if err != nil {
		return engine.Activity{}, err
	}
	return one(found, w)
}

// icp returns the current ideal customer profile of a workflow, or nil.
func (r *Resolver) icp(ctx context.Context, w *model.Workflow) (*model.Icp, error) {
	found, err := load(w.Batch, icpsKey{}, func(all []workflow.Workflow) (map[uuid.UUID]engine.Result, error) {
		return r.Engine.ICPs(ctx, caller.From(ctx), ids(all))
	})
	if err != nil {
		return nil, err
	}
	result, done := found[w.Workflow.ID]
	if !done {
		return nil, nil
	}
	profile := &model.Icp{
		Model:      result.Model,
		Provider:   result.Provider,
		ProducedAt: result.At,
		Source:     result.Source,
	}
	if err := json.Unmarshal(result.Content, &profile.ICP); err != nil {
		return nil, fmt.Errorf("read the profile of workflow %s: %w", w.Workflow.ID, err)
	}
	return profile, nil
}

// one returns the value of a workflow that must have one.
func one[V any](found map[uuid.UUID]V, w *model.Workflow) (V, error) {
	value, there := found[w.Workflow.ID]
	if !there {
		return value, fmt.Errorf("there is no %T for workflow %s", value, w.Workflow.ID)
	}
	return value, nil
}

// transitions returns a page of a workflow's journal.
func (r *Resolver) transitions(
	ctx context.Context, w *model.Workflow, asked numbered,
) (*model.TransitionConnection, error) {
	found, err := load(w.Batch, transitionsKey{asked.backward, asked.from, asked.size},
		func(all []workflow.Workflow) (map[uuid.UUID][]workflow.Transition, error) {
			return r.Engine.Transitions(ctx, caller.From(ctx), engine.TransitionsInput{
				Workflows: ids(all),
				Backward:  asked.backward,
				After:     int(asked.from),
				First:     asked.size + 1,
			})
		})
	if err != nil {
		return nil, err
	}
	wrap := func(t workflow.Transition) *model.Transition { return &model.Transition{Transition: t, Workflow: w} }
	return page(found[w.Workflow.ID], asked.window, wrap, model.Page[*model.Transition]{
		Cursor: func(t *model.Transition) string { return asked.list.Number(int64(t.Version)) },
		Count:  known(w.Version + 1),
	}), nil
}

// calls returns a page of a workflow's calls.
func (r *Resolver) calls(ctx context.Context, w *model.Workflow, asked moments) (*model.CallConnection, error) {
	key := callsKey{backward: asked.backward, size: asked.size}
	if asked.from != nil {
		key.from = *asked.from
	}
	found, err := load(w.Batch, key, func(all []workflow.Workflow) (map[uuid.UUID][]cost.Call, error) {
		return r.Engine.Calls(ctx, caller.From(ctx), engine.CallsInput{
			Workflows: ids(all),
			Backward:  asked.backward,
			After:     asked.from,
			First:     asked.size + 1,
		})
	})
	if err != nil {
		return nil, err
	}
	wrap := func(c cost.Call) *model.Call { return &model.Call{Call: c, Workflow: w} }
	return page(found[w.Workflow.ID], asked.window, wrap, model.Page[*model.Call]{
		Cursor: func(c *model.Call) string { return asked.list.Moment(c.ReservedAt, c.Call.ID) },
		Count:  func(ctx context.Context) (int, error) { return r.countCalls(ctx, w) },
	}), nil
}

func (r *Resolver) countCalls(ctx context.Context, w *model.Workflow) (int, error) {
	found, err := load(w.Batch, callCountsKey{}, func(all []workflow.Workflow) (map[uuid.UUID]int, error) {
		return r.Engine.CountCalls(ctx, caller.From(ctx), ids(all))
	})
	return found[w.Workflow.ID], err
}

// ledger returns a page of the ledger of a workflow's account.
func (r *Resolver) ledger(
	ctx context.Context, w *model.Workflow, asked numbered,
) (*model.LedgerEntryConnection, error) {
	found, err := load(w.Batch, entriesKey{asked.backward, asked.from, asked.size},
		func(all []workflow.Workflow) (map[uuid.UUID][]cost.Entry, error) {
			return r.Engine.Entries(ctx, caller.From(ctx), engine.EntriesInput{
				Accounts: ids(all),
				Backward: asked.backward,
				After:    asked.from,
				First:    asked.size + 1,
			})
		})
	if err != nil {
		return nil, err
	}
	wrap := func(e cost.Entry) *model.LedgerEntry { return &model.LedgerEntry{Entry: e} }
	return page(found[w.Workflow.ID], asked.window, wrap, model.Page[*model.LedgerEntry]{
		Cursor: func(e *model.LedgerEntry) string { return asked.list.Number(e.Sequence) },
		Count: func(ctx context.Context) (int, error) {
			account, err := r.account(ctx, w)
			return int(account.Sequence) + 1, err
		},
	}), nil
}
