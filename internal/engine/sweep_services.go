package engine

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/infin8content/engine/internal/caller"
	"github.com/infin8content/engine/internal/cost"
	"github.com/infin8content/engine/internal/postgres"
	"github.com/infin8content/engine/internal/workflow"
)

const (
	// AbsentAfter is the time after the dispatch of a call to a service from which its absence in the provider's list
	// proves that it was never begun.
	AbsentAfter = 10 * time.Minute
	// lookUpEvery is the pause between two look-ups of services. Checks fall on its multiples, so that one list answers
	// all calls.
	lookUpEvery = 15 * time.Second
	// LookedUpAfter is the time after which a call to a service has usually been found in the list.
	LookedUpAfter = 45 * time.Second
	// absentReason is the proof of the release.
	absentReason = "not in the provider's list of requests 10 minutes after it was sent"
)

// Finding is what a provider's list of requests says about a call to a service. The zero Finding is nothing.
type Finding struct {
	// Settle is the cost of a call that is in the list.
	Settle *SettleInput
	// IsAbsent says that the list covers the time of the call, is complete, and does not have it.
	IsAbsent bool
}

// FindFunc looks up calls to services whose outcome is unknown, all at once. A call without a finding stays unknown.
type FindFunc func(ctx context.Context, calls []cost.Call) (map[uuid.UUID]Finding, error)

// isServiceCall reports whether a call is one to a service.
func isServiceCall(call postgres.Call) bool {
	return len(call.Models) > 0 && !slices.ContainsFunc(call.Models, func(m string) bool { return !cost.IsService(m) })
}

// findServices looks up the calls to services among those that are due.
func findServices(ctx context.Context, find FindFunc, due []postgres.Call) (map[uuid.UUID]Finding, error) {
	var calls []cost.Call
	for _, call := range due {
		if call.State == cost.CallUnknown && isServiceCall(call) {
			calls = append(calls, call.Call)
		}
	}
	if find == nil || len(calls) == 0 {
		return nil, nil
	}
	return find(ctx, calls)
}

// conclude ends a call to a service by its finding: a cost settles it, and a proved absence releases it.
func (e *Engine) conclude(ctx context.Context, who caller.Caller, call postgres.Call, finding Finding) error {
	if settle := finding.Settle; settle != nil {
		settle.CallID, settle.Failure = call.ID, workflow.FailureCode(call.FailureCode)
		if _, err := e.SettleLate(ctx, who, *settle); err != nil {
			return &UnbookedError{CallID: call.ID, cause: err}
		}
		return nil
	}
	at, sent := e.now(), call.ReservedAt
	if call.DispatchedAt != nil {
		sent = *call.DispatchedAt
	}
	if !finding.IsAbsent || at.Sub(sent) < AbsentAfter {
		return e.wait(ctx, who, call)
	}
	return e.store.InTx(ctx, func(tx *postgres.Store) error {
		_, err := e.releaseIn(ctx, tx, who, release{
			ReleaseInput: ReleaseInput{
				CallID:  call.ID,
				Reason:  absentReason,
				Failure: workflow.FailureCode(call.FailureCode),
			},
			from: []cost.CallState{cost.CallUnknown},
			at:   at,
		})
		return err
	})
}

// nextCheck is the time of the next query about a call without an outcome.
func nextCheck(call postgres.Call, at time.Time) time.Time {
	next := at.Add(pause(call.Checks))
	if isServiceCall(call) {
		next = next.Truncate(lookUpEvery).Add(lookUpEvery)
	}
	return next
}

// PendingForPart returns how long it takes until the outcome of the last call for a part of a visit is known; 0 when
// there is no call without one. A call that has just become unknown is looked up first; later it can only be absent.
func (e *Engine) PendingForPart(
	ctx context.Context, who caller.Caller, run workflow.Run, visit int, part string,
) (wait time.Duration, err error) {
	at := e.now()
	call, there, err := e.store.PendingForPart(ctx, who, run.WorkflowID, visit, part, at)
	switch {
	case err != nil || !there:
		return 0, err
	case at.Sub(call.UnknownSince) < LookedUpAfter:
		return LookedUpAfter + lookUpEvery, nil
	}
	return max(call.SentAt.Add(AbsentAfter+LookedUpAfter).Sub(at), LookedUpAfter), nil
}
