package graph

import (
	"context"
	"errors"

	"github.com/infin8content/engine/graph/model"
	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/live"
	"github.com/infin8content/engine/internal/publicid"
	"github.com/infin8content/engine/internal/workflow"
)

// followed is a workflow that somebody asks to follow, and from where on.
type followed struct {
	flow  workflow.Workflow
	after int
}

// decodeFollowed finds the workflow and reads the number after which it is followed: one less than last, which is where
// the journal stands, when none was given.
func (r *Resolver) decodeFollowed(
	ctx context.Context, id publicid.ID, after *int, last func(context.Context, workflow.Workflow) (int, error),
) (f followed, err error) {
	if r.Live == nil {
		return f, errNotLive
	}
	var d decoder
	asked := d.id(id, publicid.Workflow, "workflowId")
	if d.err() != nil {
		return f, d.err()
	}
	if f.flow, err = r.Engine.Workflow(ctx, caller.From(ctx), asked); err != nil {
		return f, err
	}
	stands, err := last(ctx, f.flow)
	if err != nil {
		return f, err
	}
	f.after = stands - 1
	if after == nil {
		return f, nil
	}
	if *after < -1 || *after > stands {
		return f, fault.New(fault.InvalidInput, "Give a number from −1 to %d, which is the last one now.", stands)
	}
	f.after = *after
	return f, nil
}

// isOver reports that no transition follows any more.
func (f followed) isOver() bool { return f.flow.IsTerminal() && f.after == f.flow.Version }

// nothing is a stream that is complete.
func nothing[Event any]() <-chan *Event {
	none := make(chan *Event)
	close(none)
	return none
}

// lastVersion is where the journal of a workflow stands.
func lastVersion(_ context.Context, flow workflow.Workflow) (int, error) { return flow.Version, nil }

// lastSequence is where the ledger of a workflow's account stands.
func (r *Resolver) lastSequence(ctx context.Context, flow workflow.Workflow) (int, error) {
	account, err := r.account(ctx, model.NewWorkflow(flow))
	return int(account.Sequence), err
}

// transitionEvent is a transition with the workflow as it left it.
func transitionEvent(a live.TransitionEvent) *model.TransitionEvent {
	flow := model.NewWorkflow(a.Workflow)
	return &model.TransitionEvent{Workflow: flow, Transition: &model.Transition{Transition: a.Transition, Workflow: flow}}
}

// isFinal reports a transition that no other one follows.
func isFinal(a live.TransitionEvent) bool { return a.Transition.To.IsTerminal() }

func organizationEvent(e live.OrganizationEvent) *model.TransitionEvent {
	if e.Resync {
		return &model.TransitionEvent{Resync: true}
	}
	return transitionEvent(e.TransitionEvent)
}

func spendEvent(e cost.Entry) *model.SpendEvent {
	return &model.SpendEvent{Spend: model.Spend{Balance: e.After}, Entry: model.LedgerEntry{Entry: e}}
}

// place is a subscriber's place in something that goes on.
type place[Row any] interface {
	Next(ctx context.Context) ([]Row, error)
	Close()
}

// stream hands out what a subscriber is told, one at a time: what it does not take yet is not read yet. It is complete
// after the last row, if there can be one; a nil last says that there cannot. Otherwise it ends with its context, and
// with the caller's authority.
func stream[Row, Event any, Place place[Row]](
	ctx context.Context, p Place, err error, convert func(Row) *Event, last func(Row) bool,
) (<-chan *Event, error) {
	if errors.Is(err, live.ErrFull) {
		return nil, fault.New(fault.RateLimited, "There are too many subscriptions on this server. Try again later.")
	}
	if err != nil {
		return nil, err
	}
	events := make(chan *Event)
	go func() {
		defer p.Close()
		for {
			rows, err := p.Next(ctx)
			if err != nil { // The context has ended, and who reads the channel knows it.
				return
			}
			for _, row := range rows {
				select {
				case events <- convert(row):
				case <-ctx.Done():
					return
				}
				if last != nil && last(row) {
					close(events)
					return
				}
			}
		}
	}()
	return events, nil
}

// errNotLive is what subscriptions answer on a server without a hub.
var errNotLive = fault.New(fault.Unavailable, "This server does not offer subscriptions.")
