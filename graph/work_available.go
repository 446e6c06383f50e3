package graph

import (
	"context"
	"slices"
	"time"

	"github.com/infin8content/engine/graph/model"
	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/live"
	"github.com/infin8content/engine/internal/workflow"
)

const (
	// workPoll is the time after which a subscriber looks for work without a transition: a planned retry is due then.
	workPoll = 5 * time.Second
	// workPause is the shortest time between two looks of a subscriber.
	workPause = 200 * time.Millisecond
)

// workSource finds work for one subscriber. A transition of the organization makes it look, and so does the time.
type workSource struct {
	engine *engine.Engine
	who    caller.Caller
	steps  []workflow.StepKey
	moves  *live.Stream
	// looked is the time of the last look; zero before the first.
	looked time.Time
}

// Next returns an event as soon as there is work.
func (s *workSource) Next(ctx context.Context) ([]*model.WorkEvent, error) {
	for {
		if !s.looked.IsZero() {
			if err := s.wait(ctx); err != nil {
				return nil, err
			}
		}
		s.looked = time.Now()
		found, err := s.engine.AvailableWork(ctx, s.who, s.steps)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		if err == nil && len(found) > 0 { // After an error the next look finds the work.
			return []*model.WorkEvent{{Steps: found}}, nil
		}
	}
}

// wait returns after a transition that may have made work, or after workPoll. Two looks are workPause apart.
func (s *workSource) wait(ctx context.Context) error {
	limited, cancel := context.WithDeadline(ctx, s.looked.Add(workPoll))
	defer cancel()
	for {
		events, err := s.moves.Next(limited)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil || slices.ContainsFunc(events, makesWork) {
			break
		}
	}
	select {
	case <-time.After(time.Until(s.looked.Add(workPause))):
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// makesWork reports whether a program may claim a workflow after an event.
func makesWork(e live.OrganizationEvent) bool {
	step := e.Transition.To.Step()
	return e.Resync || step != nil && e.Transition.To != step.Completed
}

// Close ends the subscription to the organization's transitions.
func (s *workSource) Close() { s.moves.Close() }

// workAvailable returns the events of a subscriber.
func (r *Resolver) workAvailable(ctx context.Context, steps []workflow.StepKey) (<-chan *model.WorkEvent, error) {
	if r.Live == nil {
		return nil, errNotLive
	}
	who := caller.From(ctx)
	if _, err := r.Engine.AvailableWork(ctx, who, steps); err != nil { // The steps may be wrong.
		return nil, err
	}
	moves, err := r.Live.Organization(who.OrganizationID)
	source := &workSource{
		engine: r.Engine,
		who:    who,
		steps:  steps,
		moves:  moves,
	}
	return stream(ctx, source, err, func(e *model.WorkEvent) *model.WorkEvent { return e }, nil)
}
