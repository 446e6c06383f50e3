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

// subscription is a workflow to follow, and the number after which it is followed.
type subscription struct {
	flow  workflow.Workflow
	after int
}

// decodeSubscription finds the workflow and reads the number after which it is followed. latest returns the number of
// the last row. Without the argument after, a subscription begins with that row.
func (r *Resolver) decodeSubscription(
	ctx context.Context, id publicid.ID, after *int, latest func(context.Context, workflow.Workflow) (int, error),
) (s subscription, err error) {
	if r.Live == nil {
		return s, errNotLive
	}
	var d decoder
	asked := d.id(id, publicid.Workflow, "workflowId")
	if d.err() != nil {
		return s, d.err()
	}
	if s.flow, err = r.Engine.Workflow(ctx, caller.From(ctx), asked); err != nil {
		return s, err
	}
	last, err := latest(ctx, s.flow)
	if err != nil {
		return s, err
	}
	s.after = max(last-1, -1)
	if after == nil {
		return s, nil
	}
	if *after < -1 || *after > last {
		return s, fault.New(fault.InvalidInput, "Give a number from −1 to %d, which is the last one now.", last)
	}
	s.after = *after
	return s, nil
}

// isOver reports that no transition can follow.
func (s subscription) isOver() bool { return s.flow.IsTerminal() && s.after == s.flow.Version }

// completed returns a stream without events.
func completed[Event any]() <-chan *Event {
	none := make(chan *Event)
	close(none)
	return none
}

// latestVersion returns the version of the last row in the journal of a workflow.
func latestVersion(_ context.Context, flow workflow.Workflow) (int, error) { return flow.Version, nil }

// latestSequence returns the sequence of the last entry in the ledger of a workflow's account.
func (r *Resolver) latestSequence(ctx context.Context, flow workflow.Workflow) (int, error) {
	account, err := r.account(ctx, model.NewWorkflow(flow))
	return int(account.Sequence), err
}

// transitionEvent returns the event of a transition, with the workflow after it.
func transitionEvent(a live.TransitionEvent) *model.TransitionEvent {
	flow := model.NewWorkflow(a.Workflow)
	return &model.TransitionEvent{Workflow: flow, Transition: &model.Transition{Transition: a.Transition, Workflow: flow}}
}

// isFinal reports a transition into a terminal state.
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

// rowSource returns the next rows for a subscriber. Next waits for them.
type rowSource[Row any] interface {
	Next(ctx context.Context) ([]Row, error)
	Close()
}

// stream sends one event for each row. It reads a row only when the subscriber has taken the one before. It completes
// after a row for which last is true; a nil last never is. Otherwise it ends with its context, which ends with the
// caller's token.
func stream[Row, Event any, Source rowSource[Row]](
	ctx context.Context, source Source, err error, convert func(Row) *Event, last func(Row) bool,
) (<-chan *Event, error) {
	if errors.Is(err, live.ErrFull) {
		return nil, fault.New(fault.RateLimited, "There are too many subscriptions on this server. Try again later.")
	}
	if err != nil {
		return nil, err
	}
	events := make(chan *Event)
	go func() {
		defer source.Close()
		for {
			rows, err := source.Next(ctx)
			if err != nil { // The context has ended. The reader of the channel has the same context.
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

// errNotLive refuses subscriptions on a server without a hub.
var errNotLive = fault.New(fault.Unavailable, "This server does not offer subscriptions.")
