package steps

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/engine"
	"github.com/infin8content/engine/internal/fault"
	"github.com/infin8content/engine/internal/seo"
)

// The bounds of a look-up.
const (
	// clockDifference is the largest difference between the clocks of this server and of the provider.
	clockDifference = 5 * time.Minute
	// lookUpSpan is the longest time between the first and the last call of one look-up.
	lookUpSpan = 30 * time.Minute
	// liveTime is longer than any live request. A request that was posted before has ended, whatever its line says.
	liveTime = 5 * time.Minute
	// lookUpPages is the most pages of one look-up, of 1000 requests each.
	lookUpPages = 5
	// lookUpTimeout is the longest look-up: other calls wait for it.
	lookUpTimeout = 20 * time.Second
)

// tagOf is the name of a call in the provider's list.
func tagOf(call uuid.UUID) string { return "call_" + call.String() }

// Find looks up calls in the provider's list of requests. It is an engine.FindFunc. One list answers all calls of its
// service. A nil Search finds nothing, and so does one that the provider's limits keep from looking.
func (s *Search) Find(ctx context.Context, calls []cost.Call) (map[uuid.UUID]engine.Finding, error) {
	findings := map[uuid.UUID]engine.Finding{}
	if s == nil {
		return findings, nil
	}
	ctx, cancel := context.WithTimeout(ctx, lookUpTimeout)
	defer cancel()
	services := map[string][]cost.Call{}
	for _, call := range calls {
		if call.Provider == s.Name && len(call.Models) == 1 {
			services[call.Models[0]] = append(services[call.Models[0]], call)
		}
	}
	var faults []error
	for service, of := range services {
		for _, calls := range s.spans(of) {
			err := s.find(ctx, service, calls, findings)
			if fault.KindOf(err) == fault.RateLimited {
				break // The next sweep looks them up.
			}
			if err != nil {
				faults = append(faults, fmt.Errorf("look up calls to %s: %w", service, err))
			}
		}
	}
	return findings, errors.Join(faults...)
}

// spans returns the calls that the provider's list can have by now, in groups for one look-up each, the newest first:
// an old call that stays unknown must not keep others from being found.
func (s *Search) spans(calls []cost.Call) (spans [][]cost.Call) {
	listed := s.Now().Add(-seo.ListLag)
	calls = slices.DeleteFunc(slices.Clone(calls), func(call cost.Call) bool { return sentAt(call).After(listed) })
	slices.SortFunc(calls, func(a, b cost.Call) int { return sentAt(b).Compare(sentAt(a)) })
	for len(calls) > 0 {
		n := 1
		for n < len(calls) && sentAt(calls[0]).Sub(sentAt(calls[n])) <= lookUpSpan {
			n++
		}
		spans, calls = append(spans, calls[:n]), calls[n:]
	}
	return spans
}

// find looks up calls to one service with one list. The newest call is the first.
func (s *Search) find(
	ctx context.Context, service string, calls []cost.Call, findings map[uuid.UUID]engine.Finding,
) error {
	now := s.Now()
	until := sentAt(calls[0]).Add(2 * clockDifference)
	if listed := now.Add(-seo.ListLag); until.After(listed) {
		until = listed
	}
	tasks, complete, err := s.list(ctx, seo.ListInput{
		Service: service,
		From:    sentAt(calls[len(calls)-1]).Add(-clockDifference),
		To:      until,
	})
	for _, call := range calls {
		if settle, found := settled(call, tasks[tagOf(call.ID)], now); found {
			findings[call.ID] = engine.Finding{Settle: settle}
			continue
		}
		if complete && len(tasks[tagOf(call.ID)]) == 0 && !until.Before(sentAt(call).Add(clockDifference)) {
			findings[call.ID] = engine.Finding{IsAbsent: true}
		}
	}
	return err
}

// list reads the provider's list by tag. complete is false when it is no proof that a request is absent.
func (s *Search) list(ctx context.Context, in seo.ListInput) (tasks map[string][]seo.Task, complete bool, err error) {
	tasks, complete = map[string][]seo.Task{}, true
	for range lookUpPages {
		if s.AdmitList != nil {
			if err := s.AdmitList(ctx); err != nil {
				return tasks, false, err
			}
		}
		page, err := s.Client.List(ctx, in)
		if err != nil {
			return tasks, false, err
		}
		complete = complete && page.Unclear == 0
		for _, task := range page.Tasks {
			tasks[task.Tag] = append(tasks[task.Tag], task)
		}
		if page.IsLast {
			return tasks, complete, nil
		}
		in.Offset += len(page.Tasks) + page.Unclear
	}
	return tasks, false, nil
}

// settled returns the settlement of a call by its line in the list. A line that was written twice, as by a proxy that
// has repeated the request, is charged twice. found is false without a line, and before each has a final cost.
func settled(call cost.Call, tasks []seo.Task, now time.Time) (settle *engine.SettleInput, found bool) {
	var total cost.Pico
	for _, task := range tasks {
		if task.Cost == nil || !task.IsDone && now.Sub(task.Posted) < liveTime {
			return nil, false
		}
		var err error
		if total, err = total.Add(*task.Cost); err != nil {
			return nil, false
		}
	}
	if len(tasks) == 0 {
		return nil, false
	}
	return &engine.SettleInput{
		Model:        call.Models[0],
		Cost:         &total,
		Provider:     call.Provider,
		GenerationID: tasks[0].ID,
	}, true
}

// sentAt is when a call was sent, or reserved if the database does not have the dispatch.
func sentAt(call cost.Call) time.Time {
	if call.DispatchedAt != nil {
		return *call.DispatchedAt
	}
	return call.ReservedAt
}
